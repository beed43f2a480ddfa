/** MaxMimeHeaderLength: what sendmail 8.17 makes of the same fields, and what holds for any text. */
import { describe, expect, test } from "@jest/globals";
import { limitMimeFields, type MimeLimits, readMimeLimits } from "../../../src/mail/mime-limits.ts";

const STRUCTURED = ["content-disposition", "content-id", "content-transfer-encoding", "content-type", "mime-version"];

function limitsOf(text: string): MimeLimits {
  return {
    ...readMimeLimits(text),
    isText: (name) => name === "content-description",
    isStructured: (name) => STRUCTURED.includes(name),
    hasParameters: (name) => name === "content-type" || name === "content-disposition",
  };
}

function limited(text: string, field: string): string {
  const colon = field.indexOf(":");
  const { fields } = limitMimeFields([{ name: field.slice(0, colon), value: field.slice(colon + 1) }], limitsOf(text));
  return `${fields[0].name}:${fields[0].value}`;
}

const a = (count: number): string => "a".repeat(count);

/** 128/40, as sendmail was asked. */
const cases: readonly (readonly [field: string, becomes: string])[] = [
  [`Content-Type: text/plain; name=${a(60)}`, `Content-Type: text/plain; name=${a(35)}`],
  [
    `Content-Type: text/plain; name="${a(60)}"; charset=us-ascii`,
    `Content-Type: text/plain; name="${a(33)}"; charset=us-ascii`,
  ],
  [
    `Content-Type: text/plain; name=${a(60)}; charset=${a(60)}`,
    `Content-Type: text/plain; name=${a(35)}; charset=${a(32)}`,
  ],
  [`Content-Disposition: attachment; filename="${a(300)}"`, `Content-Disposition: attachment; filename="${a(29)}"`],
  [`Content-Disposition: ${a(100)}; filename=x`, `Content-Disposition: ${a(40)}; filename=x`],
  [`Content-Type: text/plain (${a(100)}); name=y`, `Content-Type: text/plain (${a(27)}); name=y`],
  [`Content-Type: text/plain; ${a(100)}=y`, `Content-Type: text/plain; ${a(40)}`],
  [`Content-ID: <${a(300)}>`, `Content-ID: <${a(127)}`],
  [`Content-Transfer-Encoding: ${a(300)}`, `Content-Transfer-Encoding: ${a(128)}`],
  [`MIME-Version: 1.0 (${a(300)})`, `MIME-Version: 1.0 (${a(122)})`],
  [`Content-Description: ${a(128)}`, `Content-Description: ${a(128)}`],
  [`Content-Type: text/plain; name="${'s\\"'.repeat(60)}"`, `Content-Type: text/plain; name="${'s\\"'.repeat(11)}"`],
  [
    `Content-Type: text/plain; a*0="${a(38)}"; a*1="${a(38)}"; a*2="${a(38)}"; a*3="${a(38)}"`,
    `Content-Type: text/plain; a*0="${a(34)}"; a*1="${a(34)}"; a*2="${a(26)}"`,
  ],
  [`Content-Type: text/plain; name=${a(41)};z=y`, `Content-Type: text/plain; name=${a(35)};z=y`],
  [`Content-Type: text/plain; a="b;${a(60)}";z=y`, `Content-Type: text/plain; a="b;${a(34)}";z=y`],
  [`Content-Type: text/plain; name="${a(300)}`, `Content-Type: text/plain; name="${a(33)}"`],
  [`Content-Type: ${"(".repeat(180)}`, `Content-Type: ${"(".repeat(20)}${")".repeat(20)}`],
  [`Content-Location: http://${a(300)}`, `Content-Location: http://${a(300)}`],
  [
    `Content-Type: multipart/mixed;\r\n\tboundary="${a(60)}"\r\n\t; x=${a(100)}`,
    `Content-Type: multipart/mixed;\r\n\tboundary="${a(29)}"; x=${a(38)}`,
  ],
];

describe("fields that are too long", () => {
  test.each(cases)("%s", (field, becomes) => {
    expect(limited("128/40", field)).toBe(becomes);
  });

  test("either limit may be missing, and without any nothing is cut", () => {
    const field = `Content-Type: text/plain; name="${a(300)}"`;
    expect(limited("128/0", field)).toBe(`Content-Type: text/plain; name="${a(109)}"`);
    expect(limited("0/40", field)).toBe(`Content-Type: text/plain; name="${a(33)}"`);
    expect(limited("80", field)).toBe(`Content-Type: text/plain; name="${a(33)}"`);
    expect(limited("0/0", field)).toBe(field);
    expect(limited("", field)).toBe(field);
  });

  test("fields within the limits are the same objects", () => {
    const fields = [{ name: "Content-Type", value: ` text/plain; a=${a(30)}` }];
    expect(limitMimeFields(fields, limitsOf("128/40")).fields).toBe(fields);
  });
});
