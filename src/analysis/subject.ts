/**
 * The configuration that is looked at: the loaded Config, the lines it was read from, and where those came from.
 *
 * It knows nothing of the macro compiler; whoever compiles an .mc brings the origins of its lines along.
 */
import type { ConfigLine } from "../cf/ast.ts";
import { parseLine } from "../cf/parse-line.ts";
import { readLines, withoutComment } from "../cf/read-lines.ts";
import type { Config } from "../config/config.ts";
import { readMacroText } from "../rewriting/macro-text.ts";
import type { Diagnostic } from "../source/diagnostic.ts";

/** Where a line of a compiled configuration came from. */
export interface LineOrigin {
  /** Line of the .mc file that led to it. */
  readonly line: number;
  /** True when the text was written by the user, not by the macro library. */
  readonly own: boolean;
}

/** A command of the configuration, in value form. */
export interface Statement {
  readonly node: ConfigLine;
  readonly text: string;
  /** Physical lines, counted from 1. */
  readonly first: number;
  readonly last: number;
}

export interface Subject {
  /** The file as the user named it: .cf or .mc. */
  readonly file: string;
  readonly config: Config;
  readonly statements: readonly Statement[];
  /** What reading said; `at.line` counts lines of the .cf. */
  readonly diagnostics: readonly Diagnostic[];
  /** True for a .cf that says of itself that it was compiled from an .mc. */
  readonly generated: boolean;
  /** True when the configuration is for this machine, so that what it names has to be there. */
  readonly here?: boolean;
  /** Origin of a line of the .cf; absent when the user brought a .cf. */
  readonly origin?: (line: number) => LineOrigin | undefined;
  /** For a .cf with a source map: where a line came from, as in `site.mc:12 FEATURE(access_db)`. */
  readonly source?: (line: number) => string | undefined;
}

/** How compiled files warn those who would change them: ours, and those of other libraries ("edit the source .mc file"). */
const GENERATED = /^#.*\b(?:from a|edit the source) \.mc file/im;
/** The warning stands at the top, below a licence at most. */
const TOP = 10_000;

export function isGenerated(text: string): boolean {
  return GENERATED.test(text.slice(0, TOP));
}

/** Reads the commands of a .cf text, without applying them. */
export function readStatements(text: string): Statement[] {
  const statements: Statement[] = [];
  let level = 0;
  for (const line of readLines(text)) {
    const source = withoutComment(line.text, level >= 3);
    if (source === "") continue;
    // As the loader does it: a dollar at the end is just a dollar.
    const value = readMacroText(source.replace(/\$(?:\$|$)/g, "$$$$")).text;
    const node = parseLine(value);
    if (node.kind === "version") level = Number.parseInt(node.level, 10) || 0;
    statements.push({ node, text: value, first: line.first, last: line.last });
  }
  return statements;
}
