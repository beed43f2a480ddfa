/** A certificate and its key as files, for tests of one file: made before them, removed behind them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "@jest/globals";
import { TEST_CERTIFICATE, TEST_KEY } from "./certificate.ts";

/** @returns options that name them; the files are there while the tests of the file run that asks */
export function tlsOptions(): { readonly ServerCertFile: string; readonly ServerKeyFile: string } {
  const folder = mkdtempSync(join(tmpdir(), "smtpd-tls-"));
  const files = { ServerCertFile: join(folder, "cert.pem"), ServerKeyFile: join(folder, "key.pem") };
  beforeAll(() => {
    writeFileSync(files.ServerKeyFile, TEST_KEY, { mode: 0o600 });
    writeFileSync(files.ServerCertFile, TEST_CERTIFICATE);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  return files;
}
