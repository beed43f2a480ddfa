/**
 * Text to tokens: the same reading for addresses, for values of macros and maps, and for the two sides of a rule.
 *
 * An operator character is a token of its own, a quoted string is one with its quotes, what is left up to white space
 * or an operator is an atom; a backslash takes away the meaning of what follows and stays. What is not balanced in an
 * address is repaired with a message. Limits are sendmail's.
 */
import {
  ANGLE_CLOSE,
  ANGLE_OPEN,
  BACKSLASH,
  BLANK,
  LETTER,
  META,
  PAREN_CLOSE,
  PAREN_OPEN,
  QUOTE,
  VANISHING,
  characterKinds,
} from "./character-kinds.ts";
import { readMacroName } from "./macro-name.ts";
import { ARGUMENT, NAMED_METASYMBOLS, printTokens, printable } from "./tokens.ts";
import type { Tokens } from "./tokens.ts";
import type { Trace } from "./trace.ts";

/** How parentheses are read. */
export type Comments =
  /** Ordinary operators: rules, what rulesets are given, what is typed in test mode. */
  | "tokens"
  /** Comments, left out: values of macros and maps, addresses, and everything in configurations before level 9. */
  | "strip";

export interface PrescanOptions {
  /** OperatorChars of the configuration; `()<>,;"` and line ends are added here. */
  readonly operators: string;
  readonly comments: Comments;
  /**
   * `address` (when absent): from outside, octets of the metasymbols are refused; `value` of a macro or map: there a
   * metasymbol is a letter; `default` of a look-up: each metasymbol is a token. What is unbalanced is repaired in all of
   * them. `rule`: each metasymbol is a token, nothing is repaired.
   */
  readonly kind?: "address" | "value" | "default" | "rule";
  /** Stop before this character ("," between addresses) when it stands outside quotes and `<@route>`. */
  readonly delimiter?: string;
  readonly trace?: Trace;
  /** Gets messages when they arise, between the lines of a trace; then the result has none. */
  readonly message?: (text: string) => void;
}

export interface Prescanned {
  /** Undefined when there is no token in the text, or when it cannot be read (`messages` say why). */
  readonly tokens: Tokens | undefined;
  /** Index of the delimiter where reading stopped, or the length of the text. */
  readonly end: number;
  /** "X... Unbalanced '<'" and the like, in order. */
  readonly messages: readonly string[];
}

/** The longest text that is taken as an address. */
export const LONGEST_ADDRESS = 255;
/** The longest token. */
const LONGEST_TOKEN = 256;
const MOST_TOKENS = 1000;
/** All tokens of an address together, each with one octet for its end. */
const LONGEST_LIST = 1251;
/** Messages about one text: nobody reads more, and a text may be nothing but mistakes. */
const MOST_MESSAGES = 1000;
/** Addresses in messages are shortened to this. */
const LONGEST_SHOWN = 202;
const METASYMBOL = /[\x80-\x9f]/;
const NONE: readonly string[] = [];
/** Shells make people write `\!` for the operator of UUCP paths: the backslash goes. */
const BANG = "!".charCodeAt(0);
const AT = "@".charCodeAt(0);

/** The message for a text that cannot be an address at all, too long or with octets of metasymbols, or undefined. */
export function refusedAddress(text: string): string | undefined {
  const shown = text.slice(0, LONGEST_ADDRESS).replace(/[\x80-\xff]/g, withoutHighBit);
  if (text.length > LONGEST_ADDRESS) return `Address "${shown}" too long (${LONGEST_ADDRESS} bytes max)`;
  return METASYMBOL.test(text) ? `8-bit character in mailbox address "${shown}"` : undefined;
}

/** Reads `text` up to its end or to the delimiter. */
export function prescan(text: string, options: PrescanOptions): Prescanned {
  const { trace } = options;
  if (trace && trace.level(22) >= 11) trace.print(`prescan: ${printable(text)}`);
  const result = new Scan(text, options).run();
  if (trace && trace.level(22) >= 12) trace.print(`prescan==> ${printTokens(result.tokens ?? [])}`);
  if (trace && !result.tokens && trace.level(22) >= 1) trace.print("prescan: null leading token");
  return result;
}

class Scan {
  readonly #text: string;
  readonly #options: PrescanOptions;
  readonly #tokens: string[] = [];
  #messages: string[] | undefined;
  /** What a token has so far, without the part from #start on. */
  #held = "";
  #start = -1;
  /** Sum of what #tokens holds, with one for the end of each. */
  #size = 0;
  #angles = 0;
  /** Depth of comments. */
  #comments = 0;
  /** Inside `<@`: the delimiter is part of a source route. */
  #route = false;
  #quoted = false;

  constructor(text: string, options: PrescanOptions) {
    this.#text = text;
    this.#options = options;
  }

  run(): Prescanned {
    const { operators, delimiter, kind: source = "address" } = this.#options;
    const address = source === "address";
    const rule = source === "rule";
    const text = this.#text;
    const kinds = characterKinds(operators);
    const stop = delimiter === undefined ? -1 : delimiter.charCodeAt(0);
    let end = text.length;
    let escaped = false;
    let refused = false;
    let at = 0;
    for (; ; at++) {
      if (at >= end) {
        if (rule || !this.#close(escaped, end)) break;
        escaped = false;
        at = end - 1;
        continue;
      }
      const code = text.charCodeAt(at);
      if (code === stop && !this.#quoted && this.#comments === 0 && !this.#route) {
        end = at--;
        continue;
      }
      let kind = kinds[code & 0xff];
      if (kind === META && source === "value") kind = LETTER;
      if (kind === META && address) {
        // The text is read to its end, for all messages, and has no tokens then: none may look like a metasymbol.
        refused = true;
        kind = LETTER;
      }
      if (kind === VANISHING && rule) {
        // A mark of the configuration: the octet behind it is no metasymbol.
        this.#take(at);
        if (at + 1 < end) at++;
      } else if (kind === VANISHING) {
        at = this.#vanish(at, end, escaped, kinds);
        escaped = false;
      } else if (escaped) escaped = this.#take(at);
      else if (kind === BACKSLASH && text.charCodeAt(at + 1) === BANG && !this.#quoted) this.#skip(at);
      else if (kind === BACKSLASH) escaped = this.#comments > 0 || !this.#take(at);
      else if (this.#comments > 0) this.#inComment(kind);
      else if (this.#quoted) {
        this.#take(at);
        if (kind === QUOTE) this.#endQuoted(at + 1);
      } else if (kind === LETTER) this.#take(at);
      else if (kind === META) at = this.#metasymbol(at);
      else this.#separate(kind, at);
      if (!rule && this.#size + this.#held.length + (this.#start < 0 ? 0 : at - this.#start) >= LONGEST_LIST) {
        return this.#failed("Address too long");
      }
    }
    if (escaped && this.#start >= 0) {
      // A backslash at the very end hides nothing and goes.
      this.#held += text.slice(this.#start, at - 1);
      this.#start = -1;
    }
    this.#endToken(at);
    if (this.#tokens.length > MOST_TOKENS) return this.#failed("prescan: too many tokens");
    if (this.#tooLong) return this.#failed("prescan: token too long");
    if (refused) return this.#refuse();
    return { tokens: this.#tokens.length > 0 ? this.#tokens : undefined, end: at, messages: this.#messages ?? NONE };
  }

  #tooLong = false;

  /** The octet belongs to the token. Always false, the state of "escaped" after it. */
  #take(at: number): boolean {
    if (this.#comments === 0 && this.#start < 0) this.#start = at;
    return false;
  }

  #endToken(end: number): void {
    const token = this.#start < 0 ? this.#held : this.#held + this.#text.slice(this.#start, end);
    this.#start = -1;
    this.#held = "";
    if (token !== "") this.#push(token);
  }

  #push(token: string): void {
    this.#tokens.push(token);
    this.#size += token.length + 1;
    if (token.length > LONGEST_TOKEN) this.#tooLong = true;
    const { trace } = this.#options;
    if (trace && trace.level(22) >= 36) trace.print(`tok=${printable(token)}`);
  }

  /** Leaves the octet out; the token goes on behind it. */
  #skip(at: number): void {
    if (this.#start < 0) return;
    this.#held += this.#text.slice(this.#start, at);
    this.#start = -1;
  }

  /**
   * Octet 0377 disappears inside quotes and after a backslash. Elsewhere it ends the token and makes one of the
   * character behind it, whatever that is. Returns the index of the last octet it took.
   */
  #vanish(at: number, end: number, escaped: boolean, kinds: Uint8Array): number {
    if (this.#quoted || escaped) this.#skip(at);
    if (this.#quoted || escaped || this.#comments > 0) return at;
    this.#endToken(at);
    const next = at + 1 < end ? this.#text[at + 1] : "";
    const kind = kinds[next.charCodeAt(0)];
    if (kind === VANISHING || next === "" || next === this.#options.delimiter) {
      this.#push("");
      return kind === VANISHING ? at + 1 : at;
    }
    if (kind !== LETTER && kind !== BLANK && kind !== QUOTE) return at;
    this.#push(next);
    return at + 1;
  }

  #inComment(kind: number): void {
    if (kind === PAREN_OPEN) this.#comments++;
    else if (kind === PAREN_CLOSE) this.#comments--;
  }

  #endQuoted(end: number): void {
    this.#quoted = false;
    this.#endToken(end);
  }

  /** White space, an operator, or one of the four that may be unbalanced. */
  #separate(kind: number, at: number): void {
    const { comments } = this.#options;
    if (kind === ANGLE_CLOSE && this.#angles === 0 && this.#options.kind !== "rule") {
      return this.#stray("Unbalanced '>'", at);
    }
    if (kind === PAREN_CLOSE && comments === "strip") return this.#stray("Unbalanced ')'", at);
    this.#endToken(at);
    if (kind === BLANK) return;
    if (kind === QUOTE) {
      this.#quoted = true;
      this.#start = at;
      return;
    }
    if (kind === PAREN_OPEN && comments === "strip") {
      this.#comments = 1;
      return;
    }
    if (kind === ANGLE_OPEN) {
      this.#angles++;
      if (this.#options.delimiter !== undefined) this.#route = this.#routeFollows(at + 1);
    } else if (kind === ANGLE_CLOSE) {
      this.#angles--;
      this.#route = false;
    }
    this.#push(this.#text[at]);
  }

  #routeFollows(at: number): boolean {
    while (this.#text[at] === " " || this.#text[at] === "\t") at++;
    return this.#text.charCodeAt(at) === AT;
  }

  #stray(message: string, at: number): void {
    if (this.#options.kind !== "rule") this.#complain(message);
    this.#skip(at);
  }

  /** One metasymbol with its name or digit; returns the index of its last octet. */
  #metasymbol(at: number): number {
    this.#endToken(at);
    const symbol = this.#text[at];
    let end = at + 1;
    if (symbol === ARGUMENT) end = Math.min(at + 2, this.#text.length);
    else if (NAMED_METASYMBOLS.has(symbol)) end = readMacroName(this.#text, at + 1).end;
    this.#push(this.#text.slice(at, end));
    return end - 1;
  }

  /**
   * At the end of an address: supplies what is missing to close it, one mark at a time. False when nothing is. A
   * backslash in front of the end hides the first mark, so that another one is needed.
   */
  #close(escaped: boolean, end: number): boolean {
    if (this.#quoted) {
      this.#complain("Unbalanced '\"'");
      this.#supply('"', end);
      if (!escaped) this.#endQuoted(end);
      return true;
    }
    if (this.#comments > 0) {
      this.#complain("Unbalanced '('");
      if (!escaped) this.#comments--;
      return true;
    }
    if (this.#angles > 0) {
      this.#complain("Unbalanced '<'");
      if (escaped) {
        this.#supply(">", end);
        return true;
      }
      this.#endToken(end);
      this.#push(">");
      this.#angles--;
      return true;
    }
    return false;
  }

  #supply(mark: string, end: number): void {
    this.#skip(end);
    this.#held += mark;
  }

  #complain(message: string): void {
    if (this.#options.message === undefined && (this.#messages?.length ?? 0) >= MOST_MESSAGES) return;
    this.#say(`${shorten(this.#text)}... ${message}`);
  }

  #say(message: string): void {
    if (this.#options.message) this.#options.message(message);
    else (this.#messages ??= []).push(message);
  }

  #refuse(): Prescanned {
    const shown = this.#text.replace(/[\x80-\xff]/g, withoutHighBit);
    this.#say(`8-bit character in mailbox address "${shown}"`);
    return { tokens: undefined, end: this.#text.length, messages: this.#messages ?? NONE };
  }

  #failed(message: string): Prescanned {
    this.#complain(message);
    return { tokens: undefined, end: this.#text.length, messages: this.#messages ?? NONE };
  }
}

function withoutHighBit(octet: string): string {
  const code = octet.charCodeAt(0) & 0x7f;
  return code < 0x20 ? "?" : String.fromCharCode(code);
}

/** An address for a message: a long one keeps its beginning and its end. */
export function shorten(text: string): string {
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, 100)}...${text.slice(-100)}`;
}
