/**
 * What reading a configuration has to say: sendmail's own lines for test mode (`FILE: line N: TEXT`, in the order of
 * events) and the same as diagnostics with exact places for our own commands.
 */
import { printMacroText } from "../rewriting/macro-text.ts";
import { diagnostic, type Diagnostic, type Severity } from "../source/diagnostic.ts";
import type { Location } from "../source/location.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import { placeOf, type LogicalLine } from "./read-lines.ts";

/** Text as sendmail's messages show it: 7 bits. The mark of macro text, where the file has a dollar, is ^A then. */
export function asShown(text: string): string {
  return text.replace(/[\x80-\xff]/g, (octet) => String.fromCharCode(octet.charCodeAt(0) & 0x7f));
}

export class ConfigMessages {
  readonly diagnostics: Diagnostic[] = [];
  /** What is right and has no effect. */
  readonly notes: Diagnostic[] = [];
  readonly #file: string;
  readonly #print: (line: string) => void;
  #line: LogicalLine | undefined;
  #exit: ExitCode = EX.OK;
  #stopped = false;

  /** @param print gets each line as sendmail prints it, when it happens */
  constructor(file: string, print: (line: string) => void) {
    this.#file = file;
    this.#print = print;
  }

  /** The status that test mode ends with: that of the first error, unless a later one stopped everything. */
  get exit(): ExitCode {
    return this.#exit;
  }

  /** True after an error that sendmail does not survive. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** The line that messages are about from now on; undefined: none (command line, after the end). */
  enter(line: LogicalLine | undefined): void {
    this.#line = line;
  }

  /** The place of the current line. */
  place(offset = 0): Location {
    return this.#line ? placeOf(this.#file, this.#line, offset) : { file: this.#file, line: 0 };
  }

  /** Something is wrong; reading goes on. `exit` is 71 (OSERR) when the system refused something. */
  error(text: string, exit: ExitCode = EX.SOFTWARE, offset = 0): void {
    this.#say("error", text, offset);
    if (this.#exit === EX.OK) this.#exit = exit;
  }

  /** Something is wrong that sendmail mentions without a bad exit status. */
  remark(text: string): void {
    this.#say("warning", text, 0);
  }

  /** A value that sendmail ends on at once, with status 64. */
  stop(text: string): void {
    this.#say("error", text, 0);
    this.#exit = EX.USAGE;
    this.#stopped = true;
  }

  /** A line that sendmail prints without file and line number. */
  warn(text: string, exit: ExitCode = EX.OK): void {
    this.#print(asShown(text));
    this.diagnostics.push(
      diagnostic(
        "warning",
        printMacroText(text)
          .replace(/^warning: /i, "")
          .trim(),
        this.#placeOf(text, 0),
      ),
    );
    if (this.#exit === EX.OK) this.#exit = exit;
  }

  /** Something worth knowing that sendmail would not mention: only in our own listing. */
  note(text: string): void {
    this.notes.push(diagnostic("note", printMacroText(text), this.#placeOf(text, 0)));
  }

  /** The file itself cannot be opened. */
  unreadable(error: NodeJS.ErrnoException): void {
    const reason = error.code === "ENOENT" ? "No such file or directory" : error.message.replace(/^[A-Z]+: /, "");
    this.#print(`${this.#file}: line 0: cannot open: ${reason}`);
    this.diagnostics.push(diagnostic("error", `cannot open: ${reason}`, this.place()));
    this.#exit = EX.OSFILE;
    this.#stopped = true;
  }

  #say(severity: Severity, text: string, offset: number): void {
    const shown = asShown(text);
    this.#print(this.#line ? `${this.#file}: line ${this.#line.last}: ${shown}` : shown);
    this.diagnostics.push(diagnostic(severity, printMacroText(text), this.#placeOf(text, offset)));
  }

  /** Without an exact place: that of the word that the message is about. */
  #placeOf(text: string, offset: number): Location {
    return this.place(offset > 0 || !this.#line ? offset : offsetOfSubject(text, this.#line.text));
  }
}

/**
 * Where a line has what a message talks about: the last word of the message that stands in the line, 0 when none does.
 * Short words are too common to be it, except with a sign behind: `Z=`.
 */
function offsetOfSubject(message: string, line: string): number {
  const words = message.split(/[\s"'`,;()]+/).map((word) => word.replace(/[.:]$/, ""));
  for (const word of words.toReversed()) {
    if (word.length < 3 && !/^\w=$/.test(word)) continue;
    const found = line.indexOf(word, 1);
    if (found !== -1) return found;
  }
  return 0;
}
