/**
 * Reads POSIX regular expressions, extended or basic (IEEE 1003.1 §9), with the extensions that the C library of Linux
 * has: `\w \W \s \S \b \B \< \> \` \'`, and in basic ones `\+ \? \|`. Errors are in that library's words.
 *
 * A third dialect is that of Emacs, which m4 uses: marked with backslashes like basic ones, but `+` and `?` repeat, there
 * are no intervals and no named classes, `^` and `$` are the ends of lines, and a dot is no newline.
 *
 * This file only makes a tree; regex-program.ts runs it.
 */

/** 256 entries, one for each octet. */
export type OctetSet = Uint8Array;

export type RegexNode =
  | { readonly kind: "empty" }
  | { readonly kind: "set"; readonly set: OctetSet }
  | { readonly kind: "assert"; readonly what: Assertion }
  | { readonly kind: "group"; readonly number: number; readonly body: RegexNode }
  | { readonly kind: "back"; readonly number: number }
  | { readonly kind: "sequence"; readonly parts: readonly RegexNode[] }
  | { readonly kind: "choice"; readonly parts: readonly RegexNode[] }
  /** `most` is Infinity for no limit. */
  | { readonly kind: "repeat"; readonly body: RegexNode; readonly least: number; readonly most: number };

export type Assertion =
  | "start"
  | "end"
  | "line-start"
  | "line-end"
  | "word-edge"
  | "no-word-edge"
  | "word-start"
  | "word-end";

export interface Regex {
  readonly root: RegexNode;
  /** Number of groups. */
  readonly groups: number;
  readonly backReferences: boolean;
}

/** The expression is wrong; the message is the C library's. */
export class RegexError extends Error {
  override readonly name = "RegexError";
}

export interface RegexSyntax {
  readonly basic: boolean;
  /** The dialect of Emacs; goes with `basic`. */
  readonly emacs?: boolean;
  readonly ignoreCase: boolean;
}

/** What the C library takes; larger programs than regex-program.ts runs are refused there. */
const MOST_REPEATS = 32_767;
/** Groups inside groups. */
const DEEPEST = 200;

export function parseRegex(source: string, syntax: RegexSyntax): Regex {
  const parser = new Parser(source, syntax);
  const root = parser.whole();
  return { root, groups: parser.groups, backReferences: parser.backReferences };
}

class Parser {
  readonly #source: string;
  readonly #basic: boolean;
  readonly #emacs: boolean;
  readonly #ignoreCase: boolean;
  #at = 0;
  #depth = 0;
  groups = 0;
  backReferences = false;
  /** Groups that are closed: only those can be referred to. */
  #closed = new Set<number>();

  constructor(source: string, { basic, emacs = false, ignoreCase }: RegexSyntax) {
    this.#source = source;
    this.#basic = basic;
    this.#emacs = emacs;
    this.#ignoreCase = ignoreCase;
  }

  whole(): RegexNode {
    const root = this.#choice();
    // A closing parenthesis too many stands for itself in an extended expression.
    if (this.#at < this.#source.length) throw new RegexError(this.#emacs ? "Unmatched ) or \\)" : "Unmatched ( or \\(");
    return root;
  }

  #choice(): RegexNode {
    const before = this.#closed;
    const parts: RegexNode[] = [];
    const closed = new Set<number>();
    do {
      // A branch cannot refer to a group of the branches beside it.
      this.#closed = new Set(before);
      parts.push(this.#branch());
      for (const group of this.#closed) closed.add(group);
    } while (this.#takes("|", "\\|"));
    this.#closed = closed;
    return parts.length === 1 ? parts[0] : { kind: "choice", parts };
  }

  #branch(): RegexNode {
    const parts: RegexNode[] = [];
    while (this.#at < this.#source.length && !this.#sees("|", "\\|") && !this.#closes()) {
      const node = this.#piece(parts.length === 0);
      // An assertion cannot be repeated: in a basic expression `^*` has the character.
      if (node.kind !== "assert") parts.push(this.#repeats(node));
      else if (!this.#emacs && this.#repeatsNothing()) throw invalidPreceding();
      else parts.push(node);
    }
    return parts.length === 0 ? { kind: "empty" } : parts.length === 1 ? parts[0] : { kind: "sequence", parts };
  }

  #closes(): boolean {
    if (this.#basic) return this.#source.startsWith("\\)", this.#at);
    return this.#depth > 0 && this.#source[this.#at] === ")";
  }

  #piece(first: boolean): RegexNode {
    const character = this.#source[this.#at++];
    if (character === "[") return { kind: "set", set: this.#bracket() };
    if (character === ".") return { kind: "set", set: this.#dot() };
    if (character === "\\") return this.#escape(first);
    if (this.#basic) return this.#basicCharacter(character, first);
    if (character === "(") return this.#group();
    if (character === "^") return { kind: "assert", what: "start" };
    if (character === "$") return { kind: "assert", what: "end" };
    if (character === "*" || character === "+" || character === "?") throw invalidPreceding();
    if (character === "{" && first) throw invalidPreceding();
    return this.#literal(character);
  }

  #dot(): OctetSet {
    const set = new Uint8Array(256).fill(1);
    if (this.#emacs) set[10] = 0;
    return set;
  }

  #basicCharacter(character: string, first: boolean): RegexNode {
    if (character === "^" && first) return { kind: "assert", what: this.#emacs ? "line-start" : "start" };
    if (character === "$" && (this.#at === this.#source.length || this.#sees("", "\\|") || this.#closes())) {
      return { kind: "assert", what: this.#emacs ? "line-end" : "end" };
    }
    return this.#literal(character);
  }

  #escape(first: boolean): RegexNode {
    const character = this.#source[this.#at++];
    if (character === undefined) throw new RegexError("Trailing backslash");
    const assertion = ASSERTIONS[character];
    if (assertion) return { kind: "assert", what: assertion };
    const named = ESCAPED_SETS[character];
    if (named) return { kind: "set", set: setOf(named) };
    if (/[1-9]/.test(character)) return this.#backReference(Number(character));
    if (this.#basic && character === "(") return this.#group();
    if (this.#basic && !this.#emacs && character === "{" && first) throw invalidPreceding();
    return this.#literal(character);
  }

  #backReference(number: number): RegexNode {
    if (!this.#closed.has(number)) throw new RegexError("Invalid back reference");
    this.backReferences = true;
    return { kind: "back", number };
  }

  #group(): RegexNode {
    if (++this.#depth > DEEPEST) throw new RegexError("Regular expression too big");
    const number = ++this.groups;
    const body = this.#choice();
    if (!this.#takes(")", "\\)")) throw new RegexError("Unmatched ( or \\(");
    this.#depth--;
    this.#closed.add(number);
    return { kind: "group", number, body };
  }

  #literal(character: string): RegexNode {
    const set = new Uint8Array(256);
    this.#add(set, character.charCodeAt(0));
    return { kind: "set", set };
  }

  #add(set: OctetSet, octet: number): void {
    set[octet & 255] = 1;
    if (!this.#ignoreCase) return;
    if (octet >= 65 && octet <= 90) set[octet + 32] = 1;
    else if (octet >= 97 && octet <= 122) set[octet - 32] = 1;
  }

  #repeatsNothing(): boolean {
    const rest = this.#source.slice(this.#at, this.#at + 2);
    return this.#basic ? rest === "\\{" : /^[*+?{]/.test(rest);
  }

  #repeats(node: RegexNode): RegexNode {
    for (;;) {
      let bounds: readonly [number, number] | undefined;
      const next = this.#source[this.#at];
      if (next === "*" || (this.#emacs && (next === "+" || next === "?"))) {
        this.#at++;
        bounds = [next === "+" ? 1 : 0, next === "?" ? 1 : Infinity];
      } else if (this.#emacs) return node;
      else if (this.#takes("+", "\\+")) bounds = [1, Infinity];
      else if (this.#takes("?", "\\?")) bounds = [0, 1];
      else if (this.#takes("{", "\\{")) bounds = this.#interval();
      if (bounds === undefined) return node;
      node = { kind: "repeat", body: node, least: bounds[0], most: bounds[1] };
      const again = this.#source.slice(this.#at, this.#at + 2);
      if (this.#basic && !this.#emacs && /^(?:\*|\\\{)/.test(again)) throw invalidPreceding();
    }
  }

  /** After `{`: one or two numbers. Both are read to their ends before anything is said about them. */
  #interval(): readonly [number, number] {
    const first = this.#bound();
    const low = first.text === "" && first.end === "," ? 0 : numberIn(first.text);
    const second = first.end === "," ? this.#bound() : first;
    const high = second.text === "" && first.end === "," ? Infinity : numberIn(second.text);
    if (second.end === "") throw new RegexError("Unmatched \\{");
    if (low === undefined || high === undefined || high < low || second.end === ",") {
      throw new RegexError("Invalid content of \\{\\}");
    }
    if ((high === Infinity ? low : high) > MOST_REPEATS) throw new RegexError("Regular expression too big");
    return [low, high];
  }

  /** The text up to a comma, to the closing brace or to the end, and which of them it was. */
  #bound(): { readonly text: string; readonly end: "," | "}" | "" } {
    const start = this.#at;
    for (; this.#at < this.#source.length; this.#at++) {
      const text = this.#source.slice(start, this.#at);
      if (this.#takes("}", "\\}")) return { text, end: "}" };
      if (this.#source[this.#at] === ",") {
        this.#at++;
        return { text, end: "," };
      }
      if (this.#source[this.#at] === "\\") this.#at++;
    }
    return { text: this.#source.slice(start), end: "" };
  }

  /** After `[`. */
  #bracket(): OctetSet {
    const set = new Uint8Array(256);
    const negated = this.#source[this.#at] === "^";
    if (negated) this.#at++;
    if (this.#at >= this.#source.length) throw new RegexError("Invalid regular expression");
    for (let first = true; first || this.#source[this.#at] !== "]"; first = false) this.#bracketItem(set);
    this.#at++;
    if (negated) for (let octet = 0; octet < 256; octet++) set[octet] ^= 1;
    return set;
  }

  #bracketItem(set: OctetSet): void {
    const named = /^\[([:=.])(.*?)\1\]/s.exec(this.#source.slice(this.#at));
    if (named?.[1] === ":" && !this.#emacs) {
      const members = CLASSES[named[2]];
      if (members === undefined) throw new RegexError("Invalid character class name");
      this.#at += named[0].length;
      for (const character of octetsMatching(members)) this.#add(set, character);
      return;
    }
    const low = this.#bracketCharacter();
    if (this.#source[this.#at] !== "-" || this.#source[this.#at + 1] === "]") return this.#add(set, low);
    this.#at++;
    const high = this.#bracketCharacter();
    if (high < low && !this.#emacs) throw new RegexError("Invalid range end");
    for (let octet = low; octet <= high; octet++) this.#add(set, octet);
  }

  /** One character, also as `[.x.]` or `[=x=]`. */
  #bracketCharacter(): number {
    const named = /^\[([=.])(.*?)\1\]/s.exec(this.#source.slice(this.#at));
    if (named) {
      if (named[2].length !== 1) throw new RegexError("Invalid collation character");
      this.#at += named[0].length;
      return named[2].charCodeAt(0) & 255;
    }
    if (this.#at >= this.#source.length) throw new RegexError("Unmatched [, [^, [:, [., or [=");
    return this.#source.charCodeAt(this.#at++) & 255;
  }

  #sees(extended: string, basic: string): boolean {
    const wanted = this.#basic ? basic : extended;
    return wanted !== "" && this.#source.startsWith(wanted, this.#at);
  }

  #takes(extended: string, basic: string): boolean {
    if (!this.#sees(extended, basic)) return false;
    this.#at += (this.#basic ? basic : extended).length;
    return true;
  }
}

function numberIn(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function invalidPreceding(): RegexError {
  return new RegexError("Invalid preceding regular expression");
}

const ASSERTIONS: Readonly<Record<string, Assertion | undefined>> = {
  "`": "start",
  "'": "end",
  b: "word-edge",
  B: "no-word-edge",
  "<": "word-start",
  ">": "word-end",
};

const ESCAPED_SETS: Readonly<Record<string, RegExp | undefined>> = { w: /\w/, W: /\W/, s: /[ \t-\r]/, S: /[^ \t-\r]/ };

/** Character classes of the C locale. */
const CLASSES: Readonly<Record<string, RegExp | undefined>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t-\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

function* octetsMatching(pattern: RegExp): Generator<number> {
  for (let octet = 0; octet < 256; octet++) if (pattern.test(String.fromCharCode(octet))) yield octet;
}

function setOf(pattern: RegExp): OctetSet {
  const set = new Uint8Array(256);
  for (const octet of octetsMatching(pattern)) set[octet] = 1;
  return set;
}
