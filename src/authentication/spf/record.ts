/** Records of SPF (RFC 7208 §4.5, §4.6, §12): text to terms. A single mistake makes the whole record wrong. */
import { isIPv4, isIPv6 } from "node:net";
import { type IpOctets, octetsOf } from "./ip-octets.ts";
import { type MacroString, readDomainSpec, readMacroString } from "./macro-string.ts";

/** Result of a mechanism that matches. */
export type Qualifier = "pass" | "fail" | "softfail" | "neutral";

/** Bits of an address that are compared. */
export interface PrefixLengths {
  readonly ip4: number;
  readonly ip6: number;
}

export type Mechanism = { readonly qualifier: Qualifier; readonly text: string } & (
  | { readonly kind: "all" }
  | { readonly kind: "include" | "exists"; readonly domain: MacroString }
  /** Without a domain: the one whose record it is. */
  | { readonly kind: "a" | "mx"; readonly domain: MacroString | undefined; readonly lengths: PrefixLengths }
  | { readonly kind: "ptr"; readonly domain: MacroString | undefined }
  | { readonly kind: "ip"; readonly octets: IpOctets; readonly length: number }
);

export interface SpfRecord {
  readonly mechanisms: readonly Mechanism[];
  readonly redirect: MacroString | undefined;
  readonly explanation: MacroString | undefined;
}

/** The record, or what is wrong with its text. */
export type ReadRecord =
  | { readonly kind: "record"; readonly record: SpfRecord }
  | { readonly kind: "wrong"; readonly reason: string };

const QUALIFIERS: Readonly<Record<string, Qualifier>> = { "+": "pass", "-": "fail", "~": "softfail", "?": "neutral" };
const FULL: PrefixLengths = { ip4: 32, ip6: 128 };

/** True for a TXT record that is one of SPF, version 1. */
export function isSpf(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

export function readRecord(text: string): ReadRecord {
  const mechanisms: Mechanism[] = [];
  const modifiers = new Map<string, MacroString>();
  for (const term of text.slice("v=spf1".length).split(" ")) {
    if (term === "") continue;
    const modifier = /^([a-z][a-z0-9_.-]*)=/i.exec(term);
    if (modifier === null) {
      const mechanism = readMechanism(term);
      if (mechanism === undefined) return wrong(term);
      mechanisms.push(mechanism);
      continue;
    }
    const name = modifier[1].toLowerCase();
    const value = term.slice(modifier[0].length);
    const isOurs = name === "redirect" || name === "exp";
    const read = isOurs ? readDomainSpec(value) : readMacroString(value, "domain");
    if (read === undefined) return wrong(term);
    if (!isOurs) continue;
    if (modifiers.has(name)) return { kind: "wrong", reason: `"${name}=" stands there twice` };
    modifiers.set(name, read);
  }
  const record = { mechanisms, redirect: modifiers.get("redirect"), explanation: modifiers.get("exp") };
  return { kind: "record", record };
}

function wrong(term: string): ReadRecord {
  return { kind: "wrong", reason: `"${shown(term)}" is no term` };
}

/** A term is a stranger's text. */
function shown(term: string): string {
  return term.replaceAll(/[^ -~]/g, "?").slice(0, 60);
}

function readMechanism(text: string): Mechanism | undefined {
  const found = /^([-+~?]?)([a-z][a-z0-9_.-]*)/i.exec(text);
  if (found === null) return undefined;
  const [start, sign, name] = found;
  const base = { qualifier: QUALIFIERS[sign] ?? "pass", text: shown(text) };
  const rest = text.slice(start.length);
  switch (name.toLowerCase()) {
    case "all":
      return rest === "" ? { ...base, kind: "all" } : undefined;
    case "include":
    case "exists": {
      const domain = rest.startsWith(":") ? readDomainSpec(rest.slice(1)) : undefined;
      return domain && { ...base, kind: name.toLowerCase() as "include" | "exists", domain };
    }
    case "a":
    case "mx":
      return withLengths(rest, (domain, lengths) => ({
        ...base,
        kind: name.toLowerCase() as "a" | "mx",
        domain,
        lengths,
      }));
    case "ptr": {
      if (rest === "") return { ...base, kind: "ptr", domain: undefined };
      const domain = rest.startsWith(":") ? readDomainSpec(rest.slice(1)) : undefined;
      return domain && { ...base, kind: "ptr", domain };
    }
    case "ip4":
    case "ip6":
      return readNetwork(base, name.toLowerCase() === "ip4", rest);
    default:
      return undefined;
  }
}

/** `:domain/24//64`, each part may be missing. */
function withLengths(
  rest: string,
  make: (domain: MacroString | undefined, lengths: PrefixLengths) => Mechanism,
): Mechanism | undefined {
  const [, before, first, second] = /^(.*?)(?:\/([0-9]+))?(?:\/\/([0-9]+))?$/s.exec(rest)!;
  const lengths = { ip4: readLength(first, FULL.ip4), ip6: readLength(second, FULL.ip6) };
  if (lengths.ip4 === undefined || lengths.ip6 === undefined) return undefined;
  if (before === "") return make(undefined, lengths as PrefixLengths);
  const domain = before.startsWith(":") ? readDomainSpec(before.slice(1)) : undefined;
  return domain && make(domain, lengths as PrefixLengths);
}

/** Without a number: `most`. Undefined: too large, or zeros in front. */
function readLength(digits: string | undefined, most: number): number | undefined {
  if (digits === undefined) return most;
  return /^(?:0|[1-9][0-9]{0,2})$/.test(digits) && Number(digits) <= most ? Number(digits) : undefined;
}

function readNetwork(
  base: { qualifier: Qualifier; text: string },
  isFour: boolean,
  rest: string,
): Mechanism | undefined {
  if (!rest.startsWith(":")) return undefined;
  const [address, digits, ...more] = rest.slice(1).split("/");
  const length = readLength(digits, isFour ? FULL.ip4 : FULL.ip6);
  if (more.length > 0 || length === undefined || !(isFour ? isIPv4 : isIPv6)(address) || address.includes("%")) {
    return undefined;
  }
  return { ...base, kind: "ip", octets: octetsOf(address, isFour ? 4 : 6), length };
}
