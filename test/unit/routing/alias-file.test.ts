import { expect, test } from "@jest/globals";
import { readAliasText } from "../../../src/routing/alias-file.ts";
import { aliasKey } from "../../../src/routing/alias-name.ts";

const isOurs = (domain: string): boolean => domain === "mail.example.test";

test("readAliasText() joins continued lines and skips comments and empty lines", () => {
  const text =
    '# head\n\nPostmaster: root\nstaff: ann,\n\tbob,\n  "|/bin/archive a:b"\n# between\n"odd name": x\nlong: a, \\\nb\n';
  const { entries, problems, longest } = readAliasText(text);
  expect(problems).toEqual([]);
  expect(entries).toEqual([
    { name: "postmaster", value: "root", line: 3 },
    { name: "staff", value: 'ann, bob, "|/bin/archive a:b"', line: 4 },
    { name: '"odd name"', value: "x", line: 8 },
    { name: "long", value: "a,  b", line: 9 },
  ]);
  expect(longest).toBe(29);
});

// What sendmail 8.17 builds from these texts, and what it says.
test.each<[string, string, readonly string[], readonly string[]]>([
  ["a line without a colon", "a: joe\nbad line\nb: ann\n", ["a=joe", "b=ann"], ["2: missing colon"]],
  ["no name", "a: joe\n: ann\n", ["a=joe"], ["2: illegal alias name"]],
  ["no value", "b: \nc: ann\n", ["c=ann"], ["1: missing value for alias"]],
  [
    "a line that begins with a blank, with nothing before it",
    "  x: joe\nc: ann\n",
    ["c=ann"],
    ["1: Non-continuation line starts with space"],
  ],
  ["a foreign host", "a@other.test: joe\nc: ann\n", ["c=ann"], ["1: cannot alias non-local names"]],
  ["one of our hosts", "A@Mail.Example.Test: bob\n", ["a=bob"], []],
  ["a name twice", "a: joe\nA: ann\n", ["a=joe", "a=ann"], ["2: Warning: duplicate alias name a"]],
  ["quotes that are needed", '"john doe": ann\n', ['"john doe"=ann'], []],
  ["quotes that are not", '"q": ann\n', ["q=ann"], []],
  ["an @ in quotes", '"x@y": ann\n', ['"x@y"=ann'], []],
  ["UTF-8", "J\xc3\xbcrg: ann\n\xc3\x9cmit: bob\n", ["j\xc3\xbcrg=ann", "\xc3\x9cmit=bob"], []],
  ["blanks around the colon", "foo \t:\tjoe\n", ["foo=joe"], []],
  ["a second colon", "foo:bar:joe\n", ["foo=bar:joe"], []],
  ["a value on the next line", "foo:\n  joe\n", ["foo=joe"], []],
  ["detail", "bob+*: ann\nBob+X: joe\n", ["bob+*=ann", "bob+x=joe"], []],
])("readAliasText(): %s", (_, text, wanted, said) => {
  const { entries, problems } = readAliasText(text, isOurs);
  expect(entries.map(({ name, value }) => `${name}=${value}`)).toEqual(wanted);
  expect(problems.map(({ line, text: problem }) => `${line}: ${problem}`)).toEqual(said);
});

test("what is said about a line does not repeat it", () => {
  const secret = "root:$6$secret:19000:0:99999:7:::\n$6$only\n:$6$x\n$6$y@far.test: z\n";
  const said = readAliasText(secret, isOurs).problems.map(({ text }) => text);
  expect(said).toHaveLength(3);
  expect(said.join()).not.toContain("$6$");
});

test.each([
  ["Joe", "joe"],
  ['"q"', "q"],
  ['"Q.r"+X', "q.r+x"],
  ['"John Doe"', '"john doe"'],
  ['""', '""'],
  ['"a\\"b"', '"a\\"b"'],
  ["\xc3\x9c", "\xc3\x9c"],
])("aliasKey(%j) is %j", (name, key) => {
  expect(aliasKey(name)).toBe(key);
  expect(aliasKey(key)).toBe(key);
});
