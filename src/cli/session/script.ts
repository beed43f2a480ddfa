/**
 * Scripts of `rulemail session`: what a client says, who he is, and what is expected of the answers. One form for all: a plain
 * list of SMTP commands is a script, and what --save writes is one.
 *
 *     # a comment; empty lines mean nothing
 *     @client 192.0.2.7              who it is: the settings below, before the first command
 *     MAIL FROM:<a@example.com>      is said, and what follows DATA up to the dot
 *     = 250 2.1.0                    expected: the reply begins so
 *     = check_mail: ok               expected: the ruleset or judge decides so
 *                                    (above the first command: of the greeting, of check_relay)
 *     > # odd                        behind "> " anything is said as it stands, also nothing
 */
import { CommandError } from "../database-target.ts";
import { EX } from "../../sys/sysexits.ts";

/** Settings of a client, by the names of the options; each is the text behind the name. */
export const SETTINGS = ["client", "name", "resolve", "port", "tls", "auth", "connections", "rate", "dns"] as const;
export type Setting = (typeof SETTINGS)[number];
export type Settings = ReadonlyMap<Setting, readonly string[]>;

/** One line of a client, or the lines of a message. */
export interface Said {
  /** Of the script, from 1. */
  readonly line: number;
  readonly text: string;
  readonly expected: readonly Expectation[];
}

export interface Expectation {
  readonly line: number;
  /** "250 2.1.0": the reply begins so. */
  readonly text: string;
  /** The ruleset or judge that it is about; absent: the reply. */
  readonly by?: string;
}

/** What a client says, one thing after the other. */
export interface Speaker {
  /** The name of the file, for messages; "-" for standard input. */
  readonly file: string;
  /** What is expected before anything is said. */
  readonly opening: readonly Expectation[];
  /** The next command; undefined: nothing more. */
  next(): Promise<Said | undefined>;
  /** The lines of a message with its dot, each with CRLF; undefined: nothing more. @throws CommandError when there is no dot */
  message(): Promise<Said | undefined>;
  /** Lines whose octets, CRLF included, are so many. @throws CommandError when they are not */
  chunk(octets: number): Promise<Said>;
  /** DATA was refused, and the message that was meant for it follows: it is passed over. */
  skipMessage(): Promise<Said | undefined>;
}

interface Numbered {
  readonly line: number;
  readonly text: string;
}

export interface Script {
  readonly settings: Settings;
  /** The line of each value of a setting. */
  readonly places: ReadonlyMap<Setting, readonly number[]>;
  readonly speaker: Speaker;
}

/** A script as a whole: what it sets, and the rest. @param text latin1 */
export function readScript(file: string, text: string): Script {
  const lines = text.split("\n").map((each, index) => ({ line: index + 1, text: each.replace(/\r$/, "") }));
  if (lines.at(-1)?.text === "") lines.pop();
  const settings = new Map<Setting, string[]>();
  const places = new Map<Setting, number[]>();
  let at = 0;
  for (; at < lines.length && /^(?:@|#|[ \t]*$)/.test(lines[at].text); at++) {
    if (!lines[at].text.startsWith("@")) continue;
    const { name, value } = setting(lines[at], file);
    settings.set(name, [...(settings.get(name) ?? []), value]);
    places.set(name, [...(places.get(name) ?? []), lines[at].line]);
  }
  return { settings, places, speaker: new ScriptSpeaker(file, lines, at) };
}

function setting({ line, text }: Numbered, file: string): { readonly name: Setting; readonly value: string } {
  const [, word = "", value = ""] = /^@(\S*)[ \t]*(.*?)[ \t]*$/.exec(text) ?? [];
  const name = SETTINGS.find((each) => each === word);
  if (name === undefined) throw problem(file, line, `there is no setting @${word}; there are ${known()}`);
  if (value === "") throw problem(file, line, `@${word} says nothing`);
  return { name, value };
}

function known(): string {
  return SETTINGS.map((each) => `@${each}`).join(", ");
}

/** Something is wrong with a script: status 65. */
export function problem(file: string, line: number, text: string): CommandError {
  return new CommandError(`rulemail session: ${file}:${line}: ${text}`, EX.DATAERR);
}

const EXPECTED = /^=[ \t]*(?:([A-Za-z_][\w.-]*):[ \t]*)?(.*?)[ \t]*$/;

function expectation({ line, text }: Numbered, file: string): Expectation {
  const [, by, rest = ""] = EXPECTED.exec(text) ?? [];
  if (by === undefined && rest === "") throw problem(file, line, "an expectation (= ...) says nothing");
  return { line, text: rest, ...(by === undefined ? {} : { by }) };
}

/** What a line says; undefined for one that says nothing. */
function spoken({ line, text }: Numbered, file: string): string | undefined {
  if (text.startsWith(">")) return text.replace(/^> ?/, "");
  if (text.startsWith("@")) throw problem(file, line, "settings (@...) stand before the first command");
  return text === "" || text.startsWith("#") ? undefined : text;
}

/** How many octets stand below a command: those of BDAT, else 0. */
export function chunkSize(text: string): number {
  return Number(/^BDAT[ \t]+([0-9]{1,9})(?:[ \t]+LAST)?[ \t]*$/i.exec(text)?.[1] ?? 0);
}

/** Whether a command has to be written behind "> ". */
export function written(text: string): string {
  return /^(?:[@#>=]|\.?[ \t]*$)/.test(text) ? `> ${text}` : text;
}

class ScriptSpeaker implements Speaker {
  readonly file: string;
  readonly opening: readonly Expectation[];
  readonly #lines: readonly Numbered[];
  #at: number;

  constructor(file: string, lines: readonly Numbered[], at: number) {
    this.file = file;
    this.#lines = lines;
    this.#at = at;
    this.opening = this.#expected();
  }

  async next(): Promise<Said | undefined> {
    for (; this.#at < this.#lines.length; this.#at++) {
      const each = this.#lines[this.#at];
      if (each.text.startsWith("="))
        throw problem(this.file, each.line, "an expectation (= ...) stands below a command");
      const text = spoken(each, this.file);
      if (text === undefined) continue;
      this.#at++;
      // What stands below BDAT is octets, whatever they begin with.
      return { line: each.line, text, expected: chunkSize(text) > 0 ? [] : this.#expected() };
    }
    return undefined;
  }

  async message(): Promise<Said | undefined> {
    const end = this.#endOfMessage();
    if (end < 0 && this.#at === this.#lines.length) return undefined;
    if (end < 0) {
      const { line } = this.#lines[this.#at - 1];
      throw problem(this.file, line, "the message has no end: a line with a single dot");
    }
    return this.#message(end);
  }

  async skipMessage(): Promise<Said | undefined> {
    const end = this.#endOfMessage();
    const next = this.#lines.findIndex(({ text }, index) => index >= this.#at && /^(?:DATA|QUIT)$/i.test(text));
    return end < 0 || (next >= 0 && next < end) ? undefined : this.#message(end);
  }

  async chunk(octets: number): Promise<Said> {
    const first = this.#at;
    let text = "";
    for (; text.length < octets && this.#at < this.#lines.length; this.#at++)
      text += `${this.#lines[this.#at].text}\r\n`;
    const { line } = this.#lines[first - 1];
    if (text.length !== octets) {
      throw problem(this.file, line, `BDAT speaks of ${octets} octets, the lines below it have ${text.length}`);
    }
    return { line: line + 1, text, expected: this.#expected() };
  }

  #endOfMessage(): number {
    return this.#lines.findIndex(({ text }, index) => index >= this.#at && text === ".");
  }

  #message(end: number): Said {
    const { line } = this.#lines[this.#at];
    const lines = this.#lines.slice(this.#at, end + 1).map(({ text }) => `${text}\r\n`);
    this.#at = end + 1;
    return { line, text: lines.join(""), expected: this.#expected() };
  }

  #expected(): Expectation[] {
    const first = this.#at;
    while (this.#at < this.#lines.length && this.#lines[this.#at].text.startsWith("=")) this.#at++;
    return this.#lines.slice(first, this.#at).map((each) => expectation(each, this.file));
  }
}

/** Somebody types: what he says next nobody knows. */
export class TypingSpeaker implements Speaker {
  readonly file = "-";
  readonly opening: readonly Expectation[] = [];
  readonly #lines: AsyncIterator<string>;
  #line = 0;

  constructor(lines: AsyncIterable<string>) {
    this.#lines = lines[Symbol.asyncIterator]();
  }

  async next(): Promise<Said | undefined> {
    for (;;) {
      const each = await this.#read();
      if (each === undefined) return undefined;
      const text = spoken(each, this.file);
      if (text !== undefined) return { line: each.line, text, expected: [] };
    }
  }

  async message(): Promise<Said> {
    const line = this.#line + 1;
    let text = "";
    for (let each = await this.#read(); each !== undefined; each = await this.#read()) {
      text += `${each.text}\r\n`;
      if (each.text === ".") return { line, text, expected: [] };
    }
    throw problem(this.file, this.#line, "the message has no end: a line with a single dot");
  }

  async chunk(octets: number): Promise<Said> {
    const line = this.#line + 1;
    let text = "";
    while (text.length < octets) {
      const each = await this.#read();
      if (each === undefined) break;
      text += `${each.text}\r\n`;
    }
    if (text.length === octets) return { line, text, expected: [] };
    throw problem(this.file, this.#line, `BDAT speaks of ${octets} octets, the lines below it have ${text.length}`);
  }

  async skipMessage(): Promise<undefined> {
    return undefined;
  }

  async #read(): Promise<Numbered | undefined> {
    const { done, value } = await this.#lines.next();
    return done === true ? undefined : { line: ++this.#line, text: value.replace(/\r$/, "") };
  }
}
