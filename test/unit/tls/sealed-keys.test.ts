/** A server that was root has read keys for the user that it has become. Needs root. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { TEST_CERTIFICATE, TEST_KEY } from "../../support/certificate.ts";

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot.each([
  [0o600, "context"],
  // What others than root may read is no secret, whoever has read it.
  [0o640, "problem"],
] as const)("a client's key of root's with mode %s gives a %s", (mode, wanted) => {
  const folder = mkdtempSync(join(tmpdir(), "keys-"));
  chmodSync(folder, 0o755);
  const keyFile = join(folder, "key");
  const certFile = join(folder, "certificate");
  writeFileSync(keyFile, TEST_KEY);
  chmodSync(keyFile, mode);
  writeFileSync(certFile, TEST_CERTIFICATE, { mode: 0o644 });
  const source = join(import.meta.dirname, "../../../src/tls/client-context.ts");
  const settings = {
    certFile,
    keyFile,
    caFile: "",
    caPath: "",
    crlFile: "",
    crlPath: "",
    cipherList: "",
    cipherSuites: "",
  };
  const script = `import { openClientContext } from ${JSON.stringify(source)};
    const settings = { ...${JSON.stringify(settings)}, sslOptions: "", dontBlame: new Set() };
    const sealed = new Map([[${JSON.stringify(keyFile)}, Buffer.from(${JSON.stringify(TEST_KEY)})]]);
    console.log(openClientContext({ ...settings, sealed }).kind, openClientContext(settings).kind);`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    uid: 52702,
    gid: 52702,
    encoding: "utf8",
  });
  expect([stdout, stderr]).toEqual([`${wanted} problem\n`, ""]);
  rmSync(folder, { recursive: true });
});
