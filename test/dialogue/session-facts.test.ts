/** What a listener tells of its sessions: in clear, inside TLS, logged in. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { LocalAuthenticator } from "../../src/logins/local-authenticator.ts";
import { CERTIFICATE_OPTIONS, makeCertificateSite } from "../support/certificate-clients.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { withServer } from "../support/smtp-server-under-test.ts";
import { handshake } from "../support/tls-client.ts";

const authenticator = new LocalAuthenticator({ passwords: { check: () => ({ kind: "known", value: true }) } });
const PLAIN = `AUTH PLAIN ${Buffer.from("\0joe\0secret").toString("base64")}`;

test("a listener tells who is in clear, who is inside TLS, and who has logged in", async () => {
  const folder = mkdtempSync(join(tmpdir(), "session-facts-"));
  makeCertificateSite(folder);
  const clock = new ManualClock();
  const options = { ...CERTIFICATE_OPTIONS(folder), AuthCleartext: true };
  try {
    await withServer({ options, authenticator, clock }, async ({ introduced, listener }) => {
      const start = clock.now();
      const [silent, clear, inside] = [await introduced(), await introduced(), await introduced()];
      expect(listener.facts()).toHaveLength(3);
      clock.advance(1000);
      await clear.ask(PLAIN);
      await inside.ask("STARTTLS");
      await handshake(inside);
      await inside.ask(PLAIN);
      const login = { user: "joe", mechanism: "PLAIN", since: start + 1000 };
      const tls = { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", verify: "NO" };
      const session = { port: "MTA", relay: "localhost [127.0.0.1]", since: start };
      expect(listener.facts()).toEqual([session, { ...session, login }, { ...session, tls, login }]);
      silent.destroy();
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
