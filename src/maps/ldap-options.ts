/**
 * The K line of the class ldap, with the flags of the option LDAPDefaultSpec below it. Says in sendmail's words what is
 * wrong; asks no server, but reads the file with the password.
 *
 *     -k filter   -v attribute[:TYPE[:objectClass|...]],...   -K %1.. in the filter   -n names   -V sep  name, sep, value
 *     -z sep  all values, joined     -1 only when there is one match     -2 the first entry of many
 *     -h hosts -p port | -H URIs     -b base     -s base|one|sub     -r never|always|search|find     -R no referrals
 *     -d DN   -M none|simple   -P file with the password   -w version   -c, -l seconds to connect, to search   -Z entries
 */
import { closeSync, readFileSync } from "node:fs";
import { explainUnopened, openSafely, type SafetyOptions } from "../sys/safe-file.ts";
import { COMMON_FORMS, type FlagSyntax, type MapFlags, parseFlags } from "./flags.ts";
import type { LdapAddress, LdapServerOptions, Scope } from "./ldap-server.ts";
import { readSeparator } from "./text.ts";

export type AttributeType = "NORMAL" | "DN" | "FILTER" | "URL";

export interface LdapAttribute {
  readonly name: string;
  readonly type: AttributeType;
  /** The entry must be of one of these classes, in lower case; empty: any entry. */
  readonly objectClasses: readonly string[];
}

export type Dereferencing = "never" | "always" | "search" | "find";

export interface LdapOptions {
  readonly server: LdapServerOptions;
  readonly base: string;
  readonly scope: Scope;
  readonly deref: Dereferencing;
  /** -R: what another server has is not wanted. */
  readonly ignoresReferrals: boolean;
  /** Seconds; 0: the server's own limit. */
  readonly timeLimit: number;
  /** Entries; 0: the server's own limit. */
  readonly sizeLimit: number;
  readonly filter: string;
  /** Empty: all user attributes. */
  readonly attributes: readonly LdapAttribute[];
  readonly separator: string | undefined;
  readonly nameSeparator: string | undefined;
  readonly namesOnly: boolean;
  readonly oneOnly: boolean;
  readonly firstEntry: boolean;
  readonly takesArguments: boolean;
}

const SCOPES: readonly Scope[] = ["base", "one", "sub"];
const DEREFERENCING: readonly Dereferencing[] = ["never", "always", "search", "find"];
const METHODS = ["none", "simple", "krbv4"] as const;
const TYPES: ReadonlySet<string> = new Set(["NORMAL", "DN", "FILTER", "URL"] satisfies AttributeType[]);

const CONNECT_TIMEOUT = 30_000;
const SEARCH_TIMEOUT = 60_000;
const LARGEST_SECRET = 1024;

export const LDAP_FLAGS: FlagSyntax = {
  forms: {
    ...COMMON_FORMS,
    ...Object.fromEntries(
      ["b", "c", "d", "h", "H", "l", "M", "p", "P", "r", "s", "V", "w", "Z"].map((f) => [f, "word"]),
    ),
    ...Object.fromEntries(["1", "2", "K", "n", "R", "x"].map((letter) => [letter, "switch"])),
  },
  quoted: true,
  unknown: (letter, mapName) => `Illegal option ${letter} map ${mapName}`,
};

/** @returns undefined when the line is of no use; what is wrong was reported */
export function readLdapOptions(
  name: string,
  flags: MapFlags,
  safety: SafetyOptions,
  problem: (text: string) => void,
): LdapOptions | undefined {
  let usable = true;
  const wrong = (text: string): undefined => {
    usable = false;
    problem(text);
    return undefined;
  };
  const method = oneOf(METHODS, "auth", flags.value("M")) ?? wrong(methodText(flags.value("M"), name)) ?? "none";
  if (method === "krbv4") wrong(`Method krbv4 for binding is not available in map ${name}`);
  const scope =
    oneOf(SCOPES, "scope", flags.value("s") ?? "sub") ??
    wrong(`Scope must be [base|one|sub] (not ${flags.value("s")}) in map ${name}`);
  const deref =
    oneOf(DEREFERENCING, "deref", flags.value("r") ?? "never") ??
    wrong(`Deref must be [never|always|search|find] (not ${flags.value("r")}) in map ${name}`);
  checkVersion(flags.value("w"), name, wrong);
  const filter = flags.value("k") ?? "";
  const attributes = readAttributes(flags.value("v") ?? "", name, wrong);
  const addresses = readAddresses(flags, name, wrong);
  const secret = flags.value("P");
  const password = secret === undefined ? "" : readSecret(secret, safety, wrong);
  if (usable && filter === "") wrong(`No filter given in map ${name}`);
  if (usable && attributes.length > 0 && !attributes.some(({ type }) => type === "NORMAL")) {
    wrong(`LDAP recursion requested in ${name} but no returnable attribute given`);
  }
  if (!usable || scope === undefined || deref === undefined || password === undefined) return undefined;
  const timeLimit = numberOf(flags.value("l"));
  return {
    server: {
      addresses,
      shown: flags.value("H") ?? flags.value("h") ?? "localhost",
      dn: method === "none" && flags.has("M") ? "" : (flags.value("d") ?? ""),
      password: method === "none" && flags.has("M") ? "" : password,
      connectTimeout: numberOf(flags.value("c")) * 1000 || CONNECT_TIMEOUT,
      timeout: timeLimit * 1000 || SEARCH_TIMEOUT,
    },
    base: flags.value("b") ?? "",
    scope,
    deref,
    ignoresReferrals: flags.has("R"),
    timeLimit,
    sizeLimit: numberOf(flags.value("Z")),
    filter,
    attributes,
    separator: readSeparator(flags.value("z")),
    nameSeparator: readSeparator(flags.value("V")),
    namesOnly: flags.has("n"),
    oneOnly: flags.has("1"),
    firstEntry: flags.has("2"),
    takesArguments: flags.has("K"),
  };
}

/** What a default for all maps of the class may not say: flags that belong to one map. */
const NOT_FOR_ALL: readonly (readonly [string, string])[] = [
  ["afmNoOqStTDA1", "non-LDAP specific flags"],
  ["k", "the LDAP search filter"],
  ["v", "the requested LDAP attributes"],
];

export interface LdapProblem {
  readonly text: string;
  /** Where the flag stands that it is about. */
  readonly offset: number;
  /** The machine refused something. */
  readonly system: boolean;
}

export interface LdapDefaults {
  readonly problems: readonly LdapProblem[];
  /** The flags without those that cannot be used; undefined: none of them count. */
  readonly usable: string | undefined;
}

/** What is wrong with the flags that hold for all maps of the class (LDAPDefaultSpec), in order, and what is left of them. */
export function checkLdapDefaults(text: string, name: string, safety: SafetyOptions): LdapDefaults {
  const problems: LdapProblem[] = [];
  const problem = (each: string, offset = 0): void =>
    void problems.push({ text: each, offset, system: each.includes(": cannot open") });
  const syntax = { ...LDAP_FLAGS, unknown: (letter: string) => `Illegal option ${letter} map ${name}` };
  const flags = parseFlags(text, syntax, name, [], problem);
  const left = new Map(flags.entries());
  if (problems.length > 0) return { problems, usable: flagsText(left) };
  for (const [letters, what] of NOT_FOR_ALL) {
    if (!letters.split("").some((letter) => flags.has(letter))) continue;
    const offset = text.search(new RegExp(`(?<=^|\\s)-[${letters}]`));
    problem(`readcf: option ${name.slice(2)}: Do not set ${what}`, Math.max(offset, 0));
    for (const letter of letters) left.delete(letter);
  }
  if (problems.length > 0) return { problems, usable: flagsText(left) };
  const value = (letter: string): string | undefined => (letter === "k" ? "-" : flags.value(letter));
  readLdapOptions(name, { ...flags, value }, safety, problem);
  if (problems.length === 0) return { problems, usable: text };
  // Without the password the directory may still answer; other flags that mean nothing leave no server to ask.
  left.delete("P");
  return { problems, usable: problems.every(({ system }) => system) ? flagsText(left) : undefined };
}

/** Flags as they are written in a map's line. */
function flagsText(flags: ReadonlyMap<string, string>): string {
  return Array.from(flags, ([letter, value]) =>
    LDAP_FLAGS.forms[letter] === "word" && !value.includes('"') ? `-${letter} "${value}"` : `-${letter}${value}`,
  ).join(" ");
}

function methodText(given: string | undefined, name: string): string {
  return `Method for binding must be [none|simple|krbv4] (not ${given}) in map ${name}`;
}

/** `sub`, `SUB`, `LDAP_SCOPE_SUB`. */
function oneOf<Word extends string>(words: readonly Word[], kind: string, given: string | undefined): Word | undefined {
  if (given === undefined) return words[0];
  const plain = given.toLowerCase().replace(`ldap_${kind}_`, "");
  return words.find((word) => word === plain);
}

/** Servers are always spoken to in version 3; 2, historic since RFC 3494, is accepted as it is sendmail's default. */
function checkVersion(given: string | undefined, name: string, wrong: (text: string) => void): void {
  if (given === undefined) return;
  const version = numberOf(given);
  if (version > 3) wrong(`LDAP version ${version} exceeds max of 3 in map ${name}`);
  if (version < 2) wrong(`LDAP version ${version} is lower than min of 2 in map ${name}`);
}

function readAttributes(list: string, name: string, wrong: (text: string) => void): LdapAttribute[] {
  const attributes: LdapAttribute[] = [];
  for (const part of list.split(",").map((each) => each.trim())) {
    if (part === "") continue;
    const [attribute, type = "NORMAL", classes = ""] = part.split(":");
    const kind = type.trim().toUpperCase();
    if (!TYPES.has(kind)) {
      wrong(`Unknown attribute type (${type}) in ${name}`);
      continue;
    }
    const objectClasses = classes.split("|").flatMap((each) => (each.trim() === "" ? [] : [each.trim().toLowerCase()]));
    attributes.push({ name: attribute.trim(), type: kind as AttributeType, objectClasses });
  }
  return attributes;
}

function readAddresses(flags: MapFlags, name: string, wrong: (text: string) => void): readonly LdapAddress[] {
  const uris = flags.value("H");
  const hosts = flags.value("h");
  const port = numberOf(flags.value("p")) || undefined;
  if (uris === undefined) return wordsOf(hosts ?? "localhost").map((host) => readHost(host, port));
  if (hosts !== undefined) wrong(`Can not specify both an LDAP host and an LDAP URI in map ${name}`);
  return wordsOf(uris).flatMap((uri) => {
    const address = readLdapAddress(uri, port);
    if (address === undefined) wrong(`LDAP URI must be ldap://, ldaps:// or ldapi:// (not ${uri}) in map ${name}`);
    return address ?? [];
  });
}

/** `host`, `host:port`, `[::1]:port`, `::1`. */
function readHost(text: string, port: number | undefined): { host: string; port: number; secure: boolean } {
  const found = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text);
  const given = found?.[3] === undefined ? port : Number(found[3]);
  return { host: found?.[1] ?? found?.[2] ?? text, port: given ?? 389, secure: false };
}

/** `ldap://host:port`, `ldaps://host`, `ldapi://%2Fpath%2Fof%2Fsocket`. What follows the host is not looked at. */
export function readLdapAddress(uri: string, port?: number): LdapAddress | undefined {
  const found = /^(ldap|ldaps|ldapi):\/\/([^/?]*)/i.exec(uri);
  if (!found) return undefined;
  const scheme = found[1].toLowerCase();
  try {
    if (scheme === "ldapi") return { path: decodeURIComponent(found[2]) || "/run/slapd/ldapi" };
  } catch {
    return undefined;
  }
  const secure = scheme === "ldaps";
  return { ...readHost(found[2] || "localhost", port ?? (secure ? 636 : 389)), secure };
}

/** The first line of the file. */
function readSecret(path: string, safety: SafetyOptions, wrong: (text: string) => undefined): string | undefined {
  const opened = openSafely(Buffer.from(path, "latin1").toString("utf8"), "authInfo", safety);
  if (opened.kind !== "open") return wrong(`LDAP map: cannot open secret ${path}: ${explainUnopened(opened)}`);
  try {
    const text = readFileSync(opened.fd, "latin1").slice(0, LARGEST_SECRET);
    return text.split(/\r?\n/, 1)[0];
  } catch (error) {
    return wrong(`LDAP map: cannot read secret ${path}: ${(error as Error).message}`);
  } finally {
    closeSync(opened.fd);
  }
}

function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

function numberOf(text: string | undefined): number {
  const number = Number.parseInt(text ?? "", 10);
  return number > 0 ? number : 0;
}
