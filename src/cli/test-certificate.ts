/**
 * The test certificate of a home folder: `certs/server.pem` and `certs/server.key`, made at the first start so that STARTTLS
 * and AUTH can be tried at once. Nobody else vouches for it; docs/tls.md says how to replace it.
 *
 * The folder appears with both files in it or not at all: it is made aside and renamed. One that is there is its owner's, and
 * nothing in it is ever touched.
 */
import { generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { syncFolder } from "../sys/atomic-file.ts";
import { isCertificateHost, selfSignedCertificate } from "../tls/self-signed-certificate.ts";
import { optionValues } from "./option-lines.ts";

const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;
/** Ten years of 365 days, the first and the last second included. Nobody would think of renewing it. */
const LIFETIME = 3650 * DAY - SECOND;
/** Clients whose clocks are behind shall be let in. */
const BEFORE = DAY;
const SERIAL_OCTETS = 16;

/** Where the certificates of a home are. */
export function certificateFolder(home: string): string {
  return join(home, "certs");
}

/** Whether a configuration uses the certificate of the home, and there is none yet. */
export function wantsTestCertificate(cf: string, home: string): boolean {
  const folder = certificateFolder(home);
  const isNamed =
    optionValues(cf, "ServerCertFile").at(-1) === join(folder, "server.pem") &&
    optionValues(cf, "ServerKeyFile").at(-1) === join(folder, "server.key");
  return isNamed && (!existsSync(folder) || readdirSync(folder).length === 0);
}

/**
 * Makes key and certificate for a host name; one that no certificate can be for becomes localhost. The key is for its owner
 * alone; what root makes, other users may see but for the key. Throws what the file system says.
 * @param now ms since the epoch
 */
export function makeTestCertificate(home: string, host: string, now: number): X509Certificate {
  const folder = certificateFolder(home);
  const aside = `${folder}.new`;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const from = now - BEFORE;
  const certificate = new X509Certificate(
    selfSignedCertificate({
      host: isCertificateHost(host) ? host : "localhost",
      privateKey,
      publicKey,
      serial: randomBytes(SERIAL_OCTETS),
      from,
      until: from + LIFETIME,
    }),
  );
  rmSync(aside, { recursive: true, force: true }); // of a start that was killed
  mkdirSync(aside, { mode: 0o700 });
  writeDurably(join(aside, "server.key"), privateKey.export({ type: "pkcs8", format: "pem" }), 0o600);
  writeDurably(join(aside, "server.pem"), certificate.toString(), 0o644);
  if (process.geteuid?.() === 0) chmodSync(aside, 0o755);
  syncFolder(aside);
  renameSync(aside, folder);
  syncFolder(dirname(folder));
  return certificate;
}

/** @param mode whatever the umask is */
function writeDurably(file: string, text: string | Buffer, mode: number): void {
  const fd = openSync(file, "wx", 0o600);
  try {
    writeFileSync(fd, text);
    chmodSync(file, mode);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
