/** The new site while main.cf is read: lines of site.mc by their place in it, and lines of tables. */
import type { Expectation, Leftover } from "../migrated-site.ts";
import { aliasEntries, type TableEntry, tableEntries, textOf } from "../text-lines.ts";
import { type MainCf, namedTable } from "./main-cf.ts";

/** Parts of site.mc, in their order. */
export type Part =
  | "names"
  | "files"
  | "local"
  | "ports"
  | "tls"
  | "next"
  | "recipients"
  | "senders"
  | "access"
  | "limits"
  | "filters";

export type TableName =
  | "access"
  | "aliases"
  | "authinfo"
  | "genericstable"
  | "local-host-names"
  | "mailertable"
  | "relay-domains"
  | "virtual-domains"
  | "virtusertable";

export class Draft {
  readonly main: MainCf;
  readonly #parts = new Map<Part, string[]>();
  readonly #tables = new Map<TableName, string[]>();
  readonly #leftovers: Leftover[] = [];
  readonly #expectations: Expectation[] = [];
  readonly privacy = new Set(["authwarnings", "restrictqrun"]);
  /** Mailers beside local and smtp. */
  readonly mailers = new Set<string>();

  constructor(main: MainCf) {
    this.main = main;
  }

  get leftovers(): readonly Leftover[] {
    return this.#leftovers.toSorted((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
  }

  get expectations(): readonly Expectation[] {
    return this.#expectations;
  }

  /** A line of site.mc, once. */
  add(part: Part, line: string): void {
    const lines = this.#parts.get(part);
    if (lines === undefined) this.#parts.set(part, [line]);
    else if (!lines.includes(line)) lines.push(line);
  }

  define(part: Part, name: string, value: string): void {
    this.add(part, `define(\`${name}', \`${value}')`);
  }

  linesOf(part: Part): readonly string[] {
    return this.#parts.get(part) ?? [];
  }

  put(table: TableName, line: string): void {
    const lines = this.#tables.get(table);
    if (lines === undefined) this.#tables.set(table, [line]);
    else if (!lines.includes(line)) lines.push(line);
  }

  tableLines(table: TableName): readonly string[] {
    return this.#tables.get(table) ?? [];
  }

  /** What becomes of a setting that is not carried over. */
  leave(name: string, text: string): void {
    this.leaveAt(this.main.file, this.main.lineOf(name), `${name}: ${text}`);
  }

  leaveAt(file: string, line: number, text: string): void {
    this.#leftovers.push({ file, line, text });
  }

  expect(address: string, words: readonly string[], file: string, line: number): void {
    this.#expectations.push({ address, words, file, line });
  }

  /** The address goes where all of these go. */
  expectSame(
    address: string,
    sameAs: readonly string[],
    { file, line }: { readonly file: string; readonly line: number },
  ): void {
    this.#expectations.push({ address, words: [], sameAs, file, line });
  }

  /** Entries of the tables that a setting names; those without a text are left, and told of. */
  entriesOf(name: string, kind: "table" | "aliases" = "table"): readonly (TableEntry & { readonly file: string })[] {
    return this.main.list(name).flatMap((word) => this.entriesIn(name, word, kind));
  }

  /** The same of one table: `hash:/etc/postfix/virtual`. */
  entriesIn(
    name: string,
    word: string,
    kind: "table" | "aliases" = "table",
  ): readonly (TableEntry & { readonly file: string })[] {
    const { path, kind: type } = namedTable(word);
    if (path === undefined) {
      this.leave(name, `a table of type ${type === "" ? `"${word}"` : type} has no text that could be read: ${word}`);
      return [];
    }
    const text = textOf(path);
    if (text === undefined) {
      this.leave(name, `${path} cannot be read`);
      return [];
    }
    const read = kind === "aliases" ? aliasEntries : tableEntries;
    return read(text).map((entry) => ({ ...entry, file: path }));
  }
}
