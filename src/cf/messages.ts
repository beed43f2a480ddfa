/**
 * What reading a configuration has to say: sendmail's own lines for test mode (`FILE: line N: TEXT`, in the order of
 * events) and the same as diagnostics with exact places for our own commands.
 */
import { printMacroText } from "../rewriting/macro-text.ts";
import { diagnostic, type Diagnostic, type Severity } from "../source/diagnostic.ts";
import type { Location } from "../source/location.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import { adviceFor } from "./advice.ts";
import { offsetInLine, type Form } from "./line-columns.ts";
import { placeOf, type LogicalLine } from "./read-lines.ts";

/**
 * Text as sendmail's messages show it: 7 bits. The mark of macro text, where the file has a dollar, is ^A then; a NUL
 * that comes out of this ends the message.
 */
export function asShown(text: string): string {
  const shown = text.replace(/[\x80-\xff]/g, (octet) => String.fromCharCode(octet.charCodeAt(0) & 0x7f));
  const nul = shown.indexOf("\0");
  return nul === -1 ? shown : shown.slice(0, nul);
}

/** More about one message. */
export interface About {
  /** Status that it leaves; 70 unless given, 71 (OSERR) when the system refused something. */
  readonly exit?: ExitCode;
  /** Index of what it is about, counted from where the focus is. */
  readonly offset?: number;
  /** What was expected, or what to do; for the common messages advice.ts knows. */
  readonly help?: string;
}

export class ConfigMessages {
  readonly diagnostics: Diagnostic[] = [];
  /** What is right and has no effect. */
  readonly notes: Diagnostic[] = [];
  readonly #file: string;
  readonly #print: (line: string) => void;
  #line: LogicalLine | undefined;
  #comments = true;
  #form: Form = "value";
  /** Index of the part of the line, in that form, that messages are about. */
  #focus = 0;
  #exit: ExitCode = EX.OK;
  #refusal: ExitCode = EX.OK;
  #isIdle = false;
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

  /** The same for a server, without errors in what nothing acts on. */
  get refusal(): ExitCode {
    return this.#refusal;
  }

  /** Nothing acts on what the current line sets: errors in it are told, and are no reason not to start. */
  idle(): void {
    this.#isIdle = true;
  }

  /** True after an error that sendmail does not survive. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** The line that messages are about from now on; undefined: none (command line, after the end). */
  enter(line: LogicalLine | undefined, comments = true): void {
    this.#line = line;
    this.#comments = comments;
    this.#isIdle = false;
    this.focus(0);
  }

  /**
   * The part of the current line that messages are about from now on.
   * @param offset index in the line as it is read: in value form, or in its source when that is where the problem is
   */
  focus(offset: number, form: Form = "value"): void {
    this.#focus = offset;
    this.#form = form;
  }

  /** Where the focus is. */
  get focused(): number {
    return this.#focus;
  }

  /** The place of the current line; with an offset that of what stands there, counted from the focus. */
  place(offset?: number): Location {
    if (!this.#line) return { file: this.#file, line: 0 };
    const { text } = this.#line;
    const at = offset === undefined ? 0 : offsetInLine(text, this.#comments, this.#form, this.#focus + offset);
    return placeOf(this.#file, this.#line, at);
  }

  /** Something is wrong; reading goes on. */
  error(text: string, about: About = {}): void {
    this.#say("error", text, about);
    this.#fail(about.exit ?? EX.SOFTWARE);
  }

  /** Something is wrong that sendmail mentions without a bad exit status. */
  remark(text: string, about: About = {}): void {
    this.#say("warning", text, about);
  }

  /** A value that sendmail ends on at once, with status 64. */
  stop(text: string, about: About = {}): void {
    this.#say("error", text, about);
    this.#exit = EX.USAGE;
    this.#stopped = true;
  }

  /** A line that sendmail prints without file and line number. */
  warn(text: string, about: About = {}): void {
    this.#print(asShown(text));
    const said = text.replace(/^warning: /i, "").trim();
    this.#add("warning", said, about);
    this.#fail(about.exit ?? EX.OK);
  }

  /** A line more of the warning before. */
  warnMore(text: string): void {
    this.#print(asShown(text));
    const before = this.diagnostics.pop();
    if (before) this.diagnostics.push({ ...before, message: `${before.message} ${printMacroText(text).trim()}` });
  }

  /** The status that counts, whatever was wrong before. */
  endWith(exit: ExitCode): void {
    this.#exit = exit;
    this.#refusal = exit;
  }

  #fail(exit: ExitCode): void {
    if (this.#exit === EX.OK) this.#exit = exit;
    if (this.#refusal === EX.OK && !this.#isIdle) this.#refusal = exit;
  }

  /** Something worth knowing that sendmail would not mention: only in our own listing. */
  note(text: string, offset = 0): void {
    this.notes.push(diagnostic("note", printMacroText(text), this.place(offset)));
  }

  /** The file itself cannot be opened. */
  unreadable(problem: string): void {
    this.#print(`${this.#file}: line 0: ${problem}`);
    this.diagnostics.push(diagnostic("error", problem, this.place()));
    this.#exit = EX.OSFILE;
    this.#stopped = true;
  }

  #say(severity: Severity, text: string, about: About): void {
    const shown = asShown(text);
    this.#print(this.#line ? `${this.#file}: line ${this.#line.last}: ${shown}` : shown);
    this.#add(severity, text, about);
  }

  #add(severity: Severity, text: string, { offset = 0, help = adviceFor(text) }: About): void {
    const found = diagnostic(severity, printMacroText(text), this.place(offset));
    this.diagnostics.push(help === undefined ? found : { ...found, help });
  }
}
