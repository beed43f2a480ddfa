/**
 * Prints a diagnostic the way compilers do: place, severity, message, the quoted line and a caret.
 *
 *     mail.cf:12:7: error: unknown option name LogLevl
 *      12 | O LogLevl=9
 *         |   ^
 *         = expected the name of an option: LogLevel?
 *         from site.mc:3 FEATURE(access_db)
 */
import type { Diagnostic } from "./diagnostic.ts";
import { formatLocation } from "./location.ts";
import type { OriginOf } from "./source-map.ts";

const noOrigin: OriginOf = () => undefined;

/**
 * @param source text of the file a diagnostic is about, or undefined when it cannot be had
 * @param originOf where lines of a compiled configuration came from
 */
export function report(
  found: Diagnostic,
  source: (file: string) => string | undefined,
  originOf: OriginOf = noOrigin,
): string {
  const { at, severity, message, notes, help } = found;
  const place = at.line > 0 ? formatLocation(at) : at.file;
  const lines = [`${place}: ${severity}: ${message}`, ...quote(at, source)];
  const margin = " ".repeat(at.line > 0 ? String(at.line).length : 1);
  if (help !== undefined) lines.push(` ${margin} = ${help}`);
  const origin = at.line > 0 ? originOf(at) : undefined;
  if (origin !== undefined) lines.push(` ${margin}   from ${origin}`);
  return [...lines, ...notes.map((note) => report(note, source, originOf))].join("\n");
}

/** All diagnostics, one after the other; each file is split into lines once. */
export function reportAll(
  found: readonly Diagnostic[],
  source: (file: string) => string | undefined,
  originOf: OriginOf = noOrigin,
): string {
  return found.map((each) => report(each, source, originOf)).join("\n");
}

function quote({ line, column, file }: Diagnostic["at"], source: (file: string) => string | undefined): string[] {
  const text = line > 0 ? source(file)?.split("\n")[line - 1] : undefined;
  if (text === undefined) return [];
  const margin = String(line).length;
  const quoted = ` ${line} | ${text.replace(/[\0-\x08\x0b-\x1f\x7f]/g, "?")}`;
  if (column === undefined) return [quoted];
  // Tabs stay tabs, so that the caret stands under its character whatever their width.
  const lead = text.slice(0, column - 1).replace(/[^\t]/g, " ");
  return [quoted, ` ${" ".repeat(margin)} | ${lead}^`];
}
