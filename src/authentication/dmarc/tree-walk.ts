/**
 * The tree walk of DMARC's successor (draft-ietf-dmarc-dmarcbis §4.10): from a name towards the root, asking each for a policy record. It
 * finds the record that holds for an author, and which names are of one organization.
 */
import type { DnsAnswer } from "../../dns/resolver.ts";
import { isPromise } from "../../sys/maybe-promise.ts";
import type { TimedResolver } from "../timed-resolver.ts";
import { isPublicSuffix } from "./public-suffix.ts";
import { type DmarcRecord, isDmarc, readDmarcRecord } from "./record.ts";

/** Names that are asked at most, however long the first is. */
const MOST_QUESTIONS = 8;

export interface Walked {
  /** Names that have a record, the longest first. */
  readonly found: readonly { readonly domain: string; readonly record: DmarcRecord }[];
  readonly organization: string;
  /** The last of `found` is that of a public suffix, above the organization. */
  readonly hasSuffix: boolean;
  /** A record said with psd= where organizations begin: no list knows better. */
  readonly isDeclared: boolean;
}

/** What the DNS could not tell, thrown by the functions here. */
export class Unanswered extends Error {}

/** @throws Unanswered */
export async function walk(resolver: TimedResolver, start: string): Promise<Walked> {
  const found: { domain: string; record: DmarcRecord }[] = [];
  for (const domain of namesAbove(start)) {
    const record = await recordOf(resolver, domain);
    if (record === undefined) continue;
    found.push({ domain, record });
    if (record.suffix === "n") return { found, organization: domain, hasSuffix: false, isDeclared: true };
    // A registry that has a record, and does not say what it is, is not the organization of all its customers.
    if (domain !== start && (record.suffix === "y" || isPublicSuffix(domain))) {
      return { found, organization: belowOf(start, domain), hasSuffix: true, isDeclared: record.suffix === "y" };
    }
  }
  return { found, organization: found.at(-1)?.domain ?? start, hasSuffix: false, isDeclared: false };
}

/** The record of this very name. @throws Unanswered */
export async function recordOf(resolver: TimedResolver, domain: string): Promise<DmarcRecord | undefined> {
  const asked = resolver.ask(`_dmarc.${domain}`, "TXT");
  const answer = isPromise(asked) ? await asked : asked;
  if (answer.kind === "tempfail") throw new Unanswered(`TXT _dmarc.${domain}: ${answer.reason}`);
  return answer.kind === "found" ? recordIn(answer) : undefined;
}

/** Records that were read, by the answer that they came with: the cache of the resolver is ours, too. */
const known = new WeakMap<DnsAnswer, DmarcRecord | "none">();

/** Several records are none (RFC 7489 §6.6.3). */
function recordIn(answer: Extract<DnsAnswer, { kind: "found" }>): DmarcRecord | undefined {
  let read = known.get(answer);
  if (read === undefined) {
    const texts = answer.records.map(({ data }) => data).filter(isDmarc);
    read = (texts.length === 1 ? readDmarcRecord(texts[0]) : undefined) ?? "none";
    known.set(answer, read);
  }
  return read === "none" ? undefined : read;
}

/** The name, then those above it; of a long one only the last seven labels follow. */
function namesAbove(start: string): readonly string[] {
  const labels = start.split(".");
  const first = labels.length >= MOST_QUESTIONS ? labels.length - (MOST_QUESTIONS - 1) : 1;
  const above = Array.from({ length: labels.length - first }, (_, i) => labels.slice(first + i).join("."));
  return [start, ...above];
}

/** The name with one label more than the suffix. */
function belowOf(name: string, suffix: string): string {
  const extra = name.slice(0, -(suffix.length + 1));
  return `${extra.slice(extra.lastIndexOf(".") + 1)}.${suffix}`;
}
