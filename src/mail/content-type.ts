/**
 * Content-Type fields (RFC 2045 §5.1) as they are and not only as they should be: comments and folding may stand between all
 * words, values that ought to be quoted are taken as they come, and what is no parameter is passed over.
 */

export interface ContentType {
  /** In lower case; "" where there is none. */
  readonly type: string;
  readonly subtype: string;
  /** Value of the first parameter with this name, which is given in lower case. */
  parameter(name: string): string | undefined;
}

/** @param value of the field, folding included */
export function readContentType(value: string): ContentType {
  const reader = new FieldReader(value);
  const type = reader.word(/[\s/;()]/g);
  const subtype = reader.passes("/") ? reader.word(/[\s;()]/g) : "";
  const parameters = new Map<string, string>();
  while (reader.toNextParameter()) {
    const name = reader.word(/[\s=;("]/g).toLowerCase();
    if (!reader.passes("=")) continue;
    const text = reader.value();
    if (!parameters.has(name)) parameters.set(name, text);
  }
  const isWhole = type !== "" && subtype !== "";
  return {
    type: isWhole ? type.toLowerCase() : "",
    subtype: isWhole ? subtype.toLowerCase() : "",
    parameter: (name) => parameters.get(name),
  };
}

class FieldReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Up to one of these characters; what stands before it is passed over. */
  word(end: RegExp): string {
    this.#blanks();
    end.lastIndex = this.#at;
    const stop = end.exec(this.#text)?.index ?? this.#text.length;
    const word = this.#text.slice(this.#at, stop);
    this.#at = stop;
    return word;
  }

  /** Passes over this character, when it comes next. */
  passes(character: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** A quoted string, or all up to a blank or a comment. */
  value(): string {
    this.#blanks();
    return this.#text[this.#at] === '"' ? this.#quoted() : this.word(/[\s;"(]/g);
  }

  /** Passes over the next semicolon; false when there is none. */
  toNextParameter(): boolean {
    for (; this.#at < this.#text.length; this.#at++) {
      this.#blanks();
      const character = this.#text[this.#at];
      if (character === '"') {
        this.#quoted();
        this.#at--;
      } else if (character === ";") {
        this.#at++;
        return true;
      }
    }
    return false;
  }

  #quoted(): string {
    let text = "";
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at];
      if (character === '"') {
        this.#at++;
        break;
      }
      text += character === "\\" ? (this.#text[++this.#at] ?? "") : character;
    }
    return text;
  }

  /** White space and comments, which may stand in each other. */
  #blanks(): void {
    let depth = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at];
      if (character === "(") depth++;
      else if (depth > 0) {
        if (character === ")") depth--;
        else if (character === "\\") this.#at++;
      } else if (!/\s/.test(character)) return;
    }
    this.#at = Math.min(this.#at, this.#text.length);
  }
}
