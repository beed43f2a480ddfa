/** Keys of DKIM in DNS: that of each selector that signs for a domain here, and of those that somebody asks for. */
import { createPublicKey } from "node:crypto";
import { join } from "node:path";
import { publicKeyOf } from "../../../authentication/dkim/key-record.ts";
import { keyFilesWith } from "../../../authentication/signing/key-files.ts";
import { folderDomains, readDomainKeys, signingAt } from "../../../authentication/signing/key-folder.ts";
import type { PrivateKey } from "../../../authentication/signing/private-key.ts";
import { publicRecord, recordName } from "../../../authentication/signing/public-record.ts";
import { signingSettings } from "../../../authentication/signing/settings.ts";
import { dontBlameOf } from "../../../config/policies.ts";
import { textsOf } from "../dns-questions.ts";
import type { Finding } from "../finding.ts";
import type { Patient } from "../patient.ts";

export async function keyRecords(patient: Patient, domain: string): Promise<Finding[]> {
  const signing = signingKeys(patient, domain);
  const asked = patient.selectors.filter((each) => !signing.has(each));
  const all = new Map<string, PrivateKey | undefined>([...signing, ...asked.map((each) => [each, undefined] as const)]);
  const findings: Finding[] = [];
  for (const [selector, key] of all) findings.push(...(await examined(patient, recordName(selector, domain), key)));
  return findings;
}

/** Selector → the key that signs with it now. Those that only the server may read it looks at itself. */
function signingKeys({ subject, clock }: Patient, domain: string): ReadonlyMap<string, PrivateKey> {
  const options = subject?.config.options;
  const settings = options && signingSettings(options);
  if (options === undefined || settings === undefined || settings.folder === "") return new Map();
  const files = keyFilesWith(dontBlameOf(options));
  const name = folderDomains(files, settings.folder).get(domain);
  if (name === undefined) return new Map();
  const keys = readDomainKeys(files, join(settings.folder, name), domain);
  const signing = signingAt(keys, clock.now(), settings.selectors);
  return new Map(signing.map(({ selector, privateKey }) => [selector, privateKey]));
}

async function examined({ resolver }: Patient, where: string, key: PrivateKey | undefined): Promise<Finding[]> {
  const { texts, silence } = await textsOf(resolver, where);
  if (silence !== undefined) return [silence];
  const wanted = key === undefined ? "the record of the key" : `"${publicRecord(key)}"`;
  const todo = `publish one TXT record of ${where}: ${wanted}`;
  const [text, ...more] = texts;
  if (text === undefined) {
    const what =
      key === undefined ? `there is no key at ${where}` : `mail is signed with a key that is not in DNS: ${where}`;
    return [{ kind: "dkim-missing", what, where, todo }];
  }
  const invalid = (what: string): Finding[] => [{ kind: "dkim-invalid", what, where, todo }];
  if (more.length > 0) return invalid(`${where} has ${more.length + 1} records: receivers may take any of them`);
  const read = publicKeyOf(text);
  if (read.kind === "none") return invalid(`the key at ${where} cannot be used: ${read.reason}`);
  if (key !== undefined && !read.key.equals(createPublicKey(key.key)))
    return invalid(`the key at ${where} is another one than that which signs here`);
  return [];
}
