/** The examples of the standards: what they sign verifies, and what they canonicalise comes out as they say. */
import { createHash } from "node:crypto";
import { expect, test } from "@jest/globals";
import { type BodyCanonicalizer, bodyCanonicalizer } from "../../../../src/authentication/dkim/canonical-body.ts";
import { canonicalField, type Canonicalization } from "../../../../src/authentication/dkim/canonical-header.ts";
import { answeringResolver } from "../../../support/answering-resolver.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { RFC6376_MESSAGE, RFC6376_ZONE, RFC8463_MESSAGE, RFC8463_ZONE } from "../../../support/signed-samples.ts";
import { verifyText } from "../../../support/whole-message.ts";

const clock = new ManualClock();

test("RFC 6376 A.2 passes", async () => {
  const { dkim } = await verifyText(RFC6376_MESSAGE, { resolver: answeringResolver(RFC6376_ZONE), clock, arc: false });
  expect(dkim).toEqual([
    {
      result: "pass",
      domain: "example.com",
      selector: "brisbane",
      identity: "joe@football.example.com",
      algorithm: "rsa-sha256",
      bits: 1024,
      testing: false,
      signature: "AuUoFEfD",
    },
  ]);
});

test("both signatures of RFC 8463 A.3 pass", async () => {
  const { dkim } = await verifyText(RFC8463_MESSAGE, { resolver: answeringResolver(RFC8463_ZONE), clock, arc: false });
  expect(dkim.map(({ result, algorithm }) => [result, algorithm])).toEqual([
    ["pass", "ed25519-sha256"],
    ["pass", "rsa-sha256"],
  ]);
});

function bodyAs(form: Canonicalization, ...chunks: string[]): string {
  let out = "";
  const body: BodyCanonicalizer = bodyCanonicalizer(form, (octets) => (out += octets.toString("latin1")));
  for (const chunk of chunks) body.update(Buffer.from(chunk, "latin1"));
  body.end();
  expect(body.length).toBe(out.length);
  return out;
}

// RFC 6376 §3.4.5; the first also by parseHeader, which drops the blank before the colon.
test("the header of the example", () => {
  const fields = [
    { name: "A", value: " X" },
    { name: "B", value: " Y\t\r\n\tZ  " },
  ];
  expect(fields.map((field) => canonicalField(field, "relaxed"))).toEqual(["a:X\r\n", "b:Y Z\r\n"]);
  expect(fields.map((field) => canonicalField(field, "simple"))).toEqual(["A: X\r\n", "B: Y\t\r\n\tZ  \r\n"]);
});

test("the body of the example", () => {
  const body = " C \r\nD \t E\r\n\r\n\r\n";
  expect(bodyAs("relaxed", body)).toBe(" C\r\nD E\r\n");
  expect(bodyAs("simple", body)).toBe(" C \r\nD \t E\r\n");
});

test.each<[Canonicalization, string, string]>([
  ["simple", "", "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="],
  ["relaxed", "", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
  ["relaxed", "\r\n \t\r\n\r\n", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
])("an empty body, %s %j", (form, body, wanted) => {
  expect(createHash("sha256").update(bodyAs(form, body)).digest("base64")).toBe(wanted);
});

test.each<[string, string, string]>([
  ["no line end at the end", "a b", "a b\r\n"],
  ["blanks at the end without a line end", "a b \t", "a b\r\n"],
  ["CR alone is an octet", "a\rb \r c\r\n", "a\rb \r c\r\n"],
  ["LF alone is an octet", "a \n b\n\r\n", "a \n b\n\r\n"],
  ["CR before CRLF", "a\r\r\n", "a\r\r\n"],
  ["CR at the end", "a \r", "a \r\r\n"],
  ["only a CR", "\r", "\r\r\n"],
  ["blanks and a CR after empty lines", "a\r\n\r\n  \r", "a\r\n\r\n \r\r\n"],
  ["NUL and 8 bits", "\0 \xff\r\n", "\0 \xff\r\n"],
  ["empty lines in front", "\r\n\r\na\r\n\r\n", "\r\n\r\na\r\n"],
])("relaxed: %s", (_name, body, wanted) => {
  expect(bodyAs("relaxed", body)).toBe(wanted);
  expect(bodyAs("relaxed", ...body.split(""))).toBe(wanted);
});

test.each<[string, string, string]>([
  ["no line end at the end", "a  b", "a  b\r\n"],
  ["CR at the end", "a\r", "a\r\r\n"],
  ["CR before CRLF", "a\r\r\n\r\n", "a\r\r\n"],
  ["LF in front", "\n\r\n", "\n\r\n"],
  ["blanks stay", " \r\n \r\n\r\n", " \r\n \r\n"],
  ["empty lines in front", "\r\n\r\na", "\r\n\r\na\r\n"],
])("simple: %s", (_name, body, wanted) => {
  expect(bodyAs("simple", body)).toBe(wanted);
  expect(bodyAs("simple", ...body.split(""))).toBe(wanted);
});

test("a body of very many empty lines is counted, and comes out when something follows", () => {
  const lines = "\r\n".repeat(50_000);
  for (const form of ["simple", "relaxed"] as const) {
    expect(bodyAs(form, "a\r\n", lines, lines, "b")).toBe(`a\r\n${lines}${lines}b\r\n`);
    expect(bodyAs(form, "a\r\n", lines, lines)).toBe("a\r\n");
  }
});
