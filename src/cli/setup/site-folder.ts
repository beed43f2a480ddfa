/** What is made from the texts of a site: the configuration, and databases of its tables. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { DatabaseBuilder } from "../../maps/build.ts";
import { databasePath, isForeignDatabase, pathToWrite } from "../../maps/database-file.ts";
import { parseSourceLine, PLAIN_SOURCE } from "../../maps/source-text.ts";
import { compileMc } from "../../mc/compile.ts";
import { readText, shippedLibrary } from "../../mc/library.ts";
import { reportAll } from "../../source/report.ts";
import { formatSourceMap, sourceMapPath } from "../../source/source-map.ts";
import type { Outcome } from "./planned-file.ts";

/** Everybody's commands read it. */
const READABLE = 0o644;

export type Compiled =
  | { readonly kind: "failed"; readonly problems: string }
  | (Outcome & { readonly problems: string });

/** Compiles an .mc beside it, with its source map, where there is no .cf yet. */
export function compileBeside(mc: string, cf: string): Compiled {
  const library = shippedLibrary();
  const result = compileMc({ file: mc }, { library });
  const problems = reportAll(result.diagnostics, readText);
  if (!result.complete || result.diagnostics.some(({ severity }) => severity === "error"))
    return { kind: "failed", problems };
  if (statSync(cf, { throwIfNoEntry: false }) !== undefined) {
    const same = withoutComments(readFileSync(cf, "latin1")) === withoutComments(result.text);
    return same
      ? { kind: "same", path: cf, problems }
      : { kind: "differs", path: cf, problems, changes: [compileLine(mc, cf)] };
  }
  writeFileSync(cf, result.text, { encoding: "latin1", mode: READABLE, flag: "wx" });
  const made = { source: resolve(mc), with: {} };
  writeFileSync(sourceMapPath(cf), formatSourceMap(result.text, result, library.root, made), { mode: READABLE });
  return { kind: "written", path: cf, problems };
}

/** Who compiled it, and when, stands in comments. */
function withoutComments(text: string): string {
  return text.replaceAll(/^#.*\n/gm, "");
}

function compileLine(mc: string, cf: string): string {
  return `rulemail mc -o ${cf} ${mc}`;
}

/** Builds the database of a table that is not there, or that is behind its text. @returns what is wrong with lines */
export function buildTable(
  mapClass: string,
  source: string,
): { readonly outcome: Outcome; readonly problems: readonly string[] } {
  const path = pathToWrite(databasePath(mapClass, source));
  const built = statSync(path, { throwIfNoEntry: false });
  if (built !== undefined && !isForeignDatabase(path) && built.mtimeMs >= statSync(source).mtimeMs)
    return { outcome: { kind: "same", path }, problems: [] };
  const builder = new DatabaseBuilder("refuse");
  const problems: string[] = [];
  for (const [index, line] of readFileSync(source, "latin1").split("\n").entries()) {
    const entry = parseSourceLine(line, PLAIN_SOURCE);
    if (entry === undefined) continue;
    if ("problem" in entry) problems.push(`${source}:${index + 1}: ${entry.problem}`);
    else if (!builder.add(entry.key, entry.value))
      problems.push(`${source}:${index + 1}: key ${entry.key}: duplicate key`);
  }
  builder.write(path, { mode: READABLE });
  return { outcome: { kind: "written", path }, problems };
}
