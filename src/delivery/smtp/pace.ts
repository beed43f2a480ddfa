/**
 * What an administrator says about a destination (FEATURE(destination_policy)): the ruleset destination_policy is asked with
 * the next hop, its best host, the domain of the sender, the mailer and the queue group, `$|` between them, and selects words:
 *
 *   connections=5 messages_per_minute=300 messages_per_connection=20 family=4 source4=192.0.2.7 tls=encrypt backoff=15m
 *
 * Of words for one thing the first counts, so that the ruleset may append what is general to what is particular.
 */
import { isIPv4, isIPv6 } from "node:net";
import { DEFAULT_QUEUE_GROUP } from "../../config/queue-groups.ts";
import { readTime } from "../../config/times.ts";
import type { MailRules } from "../../routing/mail-rules.ts";
import { isPromise, type MaybePromise } from "../../sys/maybe-promise.ts";
import type { Job } from "../agent.ts";
import type { Outcome } from "../outcome.ts";
import type { SmtpClient } from "./client.ts";
import type { DestinationLimits } from "./destination.ts";

export interface Policy extends DestinationLimits {
  readonly messagesPerConnection?: number;
  /** The only family, or the one that is tried first. */
  readonly family?: "4" | "6" | "prefer4" | "prefer6";
  readonly source4?: string;
  readonly source6?: string;
  /** "none": never encrypt; "encrypt", "verify": not without. */
  readonly tls?: "none" | "may" | "encrypt" | "verify";
  /** How long it is left alone after 421 and 4.7.x, ms. */
  readonly backoff?: number;
}

export const NO_POLICY: Policy = {};

type Reader = (value: string) => Partial<Policy> | undefined;

const FAMILIES = ["4", "6", "prefer4", "prefer6"] as const;
const TLS_DEMANDS = ["none", "may", "encrypt", "verify"] as const;

function count(value: string): number | undefined {
  return /^[1-9]\d{0,6}$/.test(value) ? Number(value) : undefined;
}

function oneOf<T extends string>(values: readonly T[], value: string): T | undefined {
  return values.find((each) => each === value.toLowerCase());
}

/** Name of a word → what its value means; undefined for one that means nothing. */
const WORDS: Readonly<Record<string, Reader>> = {
  connections: (value) => given("connections", count(value)),
  messages_per_minute: (value) => given("messagesPerMinute", count(value)),
  messages_per_connection: (value) => given("messagesPerConnection", count(value)),
  family: (value) => given("family", oneOf(FAMILIES, value)),
  source4: (value) => given("source4", isIPv4(value) ? value : undefined),
  source6: (value) => given("source6", isIPv6(value) ? value : undefined),
  tls: (value) => given("tls", oneOf(TLS_DEMANDS, value)),
  backoff: (value) => given("backoff", time(value)),
};

/** Nobody means to wait longer, ms. */
const LONGEST_TIME = 52 * 7 * 24 * 3600_000;

function time(value: string): number | undefined {
  if (!/^\d[\dsmhdw]*$/.test(value) || /[smhdw]{2}/.test(value)) return undefined;
  const { value: found } = readTime(value, "m");
  return found <= LONGEST_TIME ? found : undefined;
}

/** What a ruleset selects has BlankSub (".") where there were blanks. */
const BETWEEN = new RegExp(`[\\s,]+|[^a-z\\d](?=(?:${Object.keys(WORDS).join("|")})=)`, "i");

function given<K extends keyof Policy>(name: K, value: Policy[K]): Partial<Policy> | undefined {
  return value === undefined ? undefined : { [name]: value };
}

/** @returns the policy, and words that say nothing */
export function readPolicy(text: string): { readonly policy: Policy; readonly unknown: readonly string[] } {
  const unknown: string[] = [];
  let policy: Policy = NO_POLICY;
  for (const word of text.split(BETWEEN).filter((each) => each !== "")) {
    const [, name = "", value = ""] = /^([a-z\d_]+)=(.*)$/i.exec(word) ?? [];
    const key = name.toLowerCase();
    const read = Object.hasOwn(WORDS, key) ? WORDS[key](value) : undefined;
    if (read === undefined) unknown.push(word);
    else policy = { ...read, ...policy };
  }
  return { policy, unknown };
}

/** How connections to a destination are made: what is kept for one way must not serve another. */
export function wayOf({ family, source4, source6, tls }: Policy): string {
  if (family === undefined && source4 === undefined && source6 === undefined && tls === undefined) return "";
  return [family, source4, source6, tls]
    .map((each) => each ?? "")
    .join(" ")
    .trim();
}

/** The addresses that a policy allows, those of the preferred family first. */
export function allowed<T extends { readonly family: 4 | 6 }>(
  addresses: readonly T[],
  { family }: Policy,
): readonly T[] {
  if (family === "4" || family === "6") return addresses.filter((each) => String(each.family) === family);
  if (family === undefined) return addresses;
  const first = family === "prefer4" ? 4 : 6;
  return addresses.toSorted((a, b) => Number(a.family !== first) - Number(b.family !== first));
}

/** Without a final dot, or brackets. */
function plain(name: string): string {
  const text = name.endsWith(".") ? name.slice(0, -1) : name;
  return text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
}

/** Asks for the policy of one job at one destination. What is wrong with the answer is told, and the rest counts. */
export function askPolicy(
  rules: Pick<MailRules, "select"> | undefined,
  { host: nextHop, best }: { readonly host: string; readonly best: string },
  { envelope, mailer, group = DEFAULT_QUEUE_GROUP.name, scope }: Job,
  warn: (text: string) => void,
): MaybePromise<Policy> {
  if (rules === undefined) return NO_POLICY;
  const understand = (text: string | undefined): Policy => {
    if (text === undefined || text === "") return NO_POLICY;
    const { policy, unknown } = readPolicy(text);
    if (unknown.length > 0) warn(`ruleset destination_policy for ${plain(nextHop)}: cannot use "${unknown.join(" ")}"`);
    return policy;
  };
  const senderDomain = envelope.sender.slice(envelope.sender.lastIndexOf("@") + 1);
  const words = [plain(nextHop), plain(best), senderDomain, mailer.name, group];
  const answer = rules.select("destination_policy", words, scope);
  return isPromise(answer) ? answer.then(understand) : understand(answer);
}

/**
 * What a connection lacks of what the policy demands; undefined: nothing.
 * @param session encrypted or not, and with the macro {verify}
 */
export function tlsMissing(
  tls: Policy["tls"],
  session: Pick<SmtpClient, "secure" | "macros" | "bearsName">,
): string | undefined {
  if (tls !== "encrypt" && tls !== "verify") return undefined;
  if (!session.secure) return `the server does not encrypt (tls=${tls})`;
  const verify = session.macros.get("verify");
  if (tls === "verify" && verify !== "OK") return "the certificate of the server cannot be verified (tls=verify)";
  return tls === "verify" && !session.bearsName
    ? "the certificate of the server is for another name (tls=verify)"
    : undefined;
}

/** 421, and codes about policy: the destination wants less of us for a while. */
export function wantsLess({ status, diagnostic }: Outcome): boolean {
  return /^421\b/.test(diagnostic?.text ?? "") || status.startsWith("4.7.");
}
