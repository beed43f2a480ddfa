import { expect, test } from "@jest/globals";
import { destination, destinationText, parseDestinations } from "../../../src/routing/alias-list.ts";

test("parseDestinations() tells addresses, programs, files and lists apart", () => {
  const text = 'joe, "|/usr/bin/vacation -a x joe", /var/mail/archive, :include:/etc/mail/list, \\ann, |prog one two';
  expect(parseDestinations(text)).toEqual([
    { kind: "address", text: "joe", final: false },
    { kind: "program", text: "/usr/bin/vacation -a x joe" },
    { kind: "file", text: "/var/mail/archive" },
    { kind: "include", text: "/etc/mail/list" },
    { kind: "address", text: "ann", final: true },
    { kind: "program", text: "prog one two" },
  ]);
});

test("parseDestinations() takes the quotes off a command, wherever they were put", () => {
  expect(parseDestinations('"|/bin/a \\"b c\\"", |"/bin/d, e", |/bin/f "g h"').map(({ text }) => text)).toEqual([
    '/bin/a "b c"',
    "/bin/d, e",
    '/bin/f "g h"',
  ]);
});

test("parseDestinations() splits at line ends and only at commas that separate", () => {
  const text = '"Smith, Joe" <joe@a.test>\nann@b.test (Ann, again),, "a,b"@c.test\n\n<@x.test,@y.test:z@w.test>';
  expect(parseDestinations(text).map(({ text: each }) => each)).toEqual([
    '"Smith, Joe" <joe@a.test>',
    "ann@b.test (Ann, again)",
    '"a,b"@c.test',
    "<@x.test,@y.test:z@w.test>",
  ]);
});

test("parseDestinations() survives unfinished quotes, comments and angles", () => {
  for (const text of ['"open', "(open", "<open", "a\\", '"a" (b <c', ",,,", ""]) {
    expect(() => parseDestinations(text)).not.toThrow();
  }
  expect(parseDestinations('"open, joe')).toHaveLength(2);
});

test.each([
  ['a "b, c', ['a "b', "c"]],
  ['a "b, c" d, e', ['a "b, c" d', "e"]],
  ["(a, (b, c) d, e", ["(a", "(b, c) d", "e"]],
  ["((a, b)), c", ["((a, b))", "c"]],
  ["<a, b, c\nd>, e", ["<a", "b", "c", "d>", "e"]],
  ['<a "b>, c" d>, e', ['<a "b>, c" d>', "e"]],
  ["a\\, b, c", ["a\\, b", "c"]],
  ["a\\\nb", ["a\\", "b"]],
  ["(a\\), b), c", ["(a\\), b)", "c"]],
])("parseDestinations() cuts %j", (text, wanted) => {
  expect(parseDestinations(text).map((each) => destinationText(each))).toEqual(
    wanted.map((each) => destinationText(destination(each))),
  );
});

test.each(["<", "(", '"', "((a)", '<"', "(a"])("200,000 octets of %j are read like others", (piece) => {
  const text = piece.repeat(200_000 / piece.length);
  expect(parseDestinations(text).length).toBeGreaterThan(0);
});

test("destinationText() is read back as the same destination", () => {
  for (const item of ["joe", "\\joe", '"|prog a, b"', "/dev/null", ":include:/x", '"quoted user"@a.test']) {
    const target = destination(item);
    expect(destination(destinationText(target))).toEqual(target);
  }
});

test("the path of a list may stand in quotes, as may the whole", () => {
  const include = { kind: "include", text: "/etc/mail/my list" };
  for (const text of [
    ':include: "/etc/mail/my list"',
    ':include:"/etc/mail/my list"',
    '":include:/etc/mail/my list"',
  ]) {
    expect(destination(text)).toEqual(include);
    expect(destination(destinationText(destination(text)))).toEqual(include);
  }
});
