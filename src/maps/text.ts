/**
 * The class text: a file of lines with columns. -k and -v say which column is the key and which the value (0 is the
 * first, and the default of both), -z which character separates columns (white space unless told).
 *
 *     Kusers text -k0 -v2 -z: /etc/mail/users
 *
 * Lines that begin with # are comments. The first line with the key counts. Letter case never does, -f or not: sendmail compares so.
 */
import { readFileSync } from "node:fs";
import { foldCase } from "../rewriting/fold-case.ts";
import type { LookupContext } from "../rewriting/lookup-map.ts";
import { EX } from "../sys/sysexits.ts";
import { COMMON_FLAGS, type MapFlags } from "./flags.ts";
import { type BareMap, type BareResult, found, type MapClass, tempfail } from "./map-class.ts";
import { WatchedFile } from "./watched-file.ts";

const NOT_THERE: BareResult = { kind: "missing", status: EX.NOHOST };

export const textClass: MapClass = {
  flags: COMMON_FLAGS,
  open({ declaration: { name }, flags, environment, problem }): BareMap | undefined {
    const path = flags.firstWord;
    if (path === "") {
      problem(`No file name for text map ${name}`);
      return undefined;
    }
    const columns = readColumns(flags);
    const optional = flags.has("o") || environment.missingTablesAreEmpty === true;
    let told: string | undefined;
    const tell = (trouble: string, context: LookupContext): BareResult => {
      if (trouble !== told) context.message?.(trouble);
      told = trouble;
      return tempfail(trouble);
    };
    if (!path.startsWith("/")) {
      return neverOpen((context) => tell(`text map "${name}": file name must be fully qualified`, context));
    }
    if ("wrong" in columns) {
      const trouble = `text map "${name}", file ${path}: -${columns.letter} should specify a number, not ${columns.wrong}`;
      return neverOpen((context) => tell(trouble, context));
    }
    const file = new WatchedFile({
      path,
      use: "map",
      safety: environment,
      clock: environment.clock,
      plain: true,
      load: (fd) => readTable(readFileSync(fd, "latin1"), columns),
    });
    const table = (context: LookupContext): ReadonlyMap<string, string> | BareResult => {
      const state = file.current();
      if (state.kind === "open") return state.content;
      if (optional && state.kind === "absent") return NOT_THERE;
      return tell(`text map "${name}": unsafe map file ${path}`, context);
    };
    return {
      find(key, _args, context) {
        const content = table(context);
        if ("kind" in content) return content;
        const value = key === "" ? undefined : content.get(foldCase(key));
        return value === undefined ? NOT_THERE : found(value);
      },
      prepare: (context) => void table(context),
      available: () => file.current().kind === "open",
      close: () => file.close(),
    };
  },
};

function neverOpen(tell: (context: LookupContext) => BareResult): BareMap {
  return {
    find: (_key, _args, context) => tell(context),
    prepare: (context) => void tell(context),
    available: () => false,
  };
}

interface Columns {
  readonly key: number;
  readonly value: number;
  /** undefined: white space. */
  readonly separator: string | undefined;
}

function readColumns(flags: MapFlags): Columns | { readonly letter: string; readonly wrong: string } {
  const key = flags.value("k") ?? "0";
  if (!/^\d/.test(key)) return { letter: "k", wrong: key };
  const value = flags.value("v") ?? "0";
  if (!/^\d/.test(value)) return { letter: "v", wrong: value };
  return {
    key: Number.parseInt(key, 10),
    value: Number.parseInt(value, 10),
    separator: readSeparator(flags.value("z")),
  };
}

/** -z: one character; `\n` and `\t` are what they are in C. */
export function readSeparator(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  if (text.startsWith("\\n")) return "\n";
  if (text.startsWith("\\t")) return "\t";
  return text[0];
}

function readTable(text: string, { key, value, separator }: Columns): ReadonlyMap<string, string> {
  const table = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) continue;
    const columns = separator === undefined ? splitAtBlanks(line) : line.split(separator);
    if (columns[key] === undefined || columns[value] === undefined) continue;
    const folded = foldCase(columns[key]);
    if (!table.has(folded)) table.set(folded, columns[value]);
  }
  return table;
}

/**
 * Blanks at the end of a line make an empty column. Those at its start count as a separator, but column 0 is never empty
 * because of them: `  a b` has the columns a, a, b. So it is in sendmail.
 */
function splitAtBlanks(line: string): string[] {
  const first = line.search(/[^ \t-\r]/);
  const columns = line.slice(first < 0 ? line.length : first).split(/[ \t]+/);
  return first === 0 || line === "" ? columns : [columns[0], ...columns];
}
