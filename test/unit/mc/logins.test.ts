/**
 * FEATURE(login_limits) and FEATURE(sender_login): what their tables say about logins and senders; and the example of
 * trust by map.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { compileMc } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";
import { decide } from "../../support/decisions.ts";

const library = folderLibrary(join(import.meta.dirname, "../../../macros"));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mc-logins-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the rulesets answer to typed lines, with a table of colon-separated lines. */
async function answers(feature: string, more: string, table: readonly string[], typed: readonly string[]) {
  writeFileSync(join(folder, "table"), `${table.join("\n")}\n`);
  const lines = [
    "OSTYPE(`linux')",
    "define(`confDOMAIN_NAME', `mx.example.com')",
    "define(`confDONT_PROBE_INTERFACES', `True')",
    "FEATURE(`nocanonify')",
    `FEATURE(\`${feature}', \`text -k0 -v1 -z; ${join(folder, "table")}'${more})`,
    "MAILER(`smtp')",
    "",
  ];
  const { text, diagnostics } = compileMc({ file: join(folder, "site.mc"), text: lines.join("\n") }, { library });
  expect(diagnostics).toEqual([]);
  const config = join(folder, "sendmail.cf");
  writeFileSync(config, text, "latin1");
  return decide(config, typed);
}

const SENDERS = [
  "joe@here.test;joe, ann",
  "all@here.test;*",
  "@lists.test;master@here.test",
  "o@here.test;joe@here.test",
];
const YES = /OK|identical/;
const NOT_FOR = (login: string) => new RegExp(`not for " ${login.replaceAll("@", " @ ").replaceAll(".", " \\. ")}$`);
const NOBODY = /nobody may use/;

test.each([
  ["joe", "<joe@here.test>", YES],
  ["ann", "<Joe@Here.Test>", YES],
  ["bob", "<joe@here.test>", NOT_FOR("bob")],
  ["bob", "<all@here.test>", YES],
  ["joe", "<x@lists.test>", NOT_FOR("joe")],
  ["master@here.test", "<x@lists.test>", YES],
  ["joe", "<o@here.test>", NOT_FOR("joe")],
  ["bob", "<>", YES],
])("%s as %s", async (login, sender, expected) => {
  const [, { answer }] = await answers("sender_login", "", SENDERS, [
    `.D{auth_authen}${login}`,
    `sender_login ${sender}`,
  ]);
  expect(answer).toMatch(expected);
});

test("a sender that is not in the table is for everybody, or with strict for nobody", async () => {
  const typed = [".D{auth_authen}joe", "sender_login <new@here.test>"];
  const [, open] = await answers("sender_login", "", SENDERS, typed);
  const [, strict] = await answers("sender_login", ", `strict'", SENDERS, typed);
  expect(open.answer).toMatch(YES);
  expect(strict.answer).toMatch(NOBODY);
});

test("limits of a login, else those of all others", async () => {
  const table = ["joe;messages/h=5 hold", "*;recipients/d=9"];
  const said = await answers("login_limits", "", table, ["login_limits joe", "login_limits ann"]);
  expect(said.map(({ answer }) => answer.replaceAll(" ", ""))).toEqual(["$#messages/h=5hold", "$#recipients/d=9"]);
});

test("the example of trust by map lets the addresses of the table relay, and nobody else", async () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/submission.md"), "utf8");
  const example = /## Trust by map[^]*?```m4\n([^]*?)```/.exec(page)?.[1] ?? "";
  writeFileSync(join(folder, "popauth"), "192.0.2.7:joe\n");
  const lines = [
    "OSTYPE(`linux')",
    "define(`confDOMAIN_NAME', `mx.example.com')",
    "define(`confDONT_PROBE_INTERFACES', `True')",
    "FEATURE(`nocanonify')",
    "MAILER(`smtp')",
    example.replaceAll("@DIR@", folder),
  ];
  const { text, diagnostics } = compileMc({ file: join(folder, "site.mc"), text: lines.join("\n") }, { library });
  expect(diagnostics).toEqual([]);
  const config = join(folder, "sendmail.cf");
  writeFileSync(config, text, "latin1");
  const typed = ["192.0.2.7", "192.0.2.8"].flatMap((from) => [`.D{client_addr}${from}`, "check_rcpt <a@far.test>"]);
  const said = await decide(config, typed);
  expect(said.map(({ answer }) => answer)).toEqual(["", "$# OK", "", expect.stringMatching(/Relaying denied/)]);
});
