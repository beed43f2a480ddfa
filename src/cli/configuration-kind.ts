/**
 * Whether a text is a configuration (`sendmail.cf`) or what one is compiled from (`sendmail.mc`), by what is in it: names
 * of files say less, and one taken for the other does harm (a server on other ports than it was asked for).
 */
import { readFileSync } from "node:fs";

export type ConfigurationKind = "cf" | "mc" | "neither";

/** A call at the start of a line that every .mc has one of. */
const MACROS =
  /^[ \t]*(?:(?:OSTYPE|FEATURE|MAILER|DOMAIN|VERSIONID|MAILER_DEFINITIONS|divert|undivert|define|undefine|include|sinclude|ifdef|ifelse)\(|dnl\b)/m;
/** The version line, an option by its name, a mailer. */
const COMMANDS = /^(?:V[0-9]+|O [A-Z][A-Za-z]+(?:\.[A-Za-z.]+)?[ \t]*=|M[\w*-]+,[ \t]*P=)/m;

/** A call of a macro decides: an .mc may hold lines of a configuration, but not the other way round. */
export function kindOfConfiguration(text: string): ConfigurationKind {
  if (MACROS.test(text)) return "mc";
  return COMMANDS.test(text) ? "cf" : "neither";
}

/** The same for a file; "neither" for one that cannot be read. */
export function kindOfFile(file: string): ConfigurationKind {
  try {
    return kindOfConfiguration(readFileSync(file, "latin1"));
  } catch {
    return "neither";
  }
}

/** What to say when a file for the macro compiler is given where a configuration is wanted. */
export function notCompiled(file: string): string {
  return `${file} is a macro file (.mc), not a configuration: compile it first: rulemail mc -o ${file.replace(/\.mc$/, "")}.cf ${file}`;
}

/** What to say when a compiled configuration is given where a macro file is wanted. */
export function alreadyCompiled(file: string, use: string): string {
  return `${file} is a configuration (.cf), not a macro file (.mc): there is nothing to compile; ${use}`;
}
