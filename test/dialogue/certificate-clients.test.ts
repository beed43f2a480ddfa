/**
 * What a certificate that a client shows may do: CertIssuer, CertSubject and TLS_Clt of the access table, with the rules of a whole
 * configuration and handshakes on the loopback. Genuine sendmail is held to the same cases in test/peers/certificates.test.ts.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  certificateMc,
  certificateSites,
  holdCertificateCase,
  makeCertificateSite,
} from "../support/certificate-clients.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { type SiteServer, startSiteServer } from "../support/site-server.ts";

const folder = mkdtempSync(join(tmpdir(), "certificates-"));

beforeAll(() => makeCertificateSite(folder));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(certificateSites)("names in certificates, $name", ({ name, defines, cases }) => {
  const clock = new ManualClock();
  let server: SiteServer;

  beforeAll(async () => {
    const mc = join(folder, `${name}.mc`);
    writeFileSync(mc, `OSTYPE(\`linux')${certificateMc(folder, 0, { defines })}`);
    server = await startSiteServer(mc, {
      clock,
      services: { identify: (_site, address) => ({ name: `[${address}]`, ptr: "", resolve: "FAIL" }) },
    });
  });

  afterAll(() => server.close());

  test.each(cases.map((each) => [each.name, each] as const))("%s", async (_name, each) => {
    clock.advance(1000); // tables are looked at again
    expect(await holdCertificateCase(each, server.port, folder)).toEqual(each.said);
  });
});
