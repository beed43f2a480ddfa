/**
 * What F=C, c, s, B and p and C= do to addresses: as a genuine sendmail 8.17 did it with the same configuration and message.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Config } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { withBareUsers } from "../../../src/delivery/bare-users.ts";
import { jobMacros } from "../../../src/delivery/job-macros.ts";
import { writeMessage } from "../../../src/delivery/message-writer.ts";
import { parseHeader } from "../../../src/mail/header.ts";
import { createMailRules } from "../../../src/routing/resolve.ts";
import { senderFacts } from "../../../src/routing/sender-facts.ts";
import { configEnvironment } from "../../support/config-environment.ts";
import { testJob } from "../../support/delivery-job.ts";

/** Mailers of recipients by their flags; cc.test is a sender whose mailer has F=C, cs.test one whose mailer has C=. */
const FLAGS = ["", "c", "s", "B", "p"];

const CF = `V10/Berkeley
Djmail.example.test
O OperatorChars=.:%@!^/[]+
O DefaultCharSet=koi8-r
Scanonify=3
R$* < $* > $*\t\t$2
Sparse=0
R$*slow.test\t\t$#error $@ 4.4.3 $: 451 later
R$*cc.test\t\t$#csend $@ cc.test $: $1cc.test
R$*rm.test\t\t$#remote $@ rm.test $: $1rm.test
R$*cs.test\t\t$#ssend $@ cs.test $: $1cs.test
R$*\t\t\t$#local $: $1
Sfinal=4
Mlocal, P=/bin/false, F=lsu, A=false $u
Mprog, P=/bin/sh, F=lsu, A=sh -c $u
M*file*, P=[FILE], F=lsu, A=FILE $u
Mcsend, P=/bin/false, F=suC, A=false $u
Mssend, P=/bin/false, F=su, C=x-sender, A=false $u
Mremote, P=/bin/false, F=su, A=false $u
${FLAGS.map((flags) => `Mto${flags}, P=[IPC], F=mu${flags}, C=x-recipient, E=\\r\\n, A=TCP $h\n`).join("")}`;

let folder: string;
let config: Config;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "flags-"));
  writeFileSync(join(folder, "t.cf"), CF);
  const loaded = await loadConfig(join(folder, "t.cf"), configEnvironment);
  config = loaded.config!;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function jobOf(flags: string, sender: string, users: readonly string[] = ["u"], header = "") {
  const scope = config.macros.child([["f", sender]]);
  const { addresses, charset, isLocal } = senderFacts(config, createMailRules(config), sender, scope);
  const job = testJob({
    mailer: config.mailers.get(`to${flags}`.toLowerCase()) ?? config.mailers.get(`to${flags}`)!,
    envelope: { sender, headers: parseHeader(header).fields },
    users,
    addresses,
  });
  return { ...job, scope, charset, senderIsLocal: isLocal };
}

const TO = `To: ann (Ann), "Bob" <"bob x"@b.test>, carl@c.test (Carl),
 <@r.test:dora@d.test>, plain, e\\@f@g.test, "q" (c1) <x@y.test> (c2)
Cc: a!b!c, d%e
Reply-To: "quoted"
X-Other: joe (c)
`.replaceAll("\n", "\r\n");
const AS_IT_WAS = TO.replaceAll("\r\n ", " ");

const HEADERS: readonly (readonly [string, string, string])[] = [
  ["", "joe@nc.test", AS_IT_WAS],
  ["s", "joe@nc.test", AS_IT_WAS],
  [
    "c",
    "joe@nc.test",
    `To: ann, "bob x"@b.test, carl@c.test, @r.test:dora@d.test, plain, e\\@f@g.test, x@y.test
Cc: a!b!c, d%e
Reply-To: "quoted"
X-Other: joe (c)
`,
  ],
  [
    "",
    "joe@cc.test",
    `To: ann@cc.test (Ann), "Bob" <"bob x"@b.test>, carl@c.test (Carl), <@r.test:dora@d.test>, plain@cc.test, e\\@f@g.test, "q" (c1) <x@y.test> (c2)
Cc: a!b!c@cc.test, d%e@cc.test
Reply-To: "quoted"@cc.test
X-Other: joe (c)
`,
  ],
  [
    "c",
    "joe@cc.test",
    `To: ann@cc.test, "bob x"@b.test, carl@c.test, @r.test:dora@d.test, plain@cc.test, e\\@f@g.test, x@y.test
Cc: a!b!c@cc.test, d%e@cc.test
Reply-To: "quoted"@cc.test
X-Other: joe (c)
`,
  ],
  ["", "", AS_IT_WAS],
  ["", "joe!cc.test", AS_IT_WAS],
];

test.each(HEADERS)("header for F=%s from %j", async (flags, sender, expected) => {
  const job = jobOf(flags, sender, ["u"], TO);
  const written = await writeMessage(config, job, job.scope, { fromLines: false });
  expect(written.kind === "message" && written.message.head.toString("latin1").replaceAll(/\r\n[ \t]+/g, " ")).toBe(
    `${expected.replaceAll(/\r?\n/g, "\r\n")}\r\n`,
  );
});

describe("users in RCPT", () => {
  const GIVEN = ["\\esc@r.test", "x\\y@r.test", '"q"@r.test', '"\\x"@r.test', '"a\\"b"@r.test', "u@r.test", '""'];
  test.each([
    ["", GIVEN],
    ["B", ["esc@r.test", ...GIVEN.slice(1)]],
    ["s", ["esc@r.test", "xy@r.test", "q@r.test", "x@r.test", 'a"b@r.test', "u@r.test", '""']],
  ] as const)("F=%s", (flags, expected) => {
    const { recipients } = withBareUsers(jobOf(flags, "joe@nc.test", GIVEN));
    expect(recipients.map(({ triple }) => triple.user)).toEqual(expected);
    expect(recipients.map(({ index }) => index)).toEqual(GIVEN.map((_user, index) => index));
  });

  test("the shell's own quotes stay", () => {
    const job = { ...jobOf("", "joe@nc.test", ['|prog "a b"']), mailer: config.mailers.get("prog")! };
    expect(withBareUsers(job)).toBe(job);
  });
});

test.each([
  ["", "joe@nc.test", "joe@nc.test"],
  ["p", "joe@rm.test", "@mail.example.test:joe@rm.test"],
  ["p", "a!joe@rm.test", "@mail.example.test:a!joe@rm.test"],
  ["p", "@h1.test,@h2.test:joe@rm.test", "@mail.example.test,@h1.test,@h2.test:joe@rm.test"],
  ["p", "joe@nc.test", "joe@nc.test"],
  ["p", "joe", "joe"],
  ["p", "a!b!joe", "a!b!joe"],
  ["p", "", ""],
])("MAIL for F=%s from %j", async (flags, sender, expected) => {
  const macros = await jobMacros(jobOf(flags, sender));
  expect(macros.kind === "ready" && macros.sender).toBe(expected);
  expect(macros.kind === "ready" && macros.scope.get("g")).toBe(sender);
});

test.each([
  ["joe@cs.test", "x-sender"],
  ["joe@nc.test", undefined],
  ["", undefined],
])("character set of what %j wrote", async (sender, expected) => {
  expect(await jobOf("", sender).charset?.()).toBe(expected);
});

test("while nobody can say which mailer the sender has the message waits", async () => {
  const job = jobOf("", "joe@slow.test", ["u"], "To: ann\r\n");
  expect(await writeMessage(config, job, job.scope, { fromLines: false })).toMatchObject({ kind: "tempfail" });
});
