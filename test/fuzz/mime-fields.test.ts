/** Fields that describe MIME, however they are written: read as RFC 2045 §5.1 says, and cut where they are too long. */
import { expect, test } from "@jest/globals";
import { mimeEntity } from "../../src/mail/mime-entity.ts";
import { limitMimeFields } from "../../src/mail/mime-limits.ts";
import { fuzz, type Random, randomWords } from "../support/fuzz.ts";

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)];

const BLANKS = ["", "", "", " ", "\t", "\r\n ", "\r\n\t", " (a comment) ", '(in (another) \\) "x; boundary=no")'];
const TEXTS = ["b", "==_b", "a b", "(x", "; boundary=no", 'x"y', "a\\b", "=", "b;c", "multipart/x", "x>", "B.b-b_b'b"];

/** A value as a token, when it may be one, or in quotes. */
function written(random: Random, value: string): string {
  if (/^[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+$/.test(value) && random(2) === 0) return value;
  return `"${value.replaceAll(/["\\]|(?<=b)b/g, "\\$&")}"`;
}

test("the type and the boundary are found, whatever stands around them", async () => {
  await fuzz(1500, (random, note) => {
    const blank = (): string => pick(random, BLANKS);
    const boundary = pick(random, TEXTS);
    const parameters = Array.from({ length: random(4) }, () => ({
      name: pick(random, ["x", "charset", "boundary-x", "xboundary", "boundary*0", "type"]),
      value: pick(random, TEXTS),
    }));
    parameters.splice(random(parameters.length + 1), 0, {
      name: pick(random, ["boundary", "BOUNDARY"]),
      value: boundary,
    });
    const tail = parameters
      .map(({ name, value }) => `;${blank()}${name}${blank()}=${blank()}${written(random, value)}${blank()}`)
      .join("");
    const sub = pick(random, ["mixed", "Digest", "signed"]);
    const type = `${blank()}${pick(random, ["multipart", "MULTIPART"])}${blank()}/${blank()}${sub}${blank()}${tail}`;
    note(type);
    expect(mimeEntity(type, "8bit")).toEqual({
      kind: "multipart",
      boundary,
      digest: sub === "Digest",
      isText: false,
    });
  });
});

test("whatever the field, it is read to its end, and what is no multipart has no boundary", async () => {
  const words = [
    "multipart",
    "/",
    "mixed",
    "text",
    "message",
    "rfc822",
    ";",
    "boundary",
    "=",
    '"',
    "\\",
    "(",
    ")",
    " ",
    "b",
  ];
  await fuzz(2000, (random, note) => {
    const type = randomWords(random, words, 30);
    note(type);
    const { kind, boundary } = mimeEntity(type, pick(random, [undefined, "7bit", "base64"]));
    expect(boundary !== undefined).toBe(kind === "multipart");
    if (boundary !== undefined) expect(boundary).not.toBe("");
  });
});

const STRUCTURED = ["content-disposition", "content-id", "content-type"];

test("what MaxMimeHeaderLength cuts is within the limits, stays one field, and is not cut again", async () => {
  const words = ['"', "(", ")", "\\", ";", " ", "\r\n\t", "aa", "=", "<", "\xff", "\\\\", '\\"'];
  await fuzz(1500, (random, note) => {
    const value = ` ${randomWords(random, words, 150)}`;
    const limits = {
      field: 20 + random(60),
      parameter: 5 + random(30),
      isText: () => false,
      isStructured: (name: string) => STRUCTURED.includes(name),
      hasParameters: (name: string) => name === "content-type",
    };
    const name = pick(random, ["Content-Type", "Content-ID"]);
    note({ name, value, ...limits });
    const once = limitMimeFields([{ name, value }], limits);
    if (once.cut.length === 0) return;
    const [{ value: cut }] = once.fields;
    expect(cut.trim().replaceAll("\r\n", "\n").length).toBeLessThanOrEqual(limits.field);
    expect(limitMimeFields(once.fields, limits).fields[0].value).toBe(cut);
    expect(cut).not.toMatch(/\n(?![ \t])/);
  });
});
