/**
 * Keys as opendkim's tables name them, for sites that have them:
 *
 *     KeyTable         NAME      DOMAIN:SELECTOR:/PATH/OF/KEY      (DOMAIN and the path: % is the domain of the sender)
 *     SigningTable     ADDRESS   NAME[,NAME...]
 *
 * An address is found as opendkim does it: the whole address, its domain, user@.parent for each domain that it lies below,
 * .parent, user@*, *. A table named `refile:/PATH` has patterns in which * is any text; the first that fits counts. All lines
 * with the key that fitted sign (there one alone does, unless MultipleSignatures is set).
 */
import { KeyProblem, type KeyFiles } from "./key-files.ts";

export interface KeyTableEntry {
  readonly domain: string;
  readonly selector: string;
  readonly path: string;
}

export interface SigningTable {
  /** Names of keys, in their order; none: the address is not signed for. */
  find(address: string): readonly string[];
  /** All names, for checks. */
  readonly names: ReadonlySet<string>;
}

/** A table's kind and file: "refile:/etc/opendkim/SigningTable"; `file:` is what there is without a kind. */
export function tableFile(text: string): { readonly patterns: boolean; readonly path: string } {
  const [, kind = "", path] = /^(?:(file|refile):)?(.*)$/s.exec(text.trim()) ?? [];
  return { patterns: kind === "refile", path };
}

interface Line {
  readonly key: string;
  readonly value: string;
  readonly at: string;
}

function* linesOf(octets: Buffer, path: string): Generator<Line> {
  for (const [index, line] of octets.toString("latin1").split("\n").entries()) {
    const plain = line.replace(/#.*/, "").trim();
    if (plain === "") continue;
    const at = `${path}:${index + 1}`;
    const [, key, value] = /^(\S+)\s+(.*)$/s.exec(plain) ?? [];
    if (key === undefined)
      throw new KeyProblem(`${at}:1: "${plain}" stands alone: a line is a key, blanks, and its value`);
    yield { key, value, at };
  }
}

/** Throws KeyProblem with file and line. */
export function readKeyTable(files: KeyFiles, text: string): ReadonlyMap<string, KeyTableEntry> {
  const { path } = tableFile(text);
  return files.read(path, "map", (octets) => keyTableIn(octets, path));
}

function keyTableIn(octets: Buffer, table: string): ReadonlyMap<string, KeyTableEntry> {
  const found = new Map<string, KeyTableEntry>();
  for (const { key, value, at } of linesOf(octets, table)) {
    const [domain, selector, ...rest] = value.split(":");
    const path = rest.join(":").trim();
    if (!path.startsWith("/")) {
      const form = "NAME  DOMAIN:SELECTOR:/PATH, with the whole path of a file";
      throw new KeyProblem(`${at}:1: "${value}" names no key: a line is ${form}`);
    }
    found.set(key, { domain: domain.trim().toLowerCase(), selector: selector.trim().toLowerCase(), path });
  }
  return found;
}

/** Throws KeyProblem with file and line. */
export function readSigningTable(files: KeyFiles, text: string): SigningTable {
  const { patterns, path } = tableFile(text);
  return files.read(path, "map", (octets) => signingTableIn(octets, path, patterns));
}

function signingTableIn(octets: Buffer, path: string, patterns: boolean): SigningTable {
  const rows = new Map<string, string[]>();
  for (const { key, value } of linesOf(octets, path)) {
    // A second word would be the identity to show (i=), which has to be in the domain: it is the domain.
    const names = value.split(/\s/)[0].split(",").filter(Boolean);
    const lower = key.toLowerCase();
    rows.set(lower, [...(rows.get(lower) ?? []), ...names]);
  }
  const names = new Set([...rows.values()].flat());
  return { names, find: patterns ? byPattern(rows) : byLookup(rows) };
}

function byPattern(rows: ReadonlyMap<string, readonly string[]>): SigningTable["find"] {
  const compiled = [...rows].map(([pattern, names]) => ({ parts: pattern.split("*"), names }));
  return (address) => {
    const lower = address.toLowerCase();
    return compiled.find(({ parts }) => fits(lower, parts))?.names ?? [];
  };
}

/** Whether a text is the parts, in their order, with any text between them. */
function fits(text: string, parts: readonly string[]): boolean {
  const [first, ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  const end = text.length - last.length;
  let position = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, position);
    if (found < 0 || found + part.length > end) return false;
    position = found + part.length;
  }
  return true;
}

function byLookup(rows: ReadonlyMap<string, readonly string[]>): SigningTable["find"] {
  return (address) => {
    for (const key of lookups(address.toLowerCase())) {
      const names = rows.get(key);
      if (names !== undefined) return names;
    }
    return [];
  };
}

function* lookups(address: string): Generator<string> {
  const at = address.lastIndexOf("@");
  const user = address.slice(0, at);
  const domain = address.slice(at + 1);
  const parents = [...domain.matchAll(/\./g)].map(({ index }) => domain.slice(index));
  yield address;
  yield domain;
  for (const parent of parents) yield `${user}@${parent}`;
  yield* parents;
  yield `${user}@*`;
  yield "*";
}
