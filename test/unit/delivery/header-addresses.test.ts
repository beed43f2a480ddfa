import { describe, expect, test } from "@jest/globals";
import { rewriteField } from "../../../src/delivery/header-addresses.ts";
import { addressSpans } from "../../../src/mail/address-list.ts";

function spans(value: string): string[] {
  return addressSpans(value).map(({ start, end }) => value.slice(start, end));
}

async function rewritten(value: string, change: (address: string) => string): Promise<string> {
  const field = await rewriteField(value, 4, (address) => ({ kind: "address", text: change(address) }));
  return field.kind === "value" ? field.value : field.reason;
}

describe("addresses of a field", () => {
  test.each([
    [" a@b, c@d", ["a@b", "c@d"]],
    [' "Doe, Jane" <jane@b> (x, y), <joe@c>', ['"Doe, Jane" <jane@b> (x, y)', "<joe@c>"]],
    [" friends: a@b, c@d; , e@f", ["a@b", "c@d", "e@f"]],
    [" undisclosed-recipients:;", []],
    [" @x,@y:joe@z, b@c", ["@x,@y:joe@z", "b@c"]],
    [" <@x,@y:joe@z>, b@c", ["<@x,@y:joe@z>", "b@c"]],
    [" @x ,, @[1::2] (a, b) : joe@z, b@c", ["@x ,, @[1::2] (a, b) : joe@z", "b@c"]],
    [" @x, Joe <joe@z>, b@c", ["@x", "Joe <joe@z>", "b@c"]],
    [" @x, @y, b@c", ["@x", "@y", "b@c"]],
    [" @x, team: a@b, @y; c@d", ["@x", "a@b", "@y", "c@d"]],
    [' @x, "a": b@c, <@y:joe@z>', ["@x", "b@c", "<@y:joe@z>"]],
    [" @x, (no: route) b@c, [d]: e@f", ["@x", "(no: route) b@c", "e@f"]],
    [" node::user, b", ["node::user", "b"]],
    [' "a\\"," b <c@d>', ['"a\\"," b <c@d>']],
    [" joe@[IPv6:2001:db8::1], b", ["joe@[IPv6:2001:db8::1]", "b"]],
    ["\r\n\ta@b,\r\n\tc@d", ["a@b", "c@d"]],
    [" ,, a@b ,", ["a@b"]],
    [" a@b; c@d;", ["a@b", "c@d"]],
    [" Doe; Joe <a@b>, x; y; Z <c@d>; e@f", ["Doe; Joe <a@b>", "x; y; Z <c@d>", "e@f"]],
    [" =?utf-8?Q?Doe,_J.?= <a@b>, =?utf-8?B?YTpi?= <c@d>", ["=?utf-8?Q?Doe,_J.?= <a@b>", "=?utf-8?B?YTpi?= <c@d>"]],
    [" [x, y] Joe <a@b>, c@[d,e]", ["[x", "y] Joe <a@b>", "c@[d,e]"]],
    [" team (a@b): c@d;", ["c@d"]],
    [' "a@b": c@d, "x"@y', ["c@d", '"x"@y']],
  ])("%j", (value, expected) => expect(spans(value)).toEqual(expected));
});

test("only addresses that change are touched", async () => {
  const value = ' Joe  <joe>,\r\n\t"Doe, Jane" <jane@b.test> ,x';
  expect(await rewritten(value, (address) => address.replace(/^x$/, "x@a.test"))).toBe(
    ' Joe  <joe>,\r\n\t"Doe, Jane" <jane@b.test> ,x@a.test',
  );
  const unchanged = await rewriteField(value, 4, (text) => Promise.resolve({ kind: "address" as const, text }));
  expect(unchanged).toEqual({ kind: "value", value });
});

test("a list that grows too long is folded between its addresses", async () => {
  const value = ` ${Array.from({ length: 6 }, (_each, index) => `user${index}`).join(", ")}`;
  const result = await rewritten(value, (address) => `${address}@long-domain.example.test`);
  expect(result.split("\r\n").every((line) => line.length <= 78)).toBe(true);
  expect(result.replace(/\r\n\t/g, " ")).toBe(value.replace(/user\d/g, "$&@long-domain.example.test"));
});

function qualified(text: string) {
  return { kind: "address" as const, text: text.includes("@") ? text : `${text}@x.test` };
}

test.each([
  [" joe jane", " joe@x.test, jane@x.test"],
  [" joe\r\n\tjane", " joe@x.test, jane@x.test"],
  [' "j d" a @ b.test c@d.test', ' "j d"@x.test, a @ b.test, c@d.test'],
  [" joe jane, x", " joe jane@x.test, x@x.test"],
  [" joe jane (x)", " joe jane (x)@x.test"],
])("old style: blanks separate the addresses of %j, which leaves with commas", async (value, expected) => {
  expect(await rewriteField(value, 3, qualified, true)).toEqual({ kind: "value", value: expected });
});

test.each([
  "a@b.test c@d.test, e",
  "Joe joe@b.test, e",
  '"Joe" joe@b.test, e',
  "a@, e",
  "@a.test, e",
  "@[IPv6:2001:db8::1], e",
])("%j: what is no address goes to no ruleset", async (value) => {
  const asked: string[] = [];
  const rewrite = (text: string) => {
    asked.push(text);
    return { kind: "address" as const, text };
  };
  await rewriteField(value, 3, rewrite);
  expect(asked).toEqual(["e"]);
});

test("a route without brackets is read as one", async () => {
  const asked: string[] = [];
  const rewrite = (text: string) => {
    asked.push(text);
    return { kind: "address" as const, text: "<joe@b.test>" };
  };
  expect(await rewriteField(" @a.test,@c.test:joe@b.test", 3, rewrite)).toEqual({
    kind: "value",
    value: " joe@b.test",
  });
  expect(asked).toEqual(["<@a.test,@c.test:joe@b.test>"]);
});

test("an address that cannot be rewritten now stops the field", async () => {
  const field = await rewriteField(" a, b", 3, () => ({ kind: "tempfail", reason: "map is down" }));
  expect(field).toEqual({ kind: "tempfail", reason: "map is down" });
});

test("whatever a field contains, its addresses lie apart and in order, and nothing changes by itself", async () => {
  const alphabet = [
    "a@b",
    ",",
    ";",
    ":",
    "<",
    ">",
    "(",
    ")",
    '"',
    "\\",
    " ",
    "\r\n\t",
    "[",
    "]",
    "x",
    "@",
    "::",
    "\xe9",
  ];
  let seed = 11;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 2_000; round++) {
    const value = Array.from({ length: random(20) }, () => alphabet[random(alphabet.length)]).join("");
    let end = 0;
    for (const span of addressSpans(value)) {
      expect(span.start).toBeGreaterThanOrEqual(end);
      expect(span.end).toBeGreaterThan(span.start);
      end = span.end;
    }
    expect(end).toBeLessThanOrEqual(value.length);
    expect(await rewritten(value, (address) => address)).toBe(value);
  }
});

test("a field of hostile shape takes no longer than its length deserves", () => {
  for (const part of [",", ":", "@,", "@:", "@x,(@),", "@x,@y,z,", "(", '"', "<", "a:"])
    expect(addressSpans(part.repeat(16_000))).toBeDefined();
});
