/** The author of what a list sends on in its own name. */
import { expect, test } from "@jest/globals";
import { formatField, type HeaderField } from "../../../src/mail/header.ts";
import { fromList } from "../../../src/mail/list-from.ts";

function sent(...fields: readonly (readonly [string, string])[]): string[] {
  const header: HeaderField[] = fields.map(([name, value]) => ({ name, value: ` ${value}` }));
  return fromList(header, "tea@list.test").map((field) => formatField(field).trimEnd());
}

test.each([
  ["Joe Smith <joe@a.test>", '"Joe Smith via tea"'],
  ["<joe@a.test>", '"joe via tea"'],
  ["joe@a.test", '"joe via tea"'],
  ["joe@a.test (Joe Smith)", '"joe via tea"'],
  ['"Smith, Joe" <joe@a.test>', '"Smith, Joe via tea"'],
  ['"a \\"b\\" \\\\" <joe@a.test>', '"a \\"b\\" \\\\ via tea"'],
  ['"=?utf-8?Q?no?=" <joe@a.test>', '"=?utf-8?Q?no?= via tea"'],
  ["=?utf-8?Q?J=C3=B6?= Smith <joe@a.test>", "=?utf-8?Q?J=C3=B6?= Smith via tea"],
  ["Joe\r\n Smith\r\n <joe@a.test>", '"Joe Smith via tea"'],
  ["Joe <joe@a.test>, Ann <ann@b.test>", '"Joe via tea"'],
  ['"joe smith"@a.test', '"joe smith via tea"'],
])("From: %s becomes %s", (from, name) => {
  expect(sent(["From", from])[0]).toBe(`From: ${name} <tea@list.test>`);
});

test("answers reach the author, or whom he has named, and From is kept beside", () => {
  const from = "Joe <joe@a.test>";
  expect(sent(["To", "tea@list.test"], ["From", from], ["Subject", "x"])).toEqual([
    "To: tea@list.test",
    'From: "Joe via tea" <tea@list.test>',
    `Reply-To: ${from}`,
    `X-Original-From: ${from}`,
    "Subject: x",
  ]);
  expect(sent(["Reply-To", "ann@b.test"], ["From", from])).toEqual([
    "Reply-To: ann@b.test",
    'From: "Joe via tea" <tea@list.test>',
    `X-Original-From: ${from}`,
  ]);
});

test("what others call the original From does not stay beside ours; without From nothing changes", () => {
  expect(sent(["X-Original-From", "old@x.test"], ["From", "joe@a.test"])).toEqual([
    'From: "joe via tea" <tea@list.test>',
    "Reply-To: joe@a.test",
    "X-Original-From: joe@a.test",
  ]);
  expect(sent(["Subject", "x"])).toEqual(["Subject: x"]);
});
