/**
 * A reader of small, plain XML: elements, text, references to characters; attributes are passed over. For reports that strangers
 * send, so that whatever could grow is refused: document types, and with them entities and external files; deep nesting; long names.
 * Namespaces are not looked at: `ns:record` is `record`.
 *
 * The text is walked once, and nothing is kept of it but the names of open elements: whoever reads decides what to keep.
 */

/** What is met on the way. Text comes in one piece, without blanks at both ends; empty text does not come. */
export interface XmlHandler {
  open(name: string, path: readonly string[]): void;
  text(text: string, path: readonly string[]): void;
  close(name: string, path: readonly string[]): void;
}

/** The text is not XML, or not of the plain kind. */
export class XmlError extends Error {
  override readonly name = "XmlError";
}

const DEEPEST = 32;
const LONGEST_NAME = 100;
/** Characters of one element's text: nobody has a longer address or reason. */
const LONGEST_TEXT = 64 * 1024;

const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/**
 * Walks over a document.
 * @throws XmlError with the line that it is about
 */
export function walkXml(text: string, handler: XmlHandler): void {
  new Walk(text, handler).run();
}

class Walk {
  readonly #text: string;
  readonly #handler: XmlHandler;
  readonly #path: string[] = [];
  #at = 0;
  /** Text of the innermost element so far. */
  #inner = "";
  #isRooted = false;

  constructor(text: string, handler: XmlHandler) {
    this.#text = text;
    this.#handler = handler;
  }

  run(): void {
    const text = this.#text;
    if (text.startsWith("\uFEFF")) this.#at = 1;
    while (this.#at < text.length) {
      const mark = text.indexOf("<", this.#at);
      this.#take(text.slice(this.#at, mark < 0 ? text.length : mark));
      if (mark < 0) break;
      this.#at = mark;
      if (text.startsWith("<!--", mark)) this.#skip("-->");
      else if (text.startsWith("<![CDATA[", mark)) this.#characters();
      else if (text.startsWith("<!", mark)) this.#fail("a document type is not allowed in a report");
      else if (text.startsWith("<?", mark)) this.#skip("?>");
      else if (text[mark + 1] === "/") this.#close();
      else this.#open();
    }
    const open = this.#path.at(-1);
    if (open !== undefined) this.#fail(`<${open}> has no end`);
    if (!this.#isRooted) this.#fail("there is no element");
  }

  #take(raw: string): void {
    if (this.#path.length === 0) {
      if (raw.trim() !== "") this.#fail(`text outside of elements: ${raw.trim().slice(0, 20)}`);
      return;
    }
    this.#add(raw.includes("&") ? this.#withReferences(raw) : raw);
  }

  #add(text: string): void {
    this.#inner += text;
    if (this.#inner.length > LONGEST_TEXT) this.#fail(`the text of <${this.#path.at(-1)}> is too long`);
  }

  #withReferences(raw: string): string {
    return raw.replace(/&([^;&\s]{0,12})(;?)/g, (whole, name: string, end: string) => {
      const known = end === "" ? undefined : (NAMED[name] ?? character(name));
      // Not well-formed, and seen in reports of those who do not escape what they quote.
      return known ?? whole;
    });
  }

  #characters(): void {
    const start = this.#at + "<![CDATA[".length;
    const end = this.#text.indexOf("]]>", start);
    if (end < 0) this.#fail("<![CDATA[ has no end");
    if (this.#path.length === 0) this.#fail("text outside of elements");
    this.#add(this.#text.slice(start, end));
    this.#at = end + "]]>".length;
  }

  #skip(mark: string): void {
    const end = this.#text.indexOf(mark, this.#at);
    if (end < 0) this.#fail(`${mark} is missing`);
    this.#at = end + mark.length;
  }

  #open(): void {
    const end = this.#tagEnd();
    const isEmpty = this.#text[end - 1] === "/";
    const name = this.#name(this.#text.slice(this.#at + 1, isEmpty ? end - 1 : end));
    if (this.#path.length === 0 && this.#isRooted) this.#fail(`<${name}> stands behind the end`);
    if (this.#path.length === DEEPEST) this.#fail(`elements are nested more than ${DEEPEST} deep`);
    this.#tell();
    this.#isRooted = true;
    this.#path.push(name);
    this.#handler.open(name, this.#path);
    this.#at = end + 1;
    if (isEmpty) this.#leave(name);
  }

  #close(): void {
    const end = this.#text.indexOf(">", this.#at);
    if (end < 0) this.#fail("a tag has no end");
    const name = this.#name(this.#text.slice(this.#at + 2, end));
    const open = this.#path.at(-1);
    if (open !== name)
      this.#fail(`</${name}> stands where ${open === undefined ? "nothing is open" : `</${open}> should`}`);
    this.#tell();
    this.#at = end + 1;
    this.#leave(name);
  }

  #leave(name: string): void {
    this.#handler.close(name, this.#path);
    this.#path.pop();
  }

  #tell(): void {
    const text = this.#inner.trim();
    this.#inner = "";
    if (text !== "") this.#handler.text(text, this.#path);
  }

  /** Index of the `>` that ends a tag: those in quotes do not. */
  #tagEnd(): number {
    let quote = "";
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const each = this.#text[at];
      if (quote !== "") {
        if (each === quote) quote = "";
      } else if (each === ">") return at;
      else if (each === '"' || each === "'") quote = each;
      else if (each === "<") break;
    }
    return this.#fail("a tag has no end");
  }

  #name(tag: string): string {
    const [, name] =
      /^(?:[\w.-]+:)?([A-Za-z_][\w.-]*)(?=\s|$)/.exec(tag) ?? this.#fail(`no name in <${tag.slice(0, 20)}>`);
    if (name.length > LONGEST_NAME) this.#fail("a name is too long");
    return name;
  }

  #fail(reason: string): never {
    let line = 1;
    for (let at = this.#text.indexOf("\n"); at >= 0 && at < this.#at; at = this.#text.indexOf("\n", at + 1)) line++;
    throw new XmlError(`line ${line}: ${reason}`);
  }
}

function character(name: string): string | undefined {
  const [, hexadecimal, decimal] = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name) ?? [];
  if (hexadecimal === undefined && decimal === undefined) return undefined;
  const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

/** Text as it stands in an element; what XML cannot hold becomes a question mark. */
export function xmlText(text: string): string {
  const plain = text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "?");
  return plain.replace(/[<>&]/g, (each) => (each === "<" ? "&lt;" : each === ">" ? "&gt;" : "&amp;"));
}
