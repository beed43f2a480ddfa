/**
 * Where a mailer connects to: the host part of a job (or the host in its A= line) → names, addresses and port, in the
 * order to try them.
 */
import { isIP } from "node:net";
import type { DnsAnswer, Resolver } from "../dns/resolver.ts";
import { isPromise } from "../sys/maybe-promise.ts";

export interface MailHost {
  /** Without final dot; for a literal the literal. */
  readonly name: string;
  readonly addresses: readonly string[];
}

export type MailHosts =
  | { readonly kind: "hosts"; readonly hosts: readonly MailHost[] }
  /** Nobody of that name (5.1.2). */
  | { readonly kind: "unknown"; readonly name: string }
  | { readonly kind: "tempfail"; readonly name: string; readonly reason: string }
  /** RFC 7505. */
  | { readonly kind: "nullmx"; readonly name: string }
  /** The best exchanger is this host, which does not think so. */
  | { readonly kind: "loop"; readonly name: string };

/** `a:b:[192.0.2.1]:[IPv6:2001:db8::1]` → its parts; colons inside brackets belong to the address. */
export function splitHostList(list: string): string[] {
  const parts: string[] = [];
  let part = "";
  let depth = 0;
  for (const char of list) {
    if (char === "[") depth++;
    else if (char === "]") depth--;
    if (char === ":" && depth <= 0) {
      parts.push(part);
      part = "";
    } else part += char;
  }
  parts.push(part);
  return parts.map((each) => each.trim()).filter((each) => each !== "");
}

/** The address in `[192.0.2.1]` or `[IPv6:2001:db8::1]`, or undefined. */
export function literalAddress(host: string): string | undefined {
  if (!host.startsWith("[") || !host.endsWith("]")) return undefined;
  const inside = host.slice(1, -1).replace(/^ipv6:/i, "");
  return isIP(inside) === 0 ? undefined : inside;
}

export interface HostQuestion {
  readonly resolver: Resolver;
  /** false: F=0, or a host in brackets. */
  readonly useMx: boolean;
  /** True for names of this host (class w). */
  isLocal(name: string): boolean;
}

/** The hosts to try for one host name of the list. */
export async function mailHosts(host: string, question: HostQuestion): Promise<MailHosts> {
  const literal = literalAddress(host);
  if (literal !== undefined) return { kind: "hosts", hosts: [{ name: host, addresses: [literal] }] };
  const bracketed = host.startsWith("[") && host.endsWith("]");
  const name = (bracketed ? host.slice(1, -1) : host).replace(/\.$/, "");
  if (isIP(name) !== 0) return { kind: "hosts", hosts: [{ name: `[${name}]`, addresses: [name] }] };
  if (bracketed || !question.useMx) return single(name, question.resolver);
  const answer = await ask(question.resolver, name, "MX");
  if (answer.kind === "nxdomain") return { kind: "unknown", name };
  if (answer.kind === "tempfail") return { kind: "tempfail", name, reason: answer.reason };
  return answer.kind === "nodata" ? single(name, question.resolver) : exchangers(name, answer, question);
}

async function single(name: string, resolver: Resolver): Promise<MailHosts> {
  const found = await addresses(name, resolver);
  if (found.kind === "addresses") return { kind: "hosts", hosts: [{ name, addresses: found.addresses }] };
  return found.kind === "none" ? { kind: "unknown", name } : { kind: "tempfail", name, reason: found.reason };
}

async function exchangers(
  name: string,
  answer: Extract<DnsAnswer, { kind: "found" }>,
  question: HostQuestion,
): Promise<MailHosts> {
  const { resolver } = question;
  const records = [...answer.records].toSorted((a, b) => (a.preference ?? 0) - (b.preference ?? 0));
  if (records.length === 1 && (records[0].data === "" || records[0].data === ".")) return { kind: "nullmx", name };
  const own = records.find((record) => question.isLocal(record.data));
  const better = own === undefined ? records : records.filter((each) => (each.preference ?? 0) < (own.preference ?? 0));
  if (better.length === 0) return { kind: "loop", name };
  const hosts: MailHost[] = [];
  let reason: string | undefined;
  for (const { data } of better) {
    const found = await addresses(data, resolver);
    if (found.kind === "addresses") hosts.push({ name: data, addresses: found.addresses });
    else if (found.kind === "tempfail") reason = found.reason;
  }
  if (hosts.length > 0) return { kind: "hosts", hosts };
  return reason === undefined ? { kind: "unknown", name } : { kind: "tempfail", name, reason };
}

type Addresses =
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  | { readonly kind: "none" }
  | { readonly kind: "tempfail"; readonly reason: string };

async function addresses(name: string, resolver: Resolver): Promise<Addresses> {
  const answers = [await ask(resolver, name, "A"), await ask(resolver, name, "AAAA")];
  const found = answers.flatMap((answer) =>
    answer.kind === "found" ? answer.records.map((record) => record.data) : [],
  );
  if (found.length > 0) return { kind: "addresses", addresses: found };
  const problem = answers.find((answer) => answer.kind === "tempfail");
  return problem === undefined ? { kind: "none" } : problem;
}

async function ask(resolver: Resolver, name: string, type: "A" | "AAAA" | "MX"): Promise<DnsAnswer> {
  const answer = resolver.query(name, type);
  return isPromise(answer) ? await answer : answer;
}
