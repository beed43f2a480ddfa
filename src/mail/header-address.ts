/**
 * Finds the address in a header value and keeps what stands around it: phrase, angle brackets, comments, group names.
 *
 *     "Full, Name" <user@example.org> (comment)   →   `"Full, Name" <` … `> (comment)`
 *
 * Every `<` and every group colon starts over: what came before was a phrase, which is quoted when it holds characters
 * that a phrase may not hold bare (option MustQuoteChars).
 */

export interface AddressFrame {
  readonly before: string;
  /** What follows the address; undefined when there is no address to replace. */
  readonly after: string | undefined;
}

/** Characters that are always quoted in a phrase, beside MustQuoteChars. */
const ALWAYS_QUOTED = "@,;:\\()[]<>";

/**
 * @param value one address with phrase and comments
 * @param mustQuote characters that make an unquoted phrase be quoted
 * @param colonOk option ColonOkInAddr: colon and semicolon belong to the address, there are no groups
 */
export function crackAddress(value: string, mustQuote: string, colonOk = false): AddressFrame {
  return new Cracker(value.trim(), ALWAYS_QUOTED + mustQuote, colonOk).run();
}

/** The frame around another address. */
export function frameAddress({ before, after }: AddressFrame, address: string): string {
  return after === undefined ? before : before + address + after;
}

class Cracker {
  readonly #text: string;
  readonly #special: string;
  readonly #colonOk: boolean;
  #out = "";
  /** Length of what a colon left: a comment right after it gets no blank. */
  #head = 0;
  /** Length of `#out` where the address goes. */
  #place: number | undefined;
  /** Where the phrase began: after the last group colon. */
  #phraseStart = 0;
  /** The phrase so far needs quotes. */
  #quoteIt = false;
  #comment = 0;
  #angle = false;
  /** Inside `[...]` a colon is part of an IPv6 address. */
  #brackets = 0;
  /** After the closing `>`: text is kept as it is. */
  #copying = false;
  #quoted = false;
  #quotedBehind = false;

  constructor(text: string, special: string, colonOk: boolean) {
    this.#text = text;
    this.#special = special;
    this.#colonOk = colonOk;
  }

  run(): AddressFrame {
    const text = this.#text;
    for (let at = 0; at < text.length; at++) at = this.#read(text[at], at);
    // Quoted text behind the address: nothing but the address is sure.
    if (this.#quotedBehind) return { before: "<", after: ">" };
    this.#out += ")".repeat(this.#comment);
    if (this.#quoted && this.#copying) this.#out += '"';
    if (this.#angle) this.#out += ">";
    if (this.#place === undefined) return { before: this.#out, after: undefined };
    return { before: this.#out.slice(0, this.#place), after: this.#out.slice(this.#place) };
  }

  /** @returns the index of the last character that was read */
  #read(letter: string, at: number): number {
    if (letter === "\\" && at + 1 < this.#text.length) {
      // Inside quotes and comments it is at home.
      if (this.#comment === 0 && !this.#quoted) this.#quoteIt = true;
      this.#ordinary(this.#text.slice(at, at + 2));
      return at + 1;
    }
    if (this.#comment > 0) {
      if (letter === "(") this.#comment++;
      else if (letter === ")") this.#comment--;
      this.#out += letter;
      return at;
    }
    if (letter === '"') {
      this.#quoted = !this.#quoted;
      if (this.#copying) this.#out += letter;
      return at;
    }
    if (this.#quoted) {
      if (this.#copying) this.#quotedBehind = true;
      this.#ordinary(letter);
      return at;
    }
    switch (letter) {
      case "(":
        if (this.#copying) {
          // Behind the address everything stays as it is.
        } else if (this.#place === this.#out.length || (this.#out.length > this.#head && !/\s$/.test(this.#out))) {
          this.#out += " ";
        }
        this.#comment++;
        this.#out += letter;
        return at;
      case ":":
        if (!this.#colonOk) return this.#colon(at);
        break;
      case "[":
        this.#brackets++;
        break;
      case "]":
        this.#brackets--;
        break;
      case ";":
        if (!this.#copying && !this.#colonOk) this.#out += letter;
        break;
      case "<":
        this.#startOver(at, "<");
        this.#angle = true;
        return at;
      case ")":
        if (this.#copying) return at;
        break;
      case ">":
        this.#quoteIt = true;
        if (!this.#angle) return at;
        this.#angle = false;
        this.#out += letter;
        this.#copying = true;
        return at;
      default:
    }
    if (this.#special.includes(letter)) this.#quoteIt = true;
    this.#ordinary(letter);
    return at;
  }

  /** `::` and `:.` belong to an address; the first other colon ends the name of a group, with the blanks after it. */
  #colon(at: number): number {
    const next = this.#text[at + 1];
    if (this.#brackets <= 0 && (next === ":" || next === ".")) {
      this.#quoteIt = true;
      this.#ordinary(this.#copying ? `${this.#text.slice(at, at + 2)}:` : "::");
      return at + 1;
    }
    if (this.#angle || this.#brackets > 0 || this.#phraseStart > 0) {
      this.#quoteIt = true;
      this.#ordinary(":");
      return at;
    }
    this.#startOver(at, ":");
    const blanks = /^\s*/.exec(this.#text.slice(at + 1))?.[0] ?? "";
    this.#out += blanks;
    this.#head = this.#out.length;
    this.#phraseStart = at + 1 + blanks.length;
    this.#quoteIt = false;
    return at + blanks.length;
  }

  /** A character that belongs to the address, or to the text behind it. */
  #ordinary(text: string): void {
    if (this.#copying || this.#comment > 0) this.#out += text;
    else if (this.#place === undefined) {
      if (this.#out.endsWith(")")) this.#out += " ";
      this.#place = this.#out.length;
    }
  }

  /** Everything up to here was a phrase or the name of a group. */
  #startOver(end: number, mark: string): void {
    const phrase = this.#text.slice(this.#phraseStart, end);
    const lead = phrase.length - phrase.trimStart().length;
    const bare = phrase.trim();
    const words = this.#quoteIt && bare !== "" ? `"${bare.replaceAll('"', '\\"')}"` : bare;
    this.#out =
      this.#out.slice(0, this.#head) + phrase.slice(0, lead) + words + phrase.slice(lead + bare.length) + mark;
    this.#place = undefined;
    this.#copying = false;
    if (mark === "<") this.#quoteIt = true;
  }
}
