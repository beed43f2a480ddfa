/**
 * Which hosts take the mail of a domain, in the order to try them (RFC 5321 §5.1): `/mx` of test mode, the bestmx map
 * and the SMTP agent ask the same question here. Addresses are looked up later, one host at a time.
 */
import { isIP } from "node:net";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { bracketedAddress, canonicalAddress, literalAddress } from "./address.ts";
import { canonify } from "./search.ts";
import type { NameSources } from "./names.ts";
import { addressesOf } from "./addresses.ts";

export interface MailHost {
  /** Name without final dot; for a literal its address in brackets. */
  readonly name: string;
  /** Set for address literals: nothing is left to look up. */
  readonly address?: string;
  /** MX preference; 0 for a host that is not from an MX record. */
  readonly preference: number;
  /** The MX record is signed, from a resolver trusted with saying so (DANE), or there was no need for one. */
  readonly secure: boolean;
  /** The domain whose MX records have named it, or that has an address itself; absent: it was named as a host. */
  readonly of?: string;
}

export type MailHosts =
  | { readonly kind: "hosts"; readonly hosts: readonly MailHost[] }
  /** Neither MX nor address: the domain does not exist or takes no mail. */
  | { readonly kind: "unknown"; readonly exists?: boolean }
  /** RFC 7505: the domain says that it takes no mail. */
  | { readonly kind: "nullmx" }
  /** This host is the best exchanger of the domain, or the only one left: mail would come back here. */
  | { readonly kind: "self"; readonly exists?: boolean }
  | { readonly kind: "tempfail"; readonly reason: string };

export interface MxOptions {
  /** Is this one of our own names ($=w)? Own hosts come first among equals, and cut off what is not better. */
  readonly isOwn?: (name: string) => boolean;
  /** False: list everything, also our own host and what is worse (`/mx`, bestmx). Default true. */
  readonly cutOff?: boolean;
  /** False for hosts of mailers with F=0: no MX look-up. */
  readonly useMx?: boolean;
  /** O FallbackMXhost: tried after all others. */
  readonly fallback?: string;
  /** O TryNullMXList: when we are the best exchanger, try the address of the name instead of giving up. */
  readonly tryNullMxList?: boolean;
  /** 0 <= random() < 1; replaced in tests. */
  readonly random?: () => number;
}

/** An MX list that is longer than this is cut; nobody needs them, and each costs a connection attempt. */
const MOST_HOSTS = 100;

/**
 * The hosts for one element of a host list: `example.org`, `[mail.example.org]` (no MX), `[192.0.2.1]`,
 * `[IPv6:2001:db8::1]`. Comes at once when the cache knows it.
 */
export function mailHosts(names: NameSources, host: string, options: MxOptions = {}): MaybePromise<MailHosts> {
  const literal = literalAddress(host) ?? canonicalAddress(host);
  if (literal !== undefined) return one({ name: `[${literal}]`, address: literal, preference: 0, secure: false });
  if (host.startsWith("[") && host.endsWith("]")) return one(plain(host.slice(1, -1)));
  const name = host.replace(/\.$/, "");
  if (options.useMx === false) return withFallback(names, byAddress(names, name), options);
  const found = names.services.includes("dns") ? byMx(names, name, options) : byAddress(names, name, name);
  return withFallback(names, found, options);
}

function one(host: MailHost): MailHosts {
  return { kind: "hosts", hosts: [host] };
}

/** Whether its addresses are signed is all that counts (RFC 7672 §2.2.1, §2.2.2). */
function plain(name: string, of?: string): MailHost {
  return { name: name.replace(/\.$/, ""), preference: 0, secure: true, ...(of === undefined ? {} : { of }) };
}

/** A record can hold any octets; only what is a host name goes further. "." among others says nothing. */
const NAME = /^[\w-][\w.-]*$/;

/** RFC 5321 §5.1: without MX records the name itself is the exchanger, if it has an address. */
function byAddress(names: NameSources, name: string, of?: string): MaybePromise<MailHosts> {
  return whenReady(addressesOf(names, name), (answer): MailHosts => {
    if (answer.kind === "tempfail") return answer;
    return answer.kind === "found" ? one(plain(name, of)) : { kind: "unknown", exists: true };
  });
}

function byMx(names: NameSources, name: string, options: MxOptions): MaybePromise<MailHosts> {
  return whenReady(names.resolver.query(name, "MX"), (answer): MaybePromise<MailHosts> => {
    if (answer.kind === "tempfail") return answer;
    if (answer.kind === "nxdomain" && names.hosts.linesOf(name).length === 0) return { kind: "unknown" };
    if (answer.kind !== "found") return byAddress(names, name, name);
    const { records, secure } = answer;
    if (records.every(({ data }) => data === "" || data === ".")) return { kind: "nullmx" };
    const hosts = records
      .filter(({ data }) => NAME.test(data))
      .map(({ data, preference = 0 }): MailHost => ({ name: data.replace(/\.$/, ""), preference, secure, of: name }));
    // RFC 5321 §5.1: with MX records, of which none is of use, the address of the name itself is none either.
    if (hosts.length === 0) return { kind: "unknown", exists: true };
    return choose(names, name, order(hosts, options), options);
  });
}

/** By preference, equals in random order (own names first); of one name only the best place counts. */
function order(hosts: MailHost[], { isOwn, random = Math.random }: MxOptions): MailHost[] {
  if (hosts.length === 1) return hosts;
  const drawn = hosts.map((host) => ({ host, own: isOwn?.(host.name) ? 0 : 1, lot: random() }));
  drawn.sort((a, b) => a.host.preference - b.host.preference || a.own - b.own || a.lot - b.lot);
  const seen = new Set<string>();
  const unique = drawn.filter(({ host }) => {
    const key = host.name.toLowerCase();
    return !seen.has(key) && seen.add(key);
  });
  return unique.slice(0, MOST_HOSTS).map(({ host }) => host);
}

/** RFC 5321 §5.1: drops our own host and every other that is not better; mail must not go in circles. */
function choose(
  names: NameSources,
  name: string,
  hosts: readonly MailHost[],
  { isOwn, cutOff = true, tryNullMxList }: MxOptions,
): MaybePromise<MailHosts> {
  const own = cutOff && isOwn ? hosts.find((host) => isOwn(host.name)) : undefined;
  if (own === undefined) return { kind: "hosts", hosts };
  const better = hosts.filter((host) => host.preference < own.preference);
  if (better.length > 0) return { kind: "hosts", hosts: better };
  if (!tryNullMxList) return { kind: "self" };
  return whenReady(byAddress(names, name, name), (found) => (found.kind === "unknown" ? { kind: "self" } : found));
}

/** FallbackMXhost goes behind the others, itself expanded; it also helps when DNS cannot be asked or knows no such name. */
function withFallback(names: NameSources, found: MaybePromise<MailHosts>, options: MxOptions): MaybePromise<MailHosts> {
  const { fallback } = options;
  if (fallback === undefined) return found;
  return whenReady(found, (first): MaybePromise<MailHosts> => {
    if (first.kind === "nullmx" || first.kind === "self") return first;
    return whenReady(mailHosts(names, fallback, { ...options, fallback: undefined, cutOff: true }), (last) => {
      if (last.kind !== "hosts") return first;
      return { kind: "hosts", hosts: [...(first.kind === "hosts" ? first.hosts : []), ...last.hosts] };
    });
  });
}

/**
 * The parts of a host list `a:b:[192.0.2.1]:[IPv6:2001:db8::1]`, each to be tried when those before it did not take
 * the message; a comma separates parts, too. Colons inside brackets belong to the address; a bare IPv6 address is one
 * part.
 */
export function splitHostList(list: string): string[] {
  if (isIP(list) === 6) return [list];
  return (list.match(/(?:\[[^\]]*\]?|[^:,[])+/g) ?? []).map((part) => part.trim()).filter((part) => part !== "");
}

/** The exchangers of a domain as they are shown: names with a final dot, a literal as it was written. */
export type MxListing =
  | { readonly kind: "hosts"; readonly hosts: readonly string[] }
  /** Nobody; `exists`: there is such a name, or nobody could be asked. */
  | { readonly kind: "nobody"; readonly exists: boolean }
  | Exclude<MailHosts, { readonly kind: "hosts" | "unknown" | "self" }>;

/** What /mx of test mode prints and bestmx answers: every host, our own among them. */
export function listMx(names: NameSources, host: string, isOwn: (name: string) => boolean): MaybePromise<MxListing> {
  if (bracketedAddress(host) !== undefined) return { kind: "hosts", hosts: [host] };
  const name = host.replace(/^\[([^\]]*)\]$/, "$1").replace(/\.$/, "");
  if (!names.services.includes("dns") || host.includes("..")) return { kind: "nobody", exists: true };
  if (name === "" || canonicalAddress(name) !== undefined) return { kind: "nobody", exists: false };
  return whenReady(mailHosts(names, name, { isOwn, cutOff: false }), (answer): MaybePromise<MxListing> => {
    if (answer.kind === "unknown" || answer.kind === "self") return { kind: "nobody", exists: answer.exists ?? false };
    if (answer.kind !== "hosts") return answer;
    const [first, ...more] = answer.hosts;
    if (more.length === 0 && first.name.toLowerCase() === name.toLowerCase()) return withoutMx(names, name);
    return { kind: "hosts", hosts: answer.hosts.map((each) => `${each.name}.`) };
  });
}

/** The host takes its own mail, by its complete name; an alias does not. */
function withoutMx(names: NameSources, name: string): MaybePromise<MxListing> {
  return whenReady(canonify({ ...names, keepAliases: false }, name), (answer): MxListing => {
    const complete = answer.kind === "found" ? answer.name.replace(/\.$/, "") : name;
    const same = `${complete}.`.toLowerCase().startsWith(`${name}.`.toLowerCase());
    return same ? { kind: "hosts", hosts: [`${complete}.`] } : { kind: "nobody", exists: true };
  });
}
