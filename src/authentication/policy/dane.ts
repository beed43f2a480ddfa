/**
 * DANE for mail (RFC 7672): the TLSA records of one host, found by the rules of §2.2, as a policy for sessions with it.
 *
 * Only what a trusted resolver calls authentic counts. An answer that is not signed means that nothing was published; one
 * that could not be got, or was found to be forged (SERVFAIL), means that the host is left alone: whoever keeps answers
 * away must not be able to turn encryption off.
 */
import type { DnsAnswer, Resolver } from "../../dns/resolver.ts";
import { isPromise, type MaybePromise, whenReady } from "../../sys/maybe-promise.ts";
import type { LinePolicy, LineQuestion, LineResult, LineSession } from "./line-policy.ts";
import { readTlsa, type TlsaRecord, tlsaText, usableTlsa } from "./tlsa.ts";
import { matchTlsa } from "./tlsa-match.ts";

export type DaneAnswer =
  | { readonly kind: "none" }
  | { readonly kind: "policy"; readonly policy: LinePolicy }
  | { readonly kind: "tempfail"; readonly reason: string };

const NONE: DaneAnswer = { kind: "none" };

/** The policy for one host; at once when the cache knows it. */
export function askDane(resolver: Resolver, question: LineQuestion): MaybePromise<DaneAnswer> {
  if (!question.mxSecure) return NONE;
  return whenReady(basesOf(resolver, question), (bases) => {
    if (!Array.isArray(bases)) return bases as DaneAnswer;
    return askBases(resolver, question, bases as readonly string[]);
  });
}

/** TLSA base domains to try (RFC 7672 §2.2.2): the end of a signed chain of aliases, then its beginning. */
function basesOf(
  resolver: Resolver,
  { host, canonicalName, addressesSecure }: LineQuestion,
): MaybePromise<readonly string[] | DaneAnswer> {
  const [first, last] = [plain(host), plain(canonicalName)];
  if (addressesSecure) return first === last ? [first] : [last, first];
  // Some servers of unsigned zones do not answer questions for TLSA: they are not asked.
  if (first === last) return NONE;
  return whenReady(resolver.query(first, "CNAME"), (answer) => {
    if (answer.kind === "tempfail") return answer;
    return answer.kind === "found" && answer.secure ? [first] : NONE;
  });
}

function plain(name: string): string {
  return name.replace(/\.$/, "").toLowerCase();
}

function askBases(resolver: Resolver, question: LineQuestion, bases: readonly string[]): MaybePromise<DaneAnswer> {
  if (bases.length === 0) return NONE;
  const [base, ...more] = bases;
  const asked = resolver.query(`_${question.port}._tcp.${base}`, "TLSA");
  const understand = (answer: DnsAnswer): MaybePromise<DaneAnswer> => {
    if (answer.kind === "tempfail")
      return { kind: "tempfail", reason: `_${question.port}._tcp.${base}: ${answer.reason}` };
    if (answer.kind !== "found" || !answer.secure) return askBases(resolver, question, more);
    return { kind: "policy", policy: policyOf(recordsOf(answer), base, question) };
  };
  return isPromise(asked) ? asked.then(understand) : understand(asked);
}

interface Records {
  readonly all: readonly TlsaRecord[];
  readonly usable: readonly TlsaRecord[];
  readonly texts: readonly string[];
}

/** Answers that the resolver keeps are the same ones until their time ends. */
const READ = new WeakMap<DnsAnswer, Records>();

function recordsOf(answer: DnsAnswer & { readonly kind: "found" }): Records {
  const known = READ.get(answer);
  if (known !== undefined) return known;
  const all = answer.records
    .map(({ octets }) => readTlsa(octets ?? Buffer.alloc(0)))
    .filter((each) => each !== undefined);
  const records = { all, usable: usableTlsa(all), texts: all.map(tlsaText).toSorted() };
  READ.set(answer, records);
  return records;
}

function policyOf({ usable, texts }: Records, base: string, { host, nextHop }: LineQuestion): LinePolicy {
  // RFC 7672 §3.2.2: the base domain, and the domain of the recipients where signed MX records have led here.
  const names = [...new Set([base, plain(host), ...(nextHop === undefined ? [] : [plain(nextHop)])])];
  const words = usable.length === 0 ? "dane=unusable" : `dane=${kindsOf(usable)}`;
  return {
    key: `dane ${names.join(" ")} ${texts.join(" ")}`,
    words,
    needsTls: true,
    publicTrust: false,
    ...(base === plain(host) ? {} : { serverName: base }),
    facts: { type: "tlsa", strings: texts, domain: base, mxHosts: [] },
    check: (session, now) => check(usable, names, session, now),
  };
}

function check(usable: readonly TlsaRecord[], names: readonly string[], session: LineSession, now: number): LineResult {
  if (!session.encrypted) {
    const reason = "the server does not encrypt, and DANE wants it";
    return broken("DANE_NOTLS", "starttls-not-supported", reason);
  }
  // RFC 7672 §2.2: encrypted all the same, with whomever.
  if (usable.length === 0) return { kind: "holds", authenticated: false, words: "dane=unusable" };
  const match = matchTlsa(usable, session.chain, names, now);
  if (match.kind === "mismatch") return broken("DANE_FAIL", match.type, `DANE check failed: ${match.reason}`);
  return { kind: "holds", verify: "TRUSTED", authenticated: true, words: `dane=${kindsOf([match.record])}` };
}

function broken(
  verify: "DANE_FAIL" | "DANE_NOTLS",
  type: Extract<LineResult, { kind: "broken" }>["type"],
  reason: string,
): LineResult {
  return { kind: "broken", verify, enforced: true, type, reason, words: "dane=failed" };
}

/** "3-1-1", "3-1-1+2-0-1" */
function kindsOf(records: readonly TlsaRecord[]): string {
  const kinds = records.map(({ usage, selector, matching }) => `${usage}-${selector}-${matching}`);
  return [...new Set(kinds)].join("+");
}
