/**
 * The class ldap: values of attributes of the entries that a search in a directory finds.
 *
 *     Kusers ldap -H ldap://directory.example.org -b dc=example,dc=org -k (&(objectClass=person)(mail=%0)) -v uid
 *
 * The flags are in ldap-options.ts. The first value counts, with -z all of them, entry by entry in the order of the
 * server. Values of attributes of the types DN, FILTER and URL are searched in turn, each once. Whatever the server says
 * instead of a complete result is a temporary failure.
 */
import { EX } from "../sys/sysexits.ts";
import type { LookupContext } from "../rewriting/lookup-map.ts";
import type { MapEnvironment } from "./environment.ts";
import { fillFilter, readableFilter } from "./ldap-filter.ts";
import {
  type AttributeType,
  type LdapAttribute,
  type LdapOptions,
  LDAP_FLAGS,
  readLdapOptions,
} from "./ldap-options.ts";
import { type LdapEntry, LdapServer, type LdapServerOptions, type Scope } from "./ldap-server.ts";
import { type BareMap, type BareResult, found, type MapClass, tempfail } from "./map-class.ts";
import { parseLdapUrl } from "./ldap-url.ts";

const UNKNOWN: BareResult = { kind: "missing", status: EX.NOHOST };

/** Searches that one look-up may lead to, by recursion. */
const MOST_SEARCHES = 200;
/** Octets of a result. */
const LONGEST_VALUE = 4 * 1024 * 1024;

export const ldapClass: MapClass = {
  flags: LDAP_FLAGS,
  defaultFlags: (environment) => environment.ldapDefaultSpec?.() ?? "",
  open({ declaration: { name }, flags, environment, problem }): BareMap | undefined {
    const options = readLdapOptions(name, flags, environment, problem);
    if (options === undefined) return undefined;
    const server = serverOf(environment, options.server);
    const optional = flags.has("o");
    let told = false;
    /** -o is about a server that is not there when the map is first used; one that goes away later is trouble. */
    let reached = false;
    return {
      async find(key, args, context) {
        const filter = fillFilter(options.filter, key, options.takesArguments ? args : undefined);
        const outcome = await collect({ base: options.base, scope: options.scope, filter }, options, server);
        if (outcome.kind === "values" || (outcome.kind === "failed" && outcome.phase === "search")) reached = true;
        if (outcome.kind === "values") {
          told = false;
          return choose(outcome, options);
        }
        if (outcome.kind === "badFilter")
          return report(`Error in ldap_search in map ${name}: Bad search filter`, context);
        if (outcome.phase === "search") {
          return report(`Error getting LDAP results, map=${name}, name=${key}: ${outcome.problem}`, context);
        }
        if (optional && !reached) return UNKNOWN;
        const text = `ldap_init/ldap_bind failed to ${options.server.shown} in map ${name}: ${outcome.problem}`;
        if (told) return tempfail(text);
        told = true;
        return report(text, context);
      },
      close: () => server.close(),
    };
  },
};

function report(text: string, context: LookupContext): BareResult {
  context.message?.(text);
  return tempfail(text);
}

/** Maps of one configuration that name the same server in the same way share its connection. */
const servers = new WeakMap<MapEnvironment, Map<string, LdapServer>>();

function serverOf(environment: MapEnvironment, options: LdapServerOptions): LdapServer {
  const known = servers.get(environment) ?? new Map<string, LdapServer>();
  servers.set(environment, known);
  const name = JSON.stringify(options);
  const server = known.get(name) ?? new LdapServer(options);
  known.set(name, server);
  return server;
}

interface Query {
  readonly base: string;
  readonly scope: Scope;
  readonly filter: string;
  /** What to ask for when it is not what the K line says. */
  readonly attributes?: readonly string[];
}

type Outcome =
  /** `entries`: how many the first search found. */
  | { readonly kind: "values"; readonly values: readonly string[]; readonly entries: number }
  | { readonly kind: "failed"; readonly phase: "connect" | "search"; readonly problem: string }
  | { readonly kind: "badFilter" };

/** Searches, and searches what was found to be searched, until nothing new turns up. */
async function collect(first: Query, options: LdapOptions, server: LdapServer): Promise<Outcome> {
  const values: string[] = [];
  const queries: Query[] = [first];
  const seen = new Set<string>();
  let entries: number | undefined;
  let length = 0;
  for (const query of queries) {
    const identity = JSON.stringify([query.base, query.scope, query.filter, query.attributes]);
    if (seen.has(identity)) continue;
    seen.add(identity);
    if (seen.size > MOST_SEARCHES) return { kind: "failed", phase: "search", problem: "too many searches in turn" };
    const filter = readableFilter(query.filter);
    if (filter === undefined) return { kind: "badFilter" };
    const answer = await server.search({ ...query, ...searchOptions(query, options), filter });
    if (answer.kind === "failed") return answer;
    if (options.sizeLimit > 0 && answer.entries.length > options.sizeLimit) {
      return { kind: "failed", phase: "search", problem: "Size limit exceeded" };
    }
    if (answer.referred && answer.entries.length === 0 && !options.ignoresReferrals) {
      return { kind: "failed", phase: "search", problem: "Referral" };
    }
    entries ??= answer.entries.length;
    const used = options.firstEntry ? answer.entries.slice(0, 1) : answer.entries;
    for (const entry of used) {
      for (const { type, text } of readEntry(entry, query, options)) {
        if (type !== "NORMAL") {
          const next = followUp(type, text, options);
          if (next === undefined) return { kind: "badFilter" };
          queries.push(next);
          continue;
        }
        values.push(text);
        if ((length += text.length) > LONGEST_VALUE) {
          return { kind: "failed", phase: "search", problem: "result is too long" };
        }
      }
    }
    // Without -z the rest is of no interest, unless it would show that there is more than one match.
    if (options.separator === undefined && !options.oneOnly && values.length > 0) break;
  }
  return { kind: "values", values, entries: entries ?? 0 };
}

function searchOptions(query: Query, { deref, timeLimit, attributes }: LdapOptions) {
  const wanted = query.attributes ?? attributes.map(({ name }) => name);
  // The object classes are for conditions; alone they would be no answer to "all attributes".
  return { deref, timeLimit, attributes: wanted.length === 0 ? [] : ["objectClass", ...wanted] };
}

interface EntryValue {
  readonly type: AttributeType;
  readonly text: string;
}

/** What an entry gives, in its own order: values (with -n names, with -V both) and what is to be searched next. */
function* readEntry(entry: LdapEntry, query: Query, options: LdapOptions): Generator<EntryValue> {
  const wanted = new Map(options.attributes.map((each) => [each.name.toLowerCase(), each]));
  const classes = entry.find(([name]) => name.toLowerCase() === "objectclass")?.[1] ?? [];
  const all = query.attributes === undefined ? options.attributes.length === 0 : true;
  for (const [name, values] of entry) {
    const plain = name.toLowerCase().split(";", 1)[0];
    const attribute = wanted.get(plain) ?? (all && plain !== "objectclass" ? normal(name) : undefined);
    if (attribute === undefined || values.length === 0 || !appliesTo(attribute, classes)) continue;
    if (options.namesOnly && attribute.type === "NORMAL") {
      yield { type: "NORMAL", text: name };
      continue;
    }
    for (const value of values) {
      const named = attribute.type === "NORMAL" && options.nameSeparator !== undefined;
      yield { type: attribute.type, text: named ? `${name}${options.nameSeparator}${value}` : value };
    }
  }
}

function normal(name: string): LdapAttribute {
  return { name, type: "NORMAL", objectClasses: [] };
}

function appliesTo({ objectClasses }: LdapAttribute, classes: readonly string[]): boolean {
  return objectClasses.length === 0 || classes.some((each) => objectClasses.includes(each.toLowerCase()));
}

/** The search that a value asks for; URLs are asked of the same server, whatever host they name. */
function followUp(type: Exclude<AttributeType, "NORMAL">, text: string, options: LdapOptions): Query | undefined {
  if (type === "DN") return { base: text, scope: options.scope, filter: "(objectClass=*)" };
  if (type === "FILTER") return { base: options.base, scope: options.scope, filter: text };
  return parseLdapUrl(text);
}

/** -1: nothing unless there is one match; of several values without -z the first is one match. */
function choose({ values, entries }: Extract<Outcome, { kind: "values" }>, options: LdapOptions): BareResult {
  const { separator, oneOnly } = options;
  if (values.length === 0) return UNKNOWN;
  if (separator === undefined) return oneOnly && entries > 1 ? UNKNOWN : found(values[0]);
  return oneOnly && values.length > 1 ? UNKNOWN : found(values.join(separator));
}
