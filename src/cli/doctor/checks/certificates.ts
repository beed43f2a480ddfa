/** Certificates of the server: there, fit for their keys, for the name of this host, and good for a while. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileNames } from "../../../tls/context-files.ts";
import { isTestSubject } from "../../../tls/self-signed-certificate.ts";
import { nameCerts } from "../../../tls/server-context.ts";
import { errorText } from "../../../sys/safe-file.ts";
import type { Check } from "../check.ts";
import type { Finding, Kind } from "../finding.ts";
import { configOf, hostNameOf, openPorts, type Patient } from "../patient.ts";

const DAY = 24 * 60 * 60 * 1000;

export const certificates: Check = {
  name: "certificates",
  about: "certificates: usable, for this host, and until when",
  needs: "configuration",
  run(patient) {
    const config = configOf(patient);
    const text = (name: "ServerCertFile" | "ServerKeyFile" | "ServerNameCerts"): string =>
      config.expand(config.options.text(name), config.macros);
    const certs = fileNames(text("ServerCertFile"));
    const keys = fileNames(text("ServerKeyFile"));
    if (certs.length === 0) return openPorts(config).length === 0 ? [] : [none(patient.file)];
    const host = hostNameOf(config);
    const named = nameCerts(text("ServerNameCerts"));
    const findings = certs.flatMap((cert, index) => examined(patient, cert, keys[index] ?? cert, host));
    for (const { certFile, keyFile } of named) findings.push(...examined(patient, certFile, keyFile || certFile));
    return findings;
  },
};

function none(file: string): Finding {
  return {
    kind: "no-certificate",
    what: "there is no certificate: mail comes in unprotected, and nobody can log in",
    where: file,
    todo: "set confSERVER_CERT and confSERVER_KEY (docs/tls.md)",
  };
}

/** @param host whom it has to be for */
function examined({ clock, limits }: Patient, certFile: string, keyFile: string, host?: string): Finding[] {
  const at = (kind: Kind, what: string, todo: string): Finding => ({ kind, what, where: certFile, todo });
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(readFileSync(certFile));
  } catch (error) {
    return [at("certificate-unusable", `the certificate cannot be used: ${errorText(error)}`, REPLACE)];
  }
  const problem = keyProblem(certificate, keyFile);
  if (problem !== undefined) return [at("certificate-unusable", problem, REPLACE)];
  const [from, until] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  const now = clock.now();
  const findings: Finding[] = [];
  if (now >= until) findings.push(at("certificate-expired", `the certificate has ended on ${dayOf(until)}`, RENEW));
  else if (now < from) findings.push(at("certificate-unusable", `the certificate begins on ${dayOf(from)}`, CLOCK));
  else if (until - now < limits.certificateLeft) {
    const days = Math.floor((until - now) / DAY);
    findings.push(at("certificate-ends", `the certificate ends on ${dayOf(until)}, in ${days} days`, RENEW));
  }
  if (host !== undefined && certificate.checkHost(host) === undefined)
    findings.push(at("certificate-name", `the certificate is not for ${host}`, `get one that names ${host}`));
  if (isTestSubject(certificate.subject) || certificate.checkIssued(certificate))
    findings.push(at("certificate-self-signed", "nobody vouches for the certificate but itself", REPLACE));
  return findings;
}

const REPLACE = "put key and certificate of an authority in its place (docs/tls.md); the server sees it by itself";
const RENEW = "renew it, and look why whatever renews it did not; the server sees the new one by itself";
const CLOCK = "look at the clock of this machine; else wait, or put the former certificate back";

/** A key that we may not read is looked at by the server. */
function keyProblem(certificate: X509Certificate, keyFile: string): string | undefined {
  try {
    const key = createPrivateKey(readFileSync(keyFile));
    return certificate.checkPrivateKey(key) ? undefined : `the key in ${keyFile} is not that of the certificate`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "EACCES" ? undefined : `the key in ${keyFile} cannot be used: ${errorText(error)}`;
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
