/**
 * The canonical form of a host name, as `$[ name $]`, the host map and `/canon` of test mode want it.
 *
 * A name counts as existing when it has an A, AAAA or MX record. Short names go through the search list; aliases are
 * replaced by what they stand for. The result has no final dot; whoever wants one adds it.
 */
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import { type HostService, type NameSources } from "./names.ts";
import type { DnsAnswer, RecordType } from "./resolver.ts";

export type NameAnswer =
  | { readonly kind: "found"; readonly name: string }
  | { readonly kind: "missing" }
  | { readonly kind: "tempfail"; readonly reason: string };

const MISSING: NameAnswer = { kind: "missing" };

/** Canonifies a name; a final dot says that it is complete already. */
export function canonify(names: NameSources, name: string): MaybePromise<NameAnswer> {
  if (name === "" || name === "." || /\.\.|\s/.test(name)) return MISSING;
  return inOrder(names, name);
}

const SERVICES: Readonly<Record<HostService, (names: NameSources, name: string) => MaybePromise<NameAnswer>>> = {
  dns: fromDns,
  files: fromHostsFile,
};

/** The first answer that is a name; a failure that was met on the way outlives "missing". No closures: each address asks this. */
function inOrder(names: NameSources, name: string, index = 0, so: NameAnswer = MISSING): MaybePromise<NameAnswer> {
  for (let at = index; at < names.services.length; at++) {
    const answer = SERVICES[names.services[at]](names, name);
    if (isPromise(answer)) {
      const before = so;
      return answer.then((later) =>
        later.kind === "found" ? later : inOrder(names, name, at + 1, before.kind === "tempfail" ? before : later),
      );
    }
    if (answer.kind === "found") return answer;
    if (so.kind !== "tempfail") so = answer;
  }
  return so;
}

function fromHostsFile(names: NameSources, name: string): NameAnswer {
  const [line] = names.hosts.linesOf(name.replace(/\.$/, ""));
  if (line === undefined) return MISSING;
  const qualified = line.names.find((each) => each.includes("."));
  if (qualified !== undefined) return { kind: "found", name: qualified };
  return { kind: "found", name: names.domain === "" ? line.names[0] : `${line.names[0]}.${names.domain}` };
}

function fromDns(names: NameSources, name: string): MaybePromise<NameAnswer> {
  if (!isTriedFirst(name, names.machine)) return inTurn(names, candidates(name, names.machine), 0);
  // Mostly there is such a name, and no list of others has to be made.
  const answer = lookUp(names, withoutFinalDot(name));
  return isPromise(answer) ? answer.then((later) => orOthers(names, name, later)) : orOthers(names, name, answer);
}

function orOthers(names: NameSources, name: string, first: NameAnswer): MaybePromise<NameAnswer> {
  return first.kind === "missing" ? inTurn(names, candidates(name, names.machine), 1) : first;
}

/** Like inOrder, but a failure ends the search: the name that cannot be asked for may be the right one. */
function inTurn(names: NameSources, items: readonly string[], index: number): MaybePromise<NameAnswer> {
  for (let at = index; at < items.length; at++) {
    const answer = lookUp(names, items[at]);
    if (isPromise(answer)) {
      return answer.then((later) => (later.kind === "missing" ? inTurn(names, items, at + 1) : later));
    }
    if (answer.kind !== "missing") return answer;
  }
  return MISSING;
}

/** The name itself is the first of its candidates. */
function isTriedFirst(name: string, { search, ndots }: NameSources["machine"]): boolean {
  if (name.endsWith(".")) return true;
  let dots = 0;
  for (let at = name.indexOf("."); at >= 0; at = name.indexOf(".", at + 1)) dots++;
  return dots > 0 && (dots >= ndots || search.length === 0);
}

function withoutFinalDot(name: string): string {
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

/**
 * Complete names to try: a final dot allows just one; a name with fewer dots than `ndots` is tried under each search
 * domain first. A name without any dot is never tried by itself: top-level domains have no mail of their own.
 */
export function candidates(name: string, machine: NameSources["machine"]): string[] {
  if (name.endsWith(".")) return [withoutFinalDot(name)];
  if (machine.search.length === 0) return name.includes(".") ? [name] : [];
  const dots = name.split(".").length - 1;
  const searched = machine.search.map((domain) => `${name}.${domain}`);
  if (dots === 0) return searched;
  return dots >= machine.ndots ? [name, ...searched] : [...searched, name];
}

/**
 * MX first, where it says something: most names are those of domains with mail, whose exchangers are asked for anyway. Then A
 * and AAAA, one after the other.
 */
const TYPES: readonly RecordType[] = ["MX", "A", "AAAA"];
const WITHOUT_MX: readonly RecordType[] = ["A", "AAAA"];

/** The first type that there is; a failure that was met on the way outlives "missing". */
function lookUp(
  names: NameSources,
  name: string,
  types = names.wildcardMx ? WITHOUT_MX : TYPES,
  index = 0,
  so: NameAnswer = MISSING,
): MaybePromise<NameAnswer> {
  for (let at = index; at < types.length; at++) {
    const answer = names.resolver.query(name, types[at]);
    if (isPromise(answer)) {
      const before = so;
      return answer.then((later) => {
        if (later.kind === "found") return found(names, name, later.canonicalName);
        return later.kind === "nxdomain" ? before : lookUp(names, name, types, at + 1, worse(before, later));
      });
    }
    if (answer.kind === "found") return found(names, name, answer.canonicalName);
    // "No such name" holds for all types.
    if (answer.kind === "nxdomain") return so;
    so = worse(so, answer);
  }
  return so;
}

function worse(before: NameAnswer, answer: DnsAnswer): NameAnswer {
  return answer.kind === "tempfail" && before.kind !== "tempfail" ? answer : before;
}

function found(names: NameSources, name: string, canonical: string): NameAnswer {
  return { kind: "found", name: names.keepAliases ? name : caseAsAsked(canonical, name) };
}

/** Names differ in letter case only when they are the same name: then the spelling that was asked for stays. */
function caseAsAsked(canonical: string, asked: string): string {
  return canonical.length === asked.length && canonical === asked.toLowerCase() ? asked : canonical;
}
