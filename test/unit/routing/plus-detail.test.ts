/**
 * user+detail from the address to the mailer, with aliases on the way: whole names, `user+*`, the user; what the local mailer
 * gets as $h; relays for unknown users; FEATURE(`preserve_local_plus_detail'). The answers are those of sendmail 8.17.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { loadConfig } from "../../../src/config/load.ts";
import { compileMc } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";
import { readAliasText } from "../../../src/routing/alias-file.ts";
import { createAliases } from "../../../src/routing/aliases.ts";
import type { ExpansionContext } from "../../../src/routing/expansion.ts";
import { expandRecipients } from "../../../src/routing/recipients.ts";
import { createMailRules } from "../../../src/routing/resolve.ts";
import type { MailboxDatabase } from "../../../src/sys/users.ts";
import { configEnvironment } from "../../support/config-environment.ts";
import { ownFiles } from "../../support/user-files.ts";

const ALIASES = [
  "bob+*: ann",
  "bob+x: joe",
  "b2+*: ann",
  "b2: joe",
  "b3: bob",
  "b4+z: joe",
  '"john doe": ann',
  '"q": ann',
  "j\xc3\xbcrg: ann",
  "q2@mail.example.test: joe",
  "B5+Q: joe",
  "postmaster: joe",
].join("\n");
const USERS = ["joe", "ann", "bob", "jane+doe"];

/** Address; then who gets it: `user`, `user / $h`: as it is, with LUSER_RELAY=local:ann, with preserve_local_plus_detail. */
const ANSWERS: readonly (readonly [string, string, string, string])[] = [
  ["joe+box", "joe / box", "joe / box", "unknown"],
  ["bob", "bob", "bob", "bob"],
  ["bob+x", "joe", "joe", "joe"],
  ["bob+y", "ann", "ann", "unknown"],
  ["b2", "joe", "joe", "joe"],
  ["b2+r", "ann", "ann", "unknown"],
  ["b3+q", "bob", "bob", "unknown"],
  ["b4+z", "joe", "joe", "joe"],
  ["b4+y", "unknown", "ann / b4+y", "unknown"],
  ["nosuch+d", "unknown", "ann / nosuch+d", "unknown"],
  ["nosuch", "unknown", "ann / nosuch", "unknown"],
  ["joe+", "joe", "joe", "unknown"],
  ["joe+a+b", "joe / a+b", "joe / a+b", "unknown"],
  ["jane+doe", "unknown", "ann / jane+doe", "jane+doe"],
  ["jane+doe+z", "unknown", "ann / jane+doe+z", "unknown"],
  ['"john doe"', "ann", "ann", "ann"],
  ['"q"', "ann", "ann", "ann"],
  ["q", "ann", "ann", "ann"],
  ["j\xc3\xbcrg", "ann", "ann", "ann"],
  ["q2", "joe", "joe", "joe"],
  ["b5+q", "joe", "joe", "joe"],
  ["b5+Q", "joe", "joe", "joe"],
  ["BOB+Y", "ann", "ann", "unknown"],
  ['"john doe"+k', "ann", "ann", "unknown"],
  ["postmaster+z", "joe", "joe", "unknown"],
];

const VARIANTS = {
  plain: "dnl",
  luser: "define(`LUSER_RELAY', `local:ann')dnl",
  preserve: "FEATURE(`preserve_local_plus_detail')dnl",
} as const;

const folder = mkdtempSync(join(tmpdir(), "plus-detail-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const users: MailboxDatabase = {
  find: (name) =>
    USERS.includes(name) ? { name, uid: 1000, gid: 1000, gecos: "", home: "", shell: "/bin/sh" } : undefined,
  findById: () => undefined,
};

async function contextOf(variant: string, lines: string): Promise<ExpansionContext> {
  const mc = join(folder, `${variant}.mc`);
  const text = ["OSTYPE(`linux')", "define(`confDOMAIN_NAME', `mail.example.test')", "FEATURE(`nocanonify')", lines];
  writeFileSync(mc, [...text, "MAILER(`local')", "MAILER(`smtp')", ""].join("\n"));
  const library = folderLibrary(join(import.meta.dirname, "../../../macros"));
  const cf = join(folder, `${variant}.cf`);
  writeFileSync(cf, compileMc({ file: mc }, { library }).text, "latin1");
  const { config } = await loadConfig(cf, { ...configEnvironment, users });
  if (config === undefined) throw new Error("no configuration");
  const { entries } = readAliasText(ALIASES, (domain) => domain === "mail.example.test");
  const table = new Map(entries.map(({ name, value }) => [name, value]));
  const lookup = (key: string) => {
    const value = table.get(key);
    return value === undefined ? ({ kind: "missing" } as const) : ({ kind: "found", value } as const);
  };
  return {
    config,
    rules: createMailRules(config),
    aliases: createAliases([{ name: "test", lookup }]),
    users,
    files: ownFiles,
    scope: config.macros.child(),
    dontBlame: new Set(),
    now: 0,
    warn: () => undefined,
  };
}

describe.each(Object.entries(VARIANTS))("%s", (variant, lines) => {
  const column = Object.keys(VARIANTS).indexOf(variant) + 1;
  let context: ExpansionContext;
  beforeAll(async () => {
    context = await contextOf(variant, lines);
  });

  test.each(ANSWERS.map((row) => [row[0], row[column]]))("%s: %s", async (address, wanted) => {
    const { changes, added } = await expandRecipients(context, [{ given: address, state: "todo" }], [0]);
    const found = [...changes, ...added].flatMap(({ state, resolved }) => {
      if (state === "failed") return ["unknown"];
      if (state !== "todo" || resolved === undefined) return [];
      return [resolved.host === "" ? resolved.user : `${resolved.user} / ${resolved.host}`];
    });
    expect(found).toEqual([wanted]);
  });
});
