/**
 * `sendmail -bC [-C file]`: reads a configuration as every other mode does and lists all that is wrong with it, each with
 * its place and the quoted line. Notes tell what is read and has no effect here.
 */
import { readFileSync } from "node:fs";
import { loadConfig } from "../config/load.ts";
import { reportAll } from "../source/report.ts";
import { originsOf } from "../source/source-map.ts";
import type { Diagnostic, Severity } from "../source/diagnostic.ts";
import { EX } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { Output } from "./output.ts";
import { systemConfigFile } from "./config-file.ts";
import { systemEnvironment } from "./system-environment.ts";

/**
 * @returns the status that sendmail would end with, 78 when we alone see an error, 0 when mail can be handled with this
 * configuration; warnings and notes do not count
 */
export async function checkConfiguration(
  args: Pick<SendmailArguments, "configFile" | "variant" | "settings">,
  output: Output = new Output(),
): Promise<number> {
  const file = systemConfigFile(args);
  const loaded = await loadConfig(file, { ...systemEnvironment(), settings: args.settings });
  loaded.config?.close();
  const { diagnostics, notes } = loaded;
  const found = [...diagnostics, ...notes].toSorted((a, b) => placeInOrder(a) - placeInOrder(b) || 0);
  if (found.length > 0) output.line(reportAll(found, readSource, originsOf(file)));
  output.line(`${file}: ${summary(found)}`);
  output.flush();
  const wrong = diagnostics.some(({ severity }) => severity === "error");
  return loaded.exit === EX.OK && wrong ? EX.CONFIG : loaded.exit;
}

/** By line; what is about no line (command line, the file as a whole) comes last. */
function placeInOrder({ at }: Diagnostic): number {
  return at.line > 0 ? at.line : Infinity;
}

/** "2 errors, 1 warning", "no errors". */
function summary(found: readonly Diagnostic[]): string {
  const count = (severity: Severity): number => found.filter((each) => each.severity === severity).length;
  const parts = (["error", "warning", "note"] as const)
    .map((severity) => ({ severity, number: count(severity) }))
    .filter(({ severity, number }) => number > 0 || severity === "error")
    .map(({ severity, number }) => `${number === 0 ? "no" : number} ${severity}${number === 1 ? "" : "s"}`);
  return parts.join(", ");
}

const sources = new Map<string, string | undefined>();

function readSource(file: string): string | undefined {
  if (!sources.has(file)) {
    try {
      sources.set(file, readFileSync(file, "latin1"));
    } catch {
      sources.set(file, undefined);
    }
  }
  return sources.get(file);
}
