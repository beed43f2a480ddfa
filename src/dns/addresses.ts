/** From host names to addresses and back: hosts file first, then DNS. Answers from the cache come at once. */
import { isIPv6 } from "node:net";
import { isPromise, type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { canonicalAddress, reverseName } from "./address.ts";
import type { NameSources } from "./names.ts";
import type { DnsAnswer, RecordType } from "./resolver.ts";
import type { NameAnswer } from "./search.ts";

export interface HostAddress {
  /** Canonical text. */
  readonly address: string;
  readonly family: 4 | 6;
}

export type AddressAnswer =
  | {
      readonly kind: "found";
      /** IPv6 before IPv4, each in the order of the answer. */
      readonly addresses: readonly HostAddress[];
      /** All of them signed, from a resolver that is trusted with saying so (DANE). */
      readonly secure: boolean;
      /** Where aliases lead, without final dot; absent: DNS was not asked. */
      readonly canonicalName?: string;
    }
  /** The name exists, without any address. */
  | { readonly kind: "nodata" }
  | { readonly kind: "nxdomain" }
  | { readonly kind: "tempfail"; readonly reason: string };

/**
 * Addresses of a complete name or of an address as text; `families` limits what is asked for (a host without IPv6 need not know of it).
 * One family that cannot be asked for does no harm when the other has addresses.
 */
export function addressesOf(
  names: NameSources,
  name: string,
  families: readonly (4 | 6)[] = [6, 4],
): MaybePromise<AddressAnswer> {
  const numeric = canonicalAddress(name);
  if (numeric !== undefined) {
    return { kind: "found", addresses: [{ address: numeric, family: isIPv6(numeric) ? 6 : 4 }], secure: false };
  }
  if (names.services.includes("files")) {
    const lines = names.hosts.linesOf(name.replace(/\.$/, "")).filter((line) => families.includes(line.family));
    if (lines.length > 0) return { kind: "found", addresses: lines, secure: false };
  }
  if (!names.services.includes("dns")) return { kind: "nxdomain" };
  if (families.length === 1)
    return whenReady(names.resolver.query(name, typeOf(families[0])), (only) => combine([only]));
  const [first, second] = families.map((family) => names.resolver.query(name, typeOf(family)));
  if (isPromise(first) || isPromise(second)) return whenReady(allOf([first, second]), combine);
  // Answers that the cache keeps are the same ones until their time ends.
  const known = COMBINED.get(second);
  if (known?.first === first) return known.answer;
  const answer = combine([first, second]);
  COMBINED.set(second, { first, answer });
  return answer;
}

/** By the second of two answers: the first, and what both say together. */
const COMBINED = new WeakMap<DnsAnswer, { readonly first: DnsAnswer; readonly answer: AddressAnswer }>();

function typeOf(family: 4 | 6): RecordType {
  return family === 6 ? "AAAA" : "A";
}

/** All answers, at once when all are there. They were asked for together; this only collects them. */
function allOf(
  answers: readonly MaybePromise<DnsAnswer>[],
  ready: readonly DnsAnswer[] = [],
): MaybePromise<readonly DnsAnswer[]> {
  if (answers.length === 0) return ready;
  return whenReady(answers[0], (answer) => allOf(answers.slice(1), [...ready, answer]));
}

function combine(answers: readonly DnsAnswer[]): AddressAnswer {
  const found = answers.filter((answer) => answer.kind === "found");
  const addresses = found.flatMap(({ records }) =>
    records.map(({ data, type }): HostAddress => ({ address: data, family: type === "AAAA" ? 6 : 4 })),
  );
  if (addresses.length > 0) {
    const [{ canonicalName }] = found;
    return { kind: "found", addresses, secure: found.every((answer) => answer.secure), canonicalName };
  }
  const failed = answers.find((answer) => answer.kind === "tempfail");
  if (failed) return failed;
  return answers.some((answer) => answer.kind === "nodata") ? { kind: "nodata" } : { kind: "nxdomain" };
}

/** The name of an address: hosts file, else its PTR record. Nobody has confirmed that name; see `confirms`. */
export function nameOfAddress(names: NameSources, address: string): MaybePromise<NameAnswer> {
  const canonical = canonicalAddress(address);
  if (canonical === undefined) return { kind: "missing" };
  const line = names.hosts.lineOf(canonical);
  if (line !== undefined) return { kind: "found", name: line.names[0] };
  return whenReady(names.resolver.query(reverseName(canonical), "PTR"), (answer): NameAnswer => {
    if (answer.kind === "found") return { kind: "found", name: answer.records[0].data };
    return answer.kind === "tempfail" ? answer : { kind: "missing" };
  });
}

/** Does the name lead back to the address? "tempfail" when that cannot be told now. */
export function confirms(names: NameSources, name: string, address: string): MaybePromise<boolean | "tempfail"> {
  const wanted = canonicalAddress(address);
  return whenReady(addressesOf(names, name, [isIPv6(address) ? 6 : 4]), (answer) => {
    if (answer.kind === "tempfail") return "tempfail";
    return answer.kind === "found" && answer.addresses.some((each) => canonicalAddress(each.address) === wanted);
  });
}
