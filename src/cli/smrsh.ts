/**
 * `smrsh -c COMMAND`: the shell of mailers for programs, which runs nothing but what lies in one folder (FEATURE(smrsh)).
 *
 * The command is written anew, each program in it by its name in that folder, and what is left of it contains nothing by
 * which /bin/sh could be made to start another: no redirection, substitution, subshell, background, pipe or further line.
 * This process then becomes that shell: nothing may read or write the standard streams before.
 */
import { statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { EX } from "../sys/sysexits.ts";
import { forTerminal } from "../sys/terminal-text.ts";

/** Where the programs lie (sendmail's own default on Linux). */
const FOLDER = "/etc/mail/smrsh";
const SHELL = "/bin/sh";
/** All that programs find in their environment. */
const ENVIRONMENT = { PATH: "/bin:/usr/bin" };
/** Characters of a command at most: as many as sendmail's own takes. */
const LONGEST = 982;
const USAGE = "Usage: smrsh -c command";

const BLANKS = " \t";
const FORBIDDEN = /[<>|^();&`$\r\n]/;
/** Words of the shell's own that may stand where a program does. */
const BUILT_IN = new Set(["exec", "exit", "echo"]);
/** Letters of a program's name; the shell must not read anything else into it. */
const PLAIN_NAME = /^[\w.+:@%,-]+$/;

/** @param words the words after the program's name. Resolves, with an exit status, only when nothing was run. */
export function runSmrsh(words: readonly string[]): Promise<number> {
  const said = restrict(words, FOLDER);
  if ("command" in said) process.execve!(SHELL, [SHELL, "-c", said.command], ENVIRONMENT);
  else writeSync(2, `${forTerminal(said.problem)}\n`);
  return Promise.resolve("status" in said ? said.status : EX.OSERR);
}

export type Restricted = { readonly command: string } | { readonly problem: string; readonly status: number };

/**
 * What the shell is to run for these words, or why nothing.
 * @param folder where programs lie; they must be files there that may be executed
 */
export function restrict(words: readonly string[], folder: string): Restricted {
  const [option, given = ""] = words;
  if (words.length !== 2 || option !== "-c" || trimStart(given) === "") return { problem: USAGE, status: EX.USAGE };
  if (given.length > LONGEST) return refused(`command too long: ${given}`);
  let command = "";
  let rest = given;
  for (;;) {
    rest = trimStart(rest);
    const length = wordLength(rest);
    const word = rest.slice(0, length);
    rest = rest.slice(length);
    const isBuiltIn = BUILT_IN.has(word) && (word !== "exec" || trimStart(rest) !== "");
    const program = isBuiltIn ? { path: word } : findProgram(word, folder);
    if ("problem" in program) return refused(program.problem);
    command += program.path;
    if (word === "exec") {
      // The program follows.
      command += " ";
      continue;
    }
    const end = rest.search(FORBIDDEN);
    if (end < 0) {
      command += rest;
      break;
    }
    const separator = rest.slice(end, end + 2);
    // Behind a backslash the first of the two is a letter, and the second one a separator of its own.
    const isQuoted = rest[end - 1] === "\\";
    if (isQuoted || (separator !== "||" && separator !== "&&")) return refused(`cannot use ${rest[end]} in command`);
    command += `${rest.slice(0, end)}${separator} `;
    rest = rest.slice(end + 2);
    if (trimStart(rest) === "") break; // the shell says what is missing
  }
  return { command };
}

function refused(text: string): Restricted {
  return { problem: `smrsh: ${text}`, status: EX.UNAVAILABLE };
}

/** Whatever folder the command names, it is the program of that name in ours. */
function findProgram(word: string, folder: string): { readonly path: string } | { readonly problem: string } {
  const name = word.slice(word.lastIndexOf("/") + 1);
  const not = (why: string): { readonly problem: string } => ({
    problem: `"${name}" not available for sendmail programs${why}`,
  });
  if (name === "" || name === "." || name === "..") return not(" (not a file)");
  if (!PLAIN_NAME.test(name)) return not(" (stat failed)");
  const path = join(folder, name);
  try {
    const status = statSync(path);
    if (!status.isFile()) return not(" (not a file)");
    return (status.mode & 0o111) === 0 ? not("") : { path };
  } catch {
    return not(" (stat failed)");
  }
}

function trimStart(text: string): string {
  return text.slice(wordStart(text));
}

function wordStart(text: string): number {
  let at = 0;
  while (at < text.length && BLANKS.includes(text[at])) at++;
  return at;
}

function wordLength(text: string): number {
  let at = 0;
  while (at < text.length && !BLANKS.includes(text[at])) at++;
  return at;
}
