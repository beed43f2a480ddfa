/** The list of settings without effect, against what the code asks for. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { type SettingKind, SETTINGS } from "../../../src/config/settings.ts";

const root = join(import.meta.dirname, "../../../src");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".ts") && !file.startsWith("generated"),
);
const config = files.filter((file) => file.startsWith("config/")).map(read);
/** Everything that uses a configuration, without what reads or only shows it. */
const users = files
  .filter(
    (file) =>
      !/^(?:(?:config|cf|mc|analysis|cli\/test-mode|cli\/milter)\/|cli\/queue-(?:blocks|print)\.ts$)/.test(file),
  )
  .map(read)
  .join("\n");
const everything = [users, read("cli/test-mode/host-questions.ts"), ...config].join("\n");

/** Maps and companion programs have flags of their own, listings show all fields. */
const mailUsers = files
  .filter((file) => /^(?:routing|delivery|dispatch|daemon|dsn|envelope)\//.test(file))
  .map(read)
  .join("\n");

/** Settings that reach the code under another name. */
const OTHER_WAYS: Readonly<Record<string, RegExp>> = {
  AliasFile: /\.aliasFiles\b/,
  DaemonPortOptions: /\.daemonPorts\b/,
  ClientPortOptions: /\.clientPorts\b/,
  Milter: /milterSettings\.get\(/,
  Timeout: /options\.timeout\(/,
  // The old name of two timeouts.
  QueueTimeout: /options\.timeout\(/,
};

function optionIsUsed(name: string): boolean {
  return (
    OTHER_WAYS[name]?.test(users) ??
    new RegExp(`(?:text|number|flag|time|isSet|option)\\(\\s*"${name}"`).test(everything)
  );
}

function timeoutIsUsed(name: string): boolean {
  const direct = new RegExp(`(?:timeout|of)\\(\\s*"${name}"`).test(users);
  // dispatch/queue-timeouts.ts puts the name together.
  return direct || (/^queue(?:return|warn)\./.test(name) && /\.timeout\(`\$\{name\}\./.test(users));
}

/** Flags without a line of their own: H lines ask for them (`?D?`), or their letter comes from a table. */
const FLAGS_BY_TABLE = new Set("DFMx|/:");

function flagIsUsed(letter: string): boolean {
  return FLAGS_BY_TABLE.has(letter) || mailUsers.includes(`flags.has("${letter}")`);
}

const FIELDS: Readonly<Record<string, string>> = {
  P: "path",
  F: "flags",
  A: "argv",
  S: "sender",
  R: "recipient",
  E: "eol",
  M: "maxSize",
  m: "maxMessages",
  r: "maxRecipients",
  L: "lineLimit",
  N: "nice",
  W: "wait",
  D: "directory",
  C: "charset",
  "/": "root",
  T: "types",
  Q: "queueGroup",
  U: "user",
};

const GROUP_FIELDS: Readonly<Record<string, string>> = {
  P: "path",
  F: "flags",
  I: "interval",
  N: "nice",
  R: "runners",
  J: "jobs",
  r: "maxRecipients",
};

function equateIsUsed(letter: string): boolean {
  const field = FIELDS[letter];
  return new RegExp(
    `mailer\\??\\.${field}\\b|\\{[^{}]*\\b${field}\\b[^{}]*\\}(?:: Mailer\\b|: Pick<Mailer| = (?:[a-z.]+\\.)?mailer\\b)`,
  ).test(mailUsers);
}

const USED: Readonly<Record<SettingKind, (name: string) => boolean>> = {
  option: optionIsUsed,
  timeout: timeoutIsUsed,
  "mailer flag": flagIsUsed,
  "mailer equate": equateIsUsed,
  "queue equate": (letter) =>
    new RegExp(`(?:\\bgroup|groupNamed\\([^()]*\\))\\?\\.${GROUP_FIELDS[letter]}\\b`).test(users),
  "filter equate": () => /config\.filters\b/.test(users),
  "port equate": (name) =>
    users.includes(`extra.get("${name}")`) ||
    ["address", "family", "listen", "modifiers", "name", "port"].includes(name),
  "port modifier": (name) => users.includes(`modifiers.has("${name}")`) || /^[Ccfru]$/.test(name),
};

describe("the rows of settings", () => {
  for (const kind of Object.keys(USED) as SettingKind[]) {
    test(`say of each ${kind} whether the code acts on it`, () => {
      const names = [...SETTINGS[kind].keys()];
      const listed = names.filter((name) => SETTINGS[kind].get(name)?.notActedOn !== undefined).toSorted();
      const unused = names.filter((name) => !USED[kind](name)).toSorted();
      // A name too much here: nothing asks for it, say why in its row (`notActedOn`). A name missing here: the code asks
      // for it now, take that out of its row. Then `npm run docs`.
      expect(unused).toEqual(listed);
    });
  }
});
