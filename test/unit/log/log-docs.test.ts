/** docs/log.md: the lines of mail-log.ts stand there with all their fields, in their order, and with their levels. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import type { Log } from "../../../src/log/log.ts";
import { logFrom, logTo, logVerdict } from "../../../src/log/mail-log.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/log.md"), "utf8");
/** Rows of the tables: the line, its level. */
const rows = [...page.matchAll(/^\| `([^`]+)`[^|]*\| (\d+) \|/gm)].map(([, form, level]) => ({
  form,
  level: Number(level),
}));
const formOf = (beginning: string) => rows.find(({ form }) => form.startsWith(beginning))!;

const keysIn = (text: string): string[] => [...text.matchAll(/(?:^|, )([a-z_0-9]+)=/g)].map(([, key]) => key);
const fullForm = (form: string) => keysIn(form.replaceAll(/[[\]]/g, "").replace("LINE", "dane="));
const shortForm = (form: string) => keysIn(form.replaceAll(/\[[^\]]*\]/g, ""));

function written(write: (log: Log) => void): { text: string; level: number }[] {
  const lines: { text: string; level: number }[] = [];
  write({ enabled: () => true, write: (level, { text }) => void lines.push({ text, level }) });
  return lines;
}

const envelope = { id: "5AK", sender: "a@b", messageClass: 0, arrived: 0, recipients: [{ given: "c@d" }] };

test("from=", () => {
  const { form, level } = formOf("from=");
  const full = {
    protocol: "ESMTPS",
    daemon: "MTA",
    tlsVerify: "NO",
    auth: "PLAIN",
    size: 1,
    messageId: "<1@b>",
    relay: "x",
  };
  const [long] = written((log) => logFrom(log, { envelope: { ...envelope, bodyType: "7BIT" }, ...full }));
  expect([keysIn(long.text), long.level]).toEqual([fullForm(form), level]);
  const [short] = written((log) => logFrom(log, { envelope, size: 1, messageId: "", relay: "x" }));
  expect(keysIn(short.text)).toEqual(shortForm(form));
});

/** The line of one recipient. */
function toLine(action: string, status: object, recipient: object, mailer: string): { text: string; level: number } {
  const recipients = [{ recipient: { given: "c@d", ...recipient } }];
  const about = { envelope, mailer, priority: 1, started: 0, now: 0, recipients };
  return written((log) => logTo(log, { ...about, status: { action, status: "", text: "x", ...status } }))[0];
}

test("to=, with a level for each outcome", () => {
  const { form, level } = formOf("to=");
  const long = toLine("relayed", { status: "2.0.0", relay: "x", line: "dane=3-1-1" }, { parent: 0 }, "esmtp");
  expect([keysIn(long.text), long.level]).toEqual([fullForm(form), level]);
  expect(keysIn(toLine("failed", {}, {}, "").text)).toEqual(shortForm(form));
  const levels = [...page.matchAll(/^\| the same with [^|]*\| (\d+) \|/gm)].map(([, each]) => Number(each));
  expect(["delayed", "failed"].map((action) => toLine(action, {}, {}, "").level)).toEqual(levels);
});

const decided = () => ({ rule: "sendmail.cf:1", origin: "site.mc:12" });

test("ruleset=", () => {
  const refusal = formOf("ruleset=NAME, arg1=");
  const rule = formOf("ruleset=NAME, rule=");
  const facts = { ruleset: "check_relay", arg1: "h", relay: "x", outcome: "reject=550 no" };
  const lines = written((log) => logVerdict(log, { ...facts, arg2: "192.0.2.1", rule: decided }));
  expect(lines.map(({ text, level }) => [keysIn(text), level])).toEqual([
    [fullForm(refusal.form), refusal.level],
    [fullForm(rule.form), rule.level],
  ]);
  expect(keysIn(written((log) => logVerdict(log, facts))[0].text)).toEqual(shortForm(refusal.form));
});
