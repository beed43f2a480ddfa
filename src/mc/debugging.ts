/**
 * What debugmode, traceon, dumpdef and debugfile show: lines about calls and input files, on standard error or in a file.
 * The letters (GNU m4's): a arguments, e expansions, q in quotes, t every call, c also before and after reading the
 * arguments, x number of the call, f and l file and line, i input files, p paths that were searched; V means all of them.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import type { Origin } from "./origin.ts";

const ALL = "aeqtcxflip";
/** What no letters at all mean. */
const DEFAULT = "aeq";

/** A call that is traced. */
export interface TracedCall {
  readonly name: string;
  readonly at: Origin;
  /** How many calls are being read or run, this one included. */
  readonly depth: number;
  readonly number: number;
}

export class Debugging {
  #letters = new Set<string>();
  #file: number | "none" | undefined;
  /** Longest argument or expansion shown; 0 for no limit (-l). */
  longest = 0;
  /** Where the lines go, unless debugfile says otherwise. */
  readonly #print: (text: string) => void;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  shows(letter: string): boolean {
    return this.#letters.has(letter);
  }

  /** `debugmode`, -d: letters alone replace what was set, "+" and "-" add and take away. False: letters that mean nothing. */
  set(words: string): boolean {
    const sign = words[0] === "+" || words[0] === "-" ? words[0] : "";
    const given = words.slice(sign.length) || DEFAULT;
    if (!/^[aeqtcxflipV]*$/.test(given)) return false;
    if (sign === "") this.#letters.clear();
    for (const letter of given.replaceAll("V", ALL)) {
      if (sign === "-") this.#letters.delete(letter);
      else this.#letters.add(letter);
    }
    return true;
  }

  /** `debugmode` without arguments. */
  clear(): void {
    this.#letters.clear();
  }

  print(text: string): void {
    if (this.#file === undefined) this.#print(text);
    else if (this.#file !== "none") writeSync(this.#file, text, null, "latin1");
  }

  /** `debugfile`: a file to append to, "" for nowhere, undefined for standard error. Throws when it cannot be opened. */
  redirect(path: string | undefined): void {
    const file = path === undefined ? undefined : path === "" ? "none" : openSync(path, "a");
    this.close();
    this.#file = file;
  }

  close(): void {
    if (typeof this.#file === "number") closeSync(this.#file);
    this.#file = undefined;
  }

  /** About input files; `at` is where reading stands, if anywhere. */
  note(text: string, at: Origin | undefined): void {
    const file = this.shows("f") && at !== undefined ? `${at.file}:` : "";
    const line = this.shows("l") && at !== undefined ? `${at.line}:` : "";
    this.print(`m4debug:${file}${line} ${text}\n`);
  }

  shorten(text: string): string {
    return this.longest > 0 && text.length > this.longest ? `${text.slice(0, this.longest)}...` : text;
  }

  /** The name was read, its arguments not yet. */
  beforeArguments(call: TracedCall): void {
    if (this.shows("c")) this.print(`${this.#head(call)} ...\n`);
  }

  /** The arguments were read, the call not yet run. */
  beforeCall(call: TracedCall, args: readonly string[], quote: (text: string) => string): void {
    if (this.shows("c")) this.print(`${this.#head(call)}${this.#arguments(args, quote)} -> ???\n`);
  }

  afterCall(
    call: TracedCall,
    args: readonly string[],
    expansion: string | undefined,
    quote: (text: string) => string,
  ): void {
    const list = this.shows("c") ? (args.length > 0 ? "(...)" : "") : this.#arguments(args, quote);
    const result = expansion && this.shows("e") ? ` -> ${this.#quoted(expansion, quote)}` : "";
    this.print(`${this.#head(call)}${list}${result}\n`);
  }

  #head({ name, at, depth, number }: TracedCall): string {
    const file = this.shows("f") ? `${at.file}:` : "";
    const line = this.shows("l") ? `${at.line}:` : "";
    return `m4trace:${file}${line} -${depth}- ${this.shows("x") ? `id ${number}: ` : ""}${name}`;
  }

  #arguments(args: readonly string[], quote: (text: string) => string): string {
    if (args.length === 0 || !this.shows("a")) return "";
    return `(${args.map((each) => this.#quoted(each, quote)).join(", ")})`;
  }

  #quoted(text: string, quote: (text: string) => string): string {
    return this.shows("q") ? quote(this.shorten(text)) : this.shorten(text);
  }
}
