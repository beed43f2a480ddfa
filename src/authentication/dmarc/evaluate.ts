/**
 * DMARC (RFC 7489 §6.6, and its successor): does what SPF and DKIM have proved belong to whom the message names as its
 * author, and what does that domain want to be done otherwise?
 *
 * Which names are of one organization is told by the tree walk, and by the list of public suffixes where no record
 * declares it (psd=): a message passes that passes by either, because owners of domains have set theirs up for one of them.
 */
import type { HeaderField } from "../../mail/header.ts";
import type { DkimResult } from "../dkim/verify.ts";
import type { SpfResult } from "../spf/result.ts";
import { type CheckEnvironment, TimedResolver } from "../timed-resolver.ts";
import { authorsOf } from "./author.ts";
import { listedOrganization } from "./public-suffix.ts";
import type { DmarcPolicy, DmarcRecord } from "./record.ts";
import type { DmarcResult } from "./result.ts";
import { Unanswered, walk, type Walked } from "./tree-walk.ts";

/** What is known when the whole message is there. */
export interface DmarcQuestion {
  /** The header as it came. */
  readonly fields: readonly HeaderField[];
  /** Reverse-path without brackets. */
  readonly sender: string;
  /** Of the sender in MAIL. */
  readonly spf: SpfResult;
  readonly dkim: readonly DkimResult[];
}

export interface DmarcEnvironment extends CheckEnvironment {
  /** From 0 to 1, for pct=. */
  readonly random: () => number;
  /** Our own. */
  readonly hostName: string;
}

const MILDER: Readonly<Record<DmarcPolicy, DmarcPolicy>> = { reject: "quarantine", quarantine: "none", none: "none" };
const HARSHNESS: Readonly<Record<DmarcPolicy, number>> = { none: 0, quarantine: 1, reject: 2 };
/** Of several authors the worst one counts. */
const WORSE: Readonly<Record<DmarcResult["result"], number>> = {
  pass: 0,
  none: 1,
  temperror: 2,
  permerror: 3,
  fail: 4,
};

/** Never rejects. */
export async function evaluateDmarc(question: DmarcQuestion, environment: DmarcEnvironment): Promise<DmarcResult> {
  const authors = authorsOf(question.fields, { sender: question.sender, host: environment.hostName });
  if (authors.kind !== "domains") {
    const result = authors.kind === "none" ? "none" : "permerror";
    return { result, domain: "", policy: "none", spfAligned: false, reason: authors.reason };
  }
  const resolver = new TimedResolver(environment);
  try {
    let worst: DmarcResult | undefined;
    for (const domain of authors.domains) {
      const result = await ofDomain(domain, question, resolver, environment.random);
      if (worst === undefined || isWorse(result, worst)) worst = result;
    }
    return worst!;
  } finally {
    resolver.close();
  }
}

function isWorse(a: DmarcResult, b: DmarcResult): boolean {
  if (a.result !== b.result) return WORSE[a.result] > WORSE[b.result];
  return HARSHNESS[a.policy] > HARSHNESS[b.policy];
}

async function ofDomain(
  domain: string,
  question: DmarcQuestion,
  resolver: TimedResolver,
  random: () => number,
): Promise<DmarcResult> {
  try {
    const author = await walk(resolver, domain);
    const held = recordFor(domain, author);
    if (held === undefined) return { ...NO_RECORD, domain, ...ownSignature(domain, question.dkim) };
    const { record, at } = held;
    const policyTag: "p" | "sp" | "np" = at === domain ? "p" : (await isThere(resolver, domain)) ? "sp" : "np";
    const alignment = await align(domain, author, record, question, resolver);
    const isSampledOut = record.percent < 100 && random() * 100 >= record.percent;
    const isMilder = record.isTest || isSampledOut;
    const wanted = { p: record.policy, sp: record.subdomains, np: record.nonexistent }[policyTag];
    const found = { domain, policy: isMilder ? MILDER[wanted] : wanted, recordAt: at, record, policyTag, isSampledOut };
    return { ...found, ...alignment };
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    return { result: "temperror", domain, policy: "none", spfAligned: false, reason: error.message };
  }
}

const NO_RECORD = { result: "none", policy: "none", spfAligned: false } as const;

/** Without a record nobody is asked who belongs to whom: the list tells, for those who want to know of signatures. */
function ownSignature(domain: string, dkim: readonly DkimResult[]): Pick<DmarcResult, "dkimAligned"> {
  const organization = listedOrganization(domain);
  const own = dkim.find(
    ({ result, domain: signer }) => result === "pass" && listedOrganization(signer.toLowerCase()) === organization,
  );
  return own === undefined ? {} : { dkimAligned: own.domain };
}

/** The author's own record, that of the organization, or that of the public suffix above it. */
function recordFor(
  domain: string,
  { found, organization, hasSuffix }: Walked,
): { readonly record: DmarcRecord; readonly at: string } | undefined {
  const of = (wanted: string): { record: DmarcRecord; at: string } | undefined => {
    const there = found.find((each) => each.domain === wanted);
    return there && { record: there.record, at: wanted };
  };
  const last = found.at(-1);
  const suffix = hasSuffix && last !== undefined ? { record: last.record, at: last.domain } : undefined;
  return of(domain) ?? of(organization) ?? suffix;
}

/** A name that the DNS does not know at all is nobody's (np=). */
async function isThere(resolver: TimedResolver, domain: string): Promise<boolean> {
  return (await resolver.ask(domain, "A")).kind !== "nxdomain";
}

async function align(
  domain: string,
  author: Walked,
  record: DmarcRecord,
  { spf, dkim }: DmarcQuestion,
  resolver: TimedResolver,
): Promise<Pick<DmarcResult, "result" | "spfAligned" | "dkimAligned" | "reason">> {
  const organizations = new Map([[domain, author]]);
  const isOurs = (other: string, strict: boolean): Promise<boolean> | boolean =>
    other === domain || (!strict && isOfOne(domain, other.toLowerCase(), organizations, resolver));
  const spfAligned = spf.result === "pass" && (await isOurs(spf.domain, record.strictSpf));
  let dkimAligned: string | undefined;
  for (const { domain: signer } of dkim.filter(({ result }) => result === "pass")) {
    if (!(await isOurs(signer.toLowerCase(), record.strictDkim))) continue;
    dkimAligned = signer;
    break;
  }
  if (spfAligned || dkimAligned !== undefined) {
    return { result: "pass", spfAligned, ...(dkimAligned === undefined ? {} : { dkimAligned }) };
  }
  // What could not be found out might have been what it takes.
  const unknown =
    (spf.result === "temperror" && (await isOurs(spf.domain, record.strictSpf)) && "SPF") ||
    ((await anyUnknown(dkim, (signer) => isOurs(signer, record.strictDkim))) && "DKIM");
  return unknown === false
    ? { result: "fail", spfAligned }
    : { result: "temperror", spfAligned, reason: `${unknown} has no result yet` };
}

async function anyUnknown(
  dkim: readonly DkimResult[],
  isOurs: (signer: string) => Promise<boolean> | boolean,
): Promise<boolean> {
  for (const { result, domain } of dkim) {
    if (result === "temperror" && (await isOurs(domain.toLowerCase()))) return true;
  }
  return false;
}

async function isOfOne(
  author: string,
  other: string,
  organizations: Map<string, Walked>,
  resolver: TimedResolver,
): Promise<boolean> {
  // Names without a label in common cannot be of one organization: nobody has to be asked.
  if (lastLabel(author) !== lastLabel(other)) return false;
  let walked = organizations.get(other);
  if (walked === undefined) organizations.set(other, (walked = await walk(resolver, other)));
  const ofAuthor = organizations.get(author)!;
  if (walked.organization === ofAuthor.organization) return true;
  return !walked.isDeclared && !ofAuthor.isDeclared && listedOrganization(author) === listedOrganization(other);
}

function lastLabel(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
