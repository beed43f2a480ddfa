/**
 * What our domains say about their mail in DNS: SPF, DKIM, DMARC, MTA-STS and TLSA, read as receivers read them. SPF is
 * evaluated for the addresses of this host; keys of DKIM and certificates are held against those that are used here.
 */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isDmarc, readDmarcRecord } from "../../../authentication/dmarc/record.ts";
import { isListed, readStsId, readStsPolicy } from "../../../authentication/policy/sts/policy-text.ts";
import { matchTlsa } from "../../../authentication/policy/tlsa-match.ts";
import { readTlsa, tlsaText, usableTlsa } from "../../../authentication/policy/tlsa.ts";
import { checkSpf } from "../../../authentication/spf/check.ts";
import { isSpf, readRecord } from "../../../authentication/spf/record.ts";
import { fileNames } from "../../../tls/context-files.ts";
import type { Check } from "../check.ts";
import { silent, textsOf } from "../dns-questions.ts";
import type { Finding } from "../finding.ts";
import { publicAddresses } from "../own-addresses.ts";
import { configOf, hostNameOf, openPorts, type Patient, sendsItself } from "../patient.ts";
import { keyRecords } from "./key-records.ts";

export const policyRecords: Check = {
  name: "policies",
  about: "DNS of our domains: SPF, DKIM, DMARC, MTA-STS, TLSA",
  needs: "nothing",
  async run(patient) {
    const receives = patient.subject !== undefined && openPorts(configOf(patient)).length > 0;
    if (!receives && !patient.named) return [];
    const findings: Finding[] = [];
    for (const domain of patient.domains)
      for (const look of [spf, keyRecords, dmarc, mtaSts]) findings.push(...(await look(patient, domain)));
    return receives ? [...findings, ...(await tlsa(patient))] : findings;
  },
};

async function spf(patient: Patient, domain: string): Promise<Finding[]> {
  const { texts, silence } = await textsOf(patient.resolver, domain);
  if (silence !== undefined) return [silence];
  const records = texts.filter(isSpf);
  const at = (kind: Finding["kind"], what: string, todo: string): Finding[] => [{ kind, what, where: domain, todo }];
  const one = `publish one TXT record of ${domain}: "v=spf1 mx -all"`;
  const [text] = records;
  if (text === undefined) return at("spf-missing", `${domain} has no SPF record: anybody may send in its name`, one);
  if (records.length > 1)
    return at("spf-invalid", `${domain} has ${records.length} SPF records: none of them counts`, one);
  const read = readRecord(text);
  if (read.kind === "wrong")
    return at("spf-invalid", `the SPF record of ${domain} cannot be read: ${read.reason}`, one);
  if (read.record.mechanisms.some(({ kind, qualifier }) => kind === "all" && qualifier === "pass"))
    return at("spf-open", `the SPF record of ${domain} lets everybody send: +all`, `end it with "-all" or "~all"`);
  return (await refused(patient, domain)) ?? [];
}

const SPF_MS = 20_000;

/** Mail of the domain leaves from here: every address of this host has to pass. */
async function refused(patient: Patient, domain: string): Promise<Finding[] | undefined> {
  const { resolver, clock, machine, subject } = patient;
  if (subject === undefined || !sendsItself(subject.config)) return undefined;
  const helo = hostNameOf(subject.config);
  for (const client of publicAddresses(machine)) {
    const question = { identity: "mailfrom", client, helo, sender: `postmaster@${domain}` } as const;
    const { result, term, reason } = await checkSpf(question, { resolver, clock, timeLimit: SPF_MS, hostName: helo });
    if (result === "pass") continue;
    const because = [term, reason].filter((each) => each !== undefined).join(", ");
    const what = `mail of ${domain} from ${client}, an address of this host, gets SPF "${result}"${because && ` (${because})`}`;
    return [
      { kind: "spf-invalid", what, where: domain, todo: `let the SPF record of ${domain} name ${client}, or mx` },
    ];
  }
  return undefined;
}

async function dmarc({ resolver }: Patient, domain: string): Promise<Finding[]> {
  const where = `_dmarc.${domain}`;
  const { texts, silence } = await textsOf(resolver, where);
  if (silence !== undefined) return [silence];
  const records = texts.filter(isDmarc);
  const todo = `publish one TXT record of ${where}: "v=DMARC1; p=none; rua=mailto:postmaster@${domain}"`;
  if (records.length === 1) {
    if (readDmarcRecord(records[0]) !== undefined) return [];
    return [{ kind: "dmarc-invalid", what: `the DMARC record of ${domain} has no policy (p=)`, where, todo }];
  }
  if (records.length > 1)
    return [{ kind: "dmarc-invalid", what: `${where} has ${records.length} DMARC records: none counts`, where, todo }];
  // Names below a domain go by that one's.
  const above = domain.split(".").slice(1).join(".");
  if (above.includes(".")) {
    const inherited = await textsOf(resolver, `_dmarc.${above}`);
    if (inherited.texts.some(isDmarc)) return [];
  }
  return [
    { kind: "dmarc-missing", what: `${domain} has no DMARC record: large providers trust its mail less`, where, todo },
  ];
}

async function mtaSts(patient: Patient, domain: string): Promise<Finding[]> {
  const { resolver } = patient;
  const where = `_mta-sts.${domain}`;
  const { texts, silence } = await textsOf(resolver, where);
  if (silence !== undefined) return [silence];
  const told = (kind: Finding["kind"], what: string, todo: string): Finding[] => [{ kind, what, where, todo }];
  const records = texts.filter((text) => /^v=STSv1\b/i.test(text));
  if (records.length === 0)
    return told("mta-sts-missing", `${domain} has no MTA-STS policy`, "docs/doctor.md says what it would be for");
  const record = `publish one TXT record of ${where}: "v=STSv1; id=1"; change the id with the policy`;
  if (readStsId(texts) === undefined)
    return told("mta-sts-invalid", `the MTA-STS record of ${domain} cannot be read, or there are several`, record);
  const url = `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
  const put = `put a policy at ${url}, with the MX hosts of ${domain}; or take the record away`;
  let text: string | undefined;
  try {
    text = await patient.fetch(url);
  } catch (error) {
    return told("mta-sts-invalid", `${url} cannot be fetched: ${reasonOf(error)}`, put);
  }
  if (text === undefined) return told("mta-sts-invalid", `there is no policy at ${url}`, put);
  const policy = readStsPolicy(text);
  if (typeof policy === "string") return told("mta-sts-invalid", `the policy at ${url} cannot be read: ${policy}`, put);
  const answer = await resolver.query(domain, "MX");
  const hosts = answer.kind === "found" ? answer.records.map(({ data }) => data.toLowerCase().replace(/\.$/, "")) : [];
  const left = hosts.find((host) => !isListed(host, policy.mx));
  if (left === undefined || policy.mode === "none") return [];
  return told("mta-sts-invalid", `the policy at ${url} does not name ${left}, an MX host of ${domain}`, put);
}

/** fetch(3) hides it. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? cause.message : message;
}

async function tlsa(patient: Patient): Promise<Finding[]> {
  const config = configOf(patient);
  const host = hostNameOf(config);
  const where = `_25._tcp.${host}`;
  const answer = await patient.resolver.query(where, "TLSA");
  if (answer.kind === "tempfail") return [silent(where, answer.reason)];
  const told = (kind: Finding["kind"], what: string, todo: string): Finding[] => [{ kind, what, where, todo }];
  if (answer.kind !== "found")
    return told("tlsa-missing", `${host} has no TLSA record (DANE)`, "docs/doctor.md says what it would be for");
  const records = answer.records.flatMap(({ octets }) => (octets === undefined ? [] : (readTlsa(octets) ?? [])));
  const usable = usableTlsa(records);
  const shown = records.map(tlsaText).join(", ") || "no octets";
  if (usable.length === 0)
    return told(
      "tlsa-invalid",
      `no TLSA record of ${host} can be used for mail: ${shown}`,
      'publish "3 1 1" and the SHA-256 of the public key',
    );
  const chains = chainsOf(config.expand(config.options.text("ServerCertFile"), config.macros));
  const names = [host, ...patient.domains];
  const fits = chains.some((chain) => matchTlsa(usable, chain, names, patient.clock.now()).kind === "match");
  if (fits || chains.length === 0) return [];
  const todo =
    "publish a record for the certificate that is used now, or put the former one back: servers that check send nothing";
  return told("tlsa-invalid", `no TLSA record of ${host} is about its certificate: ${shown}`, todo);
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Each file with the certificates behind the first; what cannot be read checks/certificates.ts tells of. */
function chainsOf(files: string): readonly (readonly X509Certificate[])[] {
  return fileNames(files).flatMap((file) => {
    try {
      return [Array.from(readFileSync(file, "latin1").matchAll(PEM), ([pem]) => new X509Certificate(pem))];
    } catch {
      return [];
    }
  });
}
