/** Header fields with addresses as a genuine sendmail 8.17 relayed them, with a configuration of the same kind. */
import { join } from "node:path";
import { beforeAll, expect, test } from "@jest/globals";
import type { Config } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { writeMessage } from "../../../src/delivery/message-writer.ts";
import { parseHeader } from "../../../src/mail/header.ts";
import { createMailRules } from "../../../src/routing/resolve.ts";
import { configEnvironment } from "../../support/config-environment.ts";
import { testJob } from "../../support/delivery-job.ts";

let config: Config;

beforeAll(async () => {
  const loaded = await loadConfig(join(import.meta.dirname, "../../../cf/standalone.cf"), configEnvironment);
  config = loaded.config!;
});

async function relayed(value: string): Promise<string> {
  const headers = parseHeader(`To: ${value}\r\n`).fields;
  const job = testJob({
    mailer: config.mailers.get("esmtp")!,
    envelope: { headers },
    addresses: createMailRules(config),
  });
  const scope = config.macros.child([["g", "joe@far.test"]]);
  const written = await writeMessage(config, job, scope, { eol: "\r\n", fromLines: false });
  if (written.kind !== "message") return written.reason;
  return written.message.head
    .toString("latin1")
    .replace(/^To: /, "")
    .replace(/\r\n\r\n$/, "")
    .replaceAll("\r\n", "");
}

const UNCHANGED = [
  "a@b.test",
  "<a@b.test>",
  "Joe <a@b.test>",
  '"Dr. Joe" <a@b.test>',
  '"a \\"q\\" b" <a@b.test>',
  '"one" "two" <a@b.test>',
  'one "two" three <a@b.test>',
  "a@b.test (comment)",
  "(c1) a@b.test (c2)",
  "Joe (c1) <a@b.test> (c2)",
  "Joe (a, b) <a@b.test>",
  "Joe <a@b.test (inner)>",
  "<a@b.test>(c)",
  '"q.u oted"@b.test',
  '"q u"@b.test',
  '"with@at"@b.test',
  '"with,comma"@b.test',
  '"back\\\\slash"@b.test',
  '"quo\\"te"@b.test',
  "a@[192.0.2.1]",
  "a@[IPv6:2001:db8::1]",
  "a%b@c.test",
  "a!b@c.test",
  "friends: a@b.test, c@d.test;",
  "undisclosed-recipients:;",
  "undisclosed-recipients: ;",
  '"quoted group": a@b.test;',
  "friends: a@b.test;, others: c@d.test;",
  "friends:a@b.test;",
  "=?utf-8?Q?J=C3=BCrgen?= <a@b.test>",
  "=?iso-8859-1?Q?J=FCrgen?= =?iso-8859-1?Q?_M?= <a@b.test>",
  "J\u00fcrgen <a@b.test>",
  "J\u00c3\u00bcrgen <a@b.test>",
  "J\u00c3\u009fen <a@b.test>",
  '"J\u00c3\u009fen" <a@b.test>',
  "j\u00c3\u00bcr@b.test",
  "a@b.test (J\u00c3\u00bcr)",
  "A@B.TEST",
  "Joe <A.User@B.Test>",
  '"Joe <x@y.test>" <a@b.test>',
  '"Joe (c)" <a@b.test>',
  "Joe (c <x@y.test>) <a@b.test>",
  "Joe <a@b.test> trailing",
  "Joe <>",
  "<>",
  '"" <a@b.test>',
  "() <a@b.test>",
  "a@b.test ((nested) comment)",
  "a@b.test (esc \\) aped)",
  "a\\@c@b.test",
  "Joe: X <a@b.test>",
  "Joe:X<a@b.test>",
  "a+b@c.test",
  "a/b=c@d.test",
  "/C=DE/S=x/@d.test",
  "mailto:a@b.test",
  "<mailto:a@b.test>",
  "a@b@c.test",
  "a..b@c.test",
  ".a@c.test",
  "a.@c.test",
  "@b.test",
  "a@-b.test",
  "a{b}@c.test",
  "a'b@c.test",
  "Joe|X <a@b.test>",
  "$x <a@b.test>",
  "a$b@c.test",
  "a#b@c.test",
  "a`b@c.test",
  "a~b@c.test",
  "a^b@c.test",
  "a*b@c.test",
  "a?b@c.test",
  "a b <c@d.test>",
];

test.each(UNCHANGED)("%j stays", async (value) => {
  expect(await relayed(value)).toBe(value);
});

test.each([
  ["Dr. Joe <a@b.test>", '"Dr. Joe" <a@b.test>'],
  ["Joe@work <a@b.test>", '"Joe@work" <a@b.test>'],
  ["a@b.test(comment)", "a@b.test (comment)"],
  ["(c1)a@b.test(c2)", "(c1) a@b.test (c2)"],
  ["Joe < a@b.test >", "Joe <a@b.test>"],
  ["a @ b.test", "a@b.test"],
  ["<@x.test:a@b.test>", "<a@b.test>"],
  ["<@x.test,@y.test:a@b.test>", "<a@b.test>"],
  ["Joe <@x.test,@y.test:a@b.test>, c@d.test", "Joe <a@b.test>, c@d.test"],
  ["a!b", "a!b@mail.example.test"],
  ["joe", "joe@mail.example.test"],
  ["Joe <joe>", "Joe <joe@mail.example.test>"],
  ["a@b.test c@d.test", "a@b.test, c@d.test"],
  ["a@b.test (unbalanced", "a@b.test (unbalanced)"],
  ["a@b.test unbalanced)", "a@b.test, unbalanced@mail.example.test"],
  ['"unbalanced <a@b.test>', '"unbalanced <a@b.test>"@mail.example.test'],
  ["Joe <a@b.test", "Joe <a@b.test>"],
  ["Joe a@b.test>", "Joe@mail.example.test, a@b.test"],
  ["Joe <<a@b.test>>", '"Joe <"<a@b.test>'],
  ["Joe; X <a@b.test>", '"Joe; X" <a@b.test>'],
  ["http://x.test <a@b.test>", 'http:"//x.test" <a@b.test>'],
  ["a::b", "a::b@mail.example.test"],
  ["a@b.test.", "a@b.test"],
  ["O'Neil <a@b.test>", '"O\'Neil" <a@b.test>'],
  ["[x] Joe <a@b.test>", '"[x] Joe" <a@b.test>'],
  ["Joe [x] <a@b.test>", '"Joe [x]" <a@b.test>'],
  ["Joe, X <a@b.test>", "Joe@mail.example.test, X <a@b.test>"],
  ["joe jane", "joe@mail.example.test, jane@mail.example.test"],
  ["a@b.test c@d.test", "a@b.test, c@d.test"],
  ['joe "x y"@b.test', 'joe@mail.example.test, "x y"@b.test'],
  ["undisclosed recipients", "undisclosed@mail.example.test, recipients@mail.example.test"],
  ["Joe Doe joe@b.test", "Joe@mail.example.test, Doe@mail.example.test, joe@b.test"],
  ["a@b.test, c d", "a@b.test, c.d@mail.example.test"],
  ["a b, c@d.test", "a.b@mail.example.test, c@d.test"],
  ["a b (c)", "a.b@mail.example.test (c)"],
  ["a(c) b", "a.b@mail.example.test (c)"],
  ['"a b" c', '"a b"@mail.example.test, c@mail.example.test'],
  ["a@b.test  c@d.test", "a@b.test, c@d.test"],
  ["a@b.test\tc@d.test", "a@b.test, c@d.test"],
  ["g: a b c;", "g: a.b.c@mail.example.test;"],
  ["a@b.test\r\n c@d.test", "a@b.test, c@d.test"],
  // UTF-8 with octets that mean something inside rulesets.
  ["J\xc3\x9f <joe>", "J\xc3\x9f <joe@mail.example.test>"],
  ['"J\xc3\x9f" <joe>', '"J\xc3\x9f" <joe@mail.example.test>'],
  ["joe (J\xc3\x9f)", "joe@mail.example.test (J\xc3\x9f)"],
  ["J\xd0\x98. X <joe>", '"J\xd0\x98. X" <joe@mail.example.test>'],
  ["J\xd0\x98 (c\xd0\x98) <joe> (d\xd0\x98)", "J\xd0\x98 (c\xd0\x98) <joe@mail.example.test> (d\xd0\x98)"],
  ["g\xd0\x98: J\xd0\x98 <joe>;", "g\xd0\x98: J\xd0\x98 <joe@mail.example.test>;"],
])("%j leaves as %j", async (value, expected) => {
  expect(await relayed(value)).toBe(expected);
});

// Here we differ on purpose (docs/compatibility.md).
test.each([
  ['one "two" th.ree <a@b.test>', 'one "two" "th.ree" <a@b.test>'],
  ["a . b @ c.test", "a.b@c.test"],
  ["a@b . test", "a@b.test"],
  ["@x.test:a@b.test", "a@b.test"],
  ["=?utf-8?Q?J,_X?= <a@b.test>", "=?utf-8?Q?J,_X?= <a@b.test>"],
  ["Joe \\, X <a@b.test>", '"Joe \\, X" <a@b.test>'],
  ["a\\,c@b.test", "a\\,c@b.test"],
  ["Joe joe@b.test, c@d.test", "Joe joe@b.test, c@d.test"],
  ['Joe <a@b.test> "trailing"', 'Joe <a@b.test> "trailing"'],
  ["a@b.test,,c@d.test", "a@b.test,,c@d.test"],
  ["a@b.test; c@d.test", "a@b.test; c@d.test"],
  ["j\xc3\x9f@b.test", "j\xc3\x9f@b.test"],
  [`"${"w".repeat(300)}" <joe>`, `"${"w".repeat(300)}" <joe@mail.example.test>`],
  [`joe (${"word ".repeat(300)})`, `joe@mail.example.test (${"word ".repeat(300)})`],
])("%j leaves as %j, which the original writes otherwise", async (value, expected) => {
  expect(await relayed(value)).toBe(expected);
});
