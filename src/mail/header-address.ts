/**
 * Finds the address in a header value and keeps what stands around it: phrase, angle brackets, comments, group names.
 *
 *     "Full, Name" <user@example.org> (comment)   →   `"Full, Name" <` … `> (comment)`
 *
 * Every `<` and every group colon starts over: what came before was a phrase, which is quoted when it holds characters
 * that a phrase may not hold bare (option MustQuoteChars).
 */
import { trimBlanks, trimBlanksAtStart } from "./blanks.ts";
import { endOfEncodedWord, quotePhrase } from "./phrase.ts";

export interface AddressFrame {
  readonly before: string;
  /** What follows the address; undefined when there is no address to replace. */
  readonly after: string | undefined;
}

export interface CrackOptions {
  /** Characters that make an unquoted phrase be quoted (option MustQuoteChars). */
  readonly mustQuote: string;
  /** Option ColonOkInAddr: colon and semicolon belong to the address, there are no groups. */
  readonly colonOk?: boolean;
  /** What is quoted means afterwards what it meant before; sendmail (and so test mode) puts marks around all of it. */
  readonly exact?: boolean;
}

/** Characters that are always quoted in a phrase, beside MustQuoteChars. */
const ALWAYS_QUOTED = "@,;:\\()[]<>";

/** @param value one address with phrase and comments */
export function crackAddress(value: string, options: CrackOptions): AddressFrame {
  return new Cracker(trimBlanks(value), options).run();
}

/** The frame around another address. */
export function frameAddress({ before, after }: AddressFrame, address: string): string {
  return after === undefined ? before : before + address + after;
}

class Cracker {
  readonly #text: string;
  readonly #special: string;
  readonly #colonOk: boolean;
  readonly #exact: boolean;
  /** The name of a group with its colon and the blanks after it. */
  #head = "";
  /** Where the phrase in front of the last `<` ends, and whether it needs quotes. It is only written at the end. */
  #phrase: { readonly end: number; readonly quoteIt: boolean } | undefined;
  /** What came since: comments, brackets, text behind the address. */
  #out = "";
  #last = "";
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

  constructor(text: string, { mustQuote, colonOk = false, exact = false }: CrackOptions) {
    this.#text = text;
    this.#special = ALWAYS_QUOTED + mustQuote;
    this.#colonOk = colonOk;
    this.#exact = exact;
  }

  run(): AddressFrame {
    const text = this.#text;
    for (let at = 0; at < text.length; at++) at = this.#read(text[at], at);
    // Quoted text behind the address: nothing but the address is sure, sendmail says.
    if (this.#quotedBehind && !this.#exact) return { before: "<", after: ">" };
    if (this.#comment > 0) this.#write(")".repeat(this.#comment));
    if (this.#quoted && this.#copying) this.#write('"');
    if (this.#angle) this.#write(">");
    const front = this.#head + this.#written();
    if (this.#place === undefined) return { before: front + this.#out, after: undefined };
    return { before: front + this.#out.slice(0, this.#place), after: this.#out.slice(this.#place) };
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
      this.#write(letter);
      return at;
    }
    if (letter === '"') {
      this.#quoted = !this.#quoted;
      if (this.#copying) this.#write(letter);
      return at;
    }
    if (this.#quoted) {
      if (this.#copying) this.#quotedBehind = true;
      this.#ordinary(letter);
      return at;
    }
    const encoded = this.#exact && letter === "=" ? endOfEncodedWord(this.#text, at) : undefined;
    if (encoded !== undefined) {
      this.#ordinary(this.#text.slice(at, encoded));
      return encoded - 1;
    }
    switch (letter) {
      case "(":
        this.#openComment();
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
        if (!this.#copying && !this.#colonOk) this.#write(letter);
        break;
      case "<":
        this.#phrase = { end: at, quoteIt: this.#quoteIt };
        this.#startOver("<");
        this.#quoteIt = true;
        this.#angle = true;
        return at;
      case ")":
        if (this.#copying) return at;
        break;
      case ">":
        this.#quoteIt = true;
        if (!this.#angle) return at;
        this.#angle = false;
        this.#write(letter);
        this.#copying = true;
        return at;
      default:
    }
    if (this.#special.includes(letter)) this.#quoteIt = true;
    this.#ordinary(letter);
    return at;
  }

  /** Behind the address everything stays as it is; in front of it comments stand apart. */
  #openComment(): void {
    const apart =
      this.#place === this.#out.length || (this.#out !== "" && this.#last !== " " && !/\s/.test(this.#last));
    if (!this.#copying && apart) this.#write(" ");
    this.#comment++;
    this.#write("(");
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
    let end = at + 1;
    while (end < this.#text.length && /\s/.test(this.#text[end])) end++;
    this.#phrase = { end: at, quoteIt: this.#quoteIt };
    this.#head = this.#written() + this.#text.slice(at, end);
    this.#phrase = undefined;
    this.#startOver("");
    this.#phraseStart = end;
    this.#quoteIt = false;
    return end - 1;
  }

  /** A character that belongs to the address, or to the text behind it. */
  #ordinary(text: string): void {
    if (this.#copying || this.#comment > 0) this.#write(text);
    else if (this.#place === undefined) {
      if (this.#last === ")") this.#write(" ");
      this.#place = this.#out.length;
    }
  }

  #write(text: string): void {
    this.#out += text;
    this.#last = text.slice(-1);
  }

  /** Everything up to here was a phrase or the name of a group. */
  #startOver(mark: string): void {
    this.#out = mark;
    this.#last = mark;
    this.#place = undefined;
    this.#copying = false;
  }

  /** The phrase with its quotes and the blanks around it. */
  #written(): string {
    if (this.#phrase === undefined) return "";
    const { end, quoteIt } = this.#phrase;
    const phrase = this.#text.slice(this.#phraseStart, end);
    const bare = trimBlanks(phrase);
    if (!quoteIt || bare === "") return phrase;
    const lead = phrase.length - trimBlanksAtStart(phrase).length;
    const words = this.#exact ? quotePhrase(bare, this.#special) : `"${bare.replaceAll('"', '\\"')}"`;
    return phrase.slice(0, lead) + words + phrase.slice(lead + bare.length);
  }
}
