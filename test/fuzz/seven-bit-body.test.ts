/**
 * Eight bits into seven, for messages whose MIME structure is broken on purpose: delimiters that are missing, double, or the
 * beginning of others, headers without an end, parts in parts with one boundary. A reader of its own must find the same
 * delimiters, headers and contents before and after.
 */
import { expect, test } from "@jest/globals";
import { mimeEntity } from "../../src/mail/mime-entity.ts";
import { planSevenBit, writeSevenBit } from "../../src/mail/seven-bit-body.ts";
import { fuzz, type Random } from "../support/fuzz.ts";

const LINES = [
  "--b",
  "--b--",
  "--bb",
  "--bb--",
  "--a",
  "--a--",
  "--b ",
  "--b\t",
  "--b-",
  "--b---",
  "--b\xa0",
  "",
  "",
  "",
  "Content-Type: text/plain",
  "Content-Type: multipart/mixed; boundary=bb",
  "Content-Type: multipart/mixed;",
  '\tboundary="a"',
  "Content-Type: message/rfc822",
  "Content-Transfer-Encoding: 8bit",
  "X: \xe9",
  "\tfolded",
  "text \xe9",
  "\xe9\xe9\xe9\xe9",
  "=",
  "plain text plain text plain text",
  ".",
  " blanks \t",
  `${"x".repeat(74)}--b`,
  `\xe9${"x".repeat(72)}--b`,
  `\xe9${"x".repeat(72)}--b--`,
];
const TYPES = ["multipart/mixed; boundary=b", 'multipart/digest; boundary="b"', "message/rfc822"];

function randomBody(random: Random): string {
  const lines = Array.from({ length: random(25) }, () => LINES[random(LINES.length)]);
  return `${lines.map((line) => line + ["\r\n", "\r\n", "\n"][random(3)]).join("")}${["", "no end", "\xe9"][random(3)]}`;
}

async function convert(type: string, body: string, careful: boolean): Promise<string> {
  const top = mimeEntity(type, "8bit");
  const octets = [Buffer.from(body, "latin1")];
  const plan = await planSevenBit(top, octets);
  let written = "";
  for await (const chunk of writeSevenBit(top, plan, { note: () => "note", careful, fromSafe: careful }, octets)) {
    written += chunk.toString("latin1");
  }
  return written;
}

function decoded(encoding: string, text: string): string {
  if (encoding === "base64") return Buffer.from(text, "base64").toString("latin1");
  if (encoding !== "quoted-printable") return text;
  return text
    .replaceAll(/[ \t]+(?=\r\n|$)/g, "")
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Fields that the conversion may change. */
const CHANGED = /^(?:content-transfer-encoding|x-mime-autoconverted|mime-version):/i;

class Reader {
  /** Delimiters, headers, contents and all other lines, in their order. */
  readonly found: string[] = [];
  readonly #open: { readonly delimiter: string; readonly isDigest: boolean }[] = [];
  #state: "header" | "leaf" | "other" = "other";
  #lines: string[] = [];
  #encoding = "";

  constructor(type: string, body: string) {
    this.#begin(type, "", false);
    const lines = body.split(/\r\n|\n|\r/);
    if (lines.at(-1) === "") lines.pop();
    let inDigest = false;
    for (const line of lines) {
      const digest = this.#delimits(line);
      if (digest !== undefined) inDigest = digest;
      else if (this.#state === "other") this.found.push(`line ${line}`);
      else if (this.#state === "leaf" || line !== "") this.#lines.push(line);
      else {
        this.#header(inDigest);
        inDigest = false;
      }
    }
    this.#close();
  }

  /** Undefined: it is no delimiter. True: what follows it is a message, if it does not say otherwise. */
  #delimits(line: string): boolean | undefined {
    const text = line.replace(/[ \t]+$/, "");
    const at = this.#open.findLastIndex(({ delimiter }) => text === delimiter || text === `${delimiter}--`);
    if (at < 0) return undefined;
    const { delimiter, isDigest } = this.#open[at];
    this.#close();
    this.found.push(`delimiter ${text}`);
    const goesOn = text === delimiter;
    this.#open.length = goesOn ? at + 1 : at;
    this.#state = goesOn ? "header" : "other";
    return isDigest;
  }

  #header(inDigest: boolean): void {
    const fields: string[] = [];
    for (const line of this.#lines) {
      if (/^[ \t]/.test(line) && fields.length > 0) fields[fields.length - 1] += line;
      else fields.push(line);
    }
    this.#lines = [];
    this.found.push(`header ${fields.filter((field) => !CHANGED.test(field)).join("|")}`);
    const value = (name: RegExp) => fields.find((field) => name.test(field))?.replace(/^[^:]*:\s*/, "");
    this.#begin(value(/^content-type:/i), value(/^content-transfer-encoding:/i) ?? "", inDigest);
  }

  #begin(type: string | undefined, encoding: string, inDigest: boolean): void {
    const isConverted = /^(?:base64|quoted-printable)$/.test(encoding);
    const { kind, boundary, digest = false } = mimeEntity(type, isConverted ? "" : encoding, inDigest);
    this.#encoding = isConverted ? encoding : "";
    this.#state = kind === "leaf" ? "leaf" : kind === "message" ? "header" : "other";
    if (kind === "multipart") this.#open.push({ delimiter: `--${boundary}`, isDigest: digest });
  }

  /** The line end before a delimiter belongs to that; whether there was one at the end of all cannot be seen. */
  #close(): void {
    const lines = this.#lines;
    this.#lines = [];
    if (this.#state === "leaf") {
      this.found.push(`content ${decoded(this.#encoding, lines.join("\r\n")).replace(/(?:\r\n)+$/, "")}`);
    } else this.found.push(...lines.map((line) => `line ${line}`));
  }
}

test("a reader finds the same parts before and after", async () => {
  await fuzz(1_500, async (random, note) => {
    const type = TYPES[random(TYPES.length)];
    const body = randomBody(random);
    note({ type, body });
    const written = await convert(type, body, random(4) === 0);
    expect(new Reader(type, written).found).toEqual(new Reader(type, body).found);
  });
});
