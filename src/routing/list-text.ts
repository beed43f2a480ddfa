/**
 * Cuts the text of a list into its members: the right side of an alias, a line of a `.forward` or `:include:` file.
 *
 * Commas and line ends separate, but not inside quotes, comments (which nest) and angle brackets (which end with the line),
 * nor after a backslash. What is opened and never closed is text like any other. Anybody may have written it: every
 * character is looked at a few times, whatever stands there.
 */

const OPENERS = { quote: '"', comment: "(", angle: "<" } as const;

/** Members without surrounding blanks, one after the other: who wants only the first pays for no more. Empty ones are left out. */
export function eachMember(text: string): Generator<string, void, undefined> {
  return new ListText(text).members();
}

class ListText {
  readonly #text: string;
  /** A quote that stands here or later is never closed. */
  #openQuote = Infinity;
  /** Nor is an angle bracket that stands here. */
  #openAngles = { from: 0, to: 0 };
  /** `(` → behind its `)`, as far as comments have been read; 0: it is never closed. */
  readonly #comments = new Map<number, number>();

  constructor(text: string) {
    this.#text = text;
  }

  *members(): Generator<string, void, undefined> {
    const text = this.#text;
    let start = 0;
    for (let at = 0; at <= text.length;) {
      const character = text[at];
      if (character === undefined || character === "," || character === "\n") {
        const member = text.slice(start, at).trim();
        start = ++at;
        if (member !== "") yield member;
      } else at = this.#next(at, character);
    }
  }

  /** Behind what begins here. */
  #next(at: number, character: string): number {
    switch (character) {
      case OPENERS.quote:
        return this.#quoted(at) || at + 1;
      case OPENERS.comment:
        return this.#comment(at) || at + 1;
      case OPENERS.angle:
        return this.#angle(at) || at + 1;
      case "\\": {
        const escaped = this.#text[at + 1];
        return escaped === undefined || escaped === "\n" ? at + 1 : at + 2;
      }
      default:
        return at + 1;
    }
  }

  /** Behind the closing quote; 0: there is none. */
  #quoted(start: number): number {
    const text = this.#text;
    if (start >= this.#openQuote) return 0;
    for (let at = start + 1; at < text.length; at++) {
      if (text[at] === "\\") at++;
      else if (text[at] === OPENERS.quote) return at + 1;
    }
    this.#openQuote = start;
    return 0;
  }

  #angle(start: number): number {
    const text = this.#text;
    const { from, to } = this.#openAngles;
    if (start >= from && start < to) return 0;
    let at = start + 1;
    while (at < text.length && text[at] !== "\n") {
      if (text[at] === ">") return at + 1;
      at = (text[at] === OPENERS.quote && this.#quoted(at)) || at + 1;
    }
    this.#openAngles = { from: start, to: at };
    return 0;
  }

  #comment(start: number): number {
    const known = this.#comments.get(start);
    if (known !== undefined) return known;
    const text = this.#text;
    const open: number[] = [];
    for (let at = start; at < text.length; at++) {
      const character = text[at];
      if (character === "\\") at++;
      else if (character === OPENERS.comment) open.push(at);
      else if (character === ")") {
        this.#comments.set(open.pop()!, at + 1);
        if (open.length === 0) return at + 1;
      }
    }
    for (const each of open) this.#comments.set(each, 0);
    return 0;
  }
}
