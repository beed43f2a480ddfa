/**
 * Nothing that a client says adds a header field, a recipient, a command or a line of the log: hostile words in every place of
 * a conversation, through the real rulesets into the queue and out again.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Config } from "../../src/config/config.ts";
import { mailCommand, rcptCommand } from "../../src/delivery/smtp/exchange.ts";
import { writeMessage } from "../../src/delivery/message-writer.ts";
import { planHeader } from "../../src/envelope/header-plan.ts";
import { harmless } from "../../src/log/safe-text.ts";
import { parseHeader } from "../../src/mail/header.ts";
import { MemoryStore } from "../../src/queue/memory-store.ts";
import type { QueueEntry } from "../../src/queue/queue.ts";
import { createIntake } from "../../src/reception/receive.ts";
import { rulesetJudges } from "../../src/reception/ruleset-judges.ts";
import type { MailRules } from "../../src/routing/mail-rules.ts";
import { createMailRules } from "../../src/routing/resolve.ts";
import { readSessionSettings } from "../../src/site/session-settings.ts";
import { systemClock } from "../../src/sys/clock.ts";
import { AnalysisFolder } from "../support/analysis.ts";
import { testJob } from "../support/delivery-job.ts";
import { fakeServices } from "../support/fake-smtp-services.ts";
import { fakeSite } from "../support/fake-site.ts";
import { fuzz, type Random, randomOctets } from "../support/fuzz.ts";
import { readReplies } from "../support/reread.ts";
import { speak } from "../support/spoken-octets.ts";

const MC = `FEATURE(\`accept_unresolvable_domains')
FEATURE(\`promiscuous_relay')
define(\`confMESSAGEID_HEADER', \`<$t.$i@$j>')
MAILER(\`local')
MAILER(\`smtp')
`;
const folder = new AnalysisFolder();
let config: Config;
let rules: MailRules;

beforeAll(async () => {
  ({ config } = await folder.subject(MC, "mc"));
  rules = createMailRules(config);
});
afterAll(() => folder.remove());

/** What somebody would like to see at the beginning of a line. */
const EVIL = ["X-Evil: yes", "Bcc: <evil@x.test>", "RCPT TO:<evil@x.test>", "from=<evil@x.test>, size=1"];
const BREAKS = [
  "\n",
  "\r",
  "\r\r",
  "\0",
  "\x0b",
  "\x0c",
  "\x85",
  "\u00a0",
  "\xe2\x80\xa8",
  "\\n",
  "\\r\\n",
  "%0a",
  "=0A",
];
const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)];

/** A word with something hostile in it; never a CRLF, which ends a line whoever sends it. */
function word(random: Random): string {
  const evil = `${pick(random, BREAKS)}${pick(random, EVIL)}`;
  return pick(random, [
    () => `a${evil}b`,
    () => randomOctets(random, 30).replaceAll(/[\r\n]/g, "x"),
    () => `"a${evil}"`,
    () => `=?utf-8?q?${evil.replaceAll(" ", "_")}?=`,
    () => `(${evil})`,
    () => "plain",
    () => "plain",
  ])();
}

function path(random: Random): string {
  const shape = random(4);
  if (shape < 2) return `<user${random(3)}@far.test>`;
  return shape === 2 ? `<${word(random)}@far.test>` : `<joe@${word(random)}>`;
}

const NAMES = ["From", "To", "Cc", "Bcc", "Resent-To", "Resent-Bcc", "Resent-From", "Sender", "Subject", "Received"];
const MORE = [
  "Return-Path",
  "Message-Id",
  "Date",
  "Errors-To",
  "Return-Receipt-To",
  "X-A",
  "Precedence",
  "Content-Type",
];

function field(random: Random): string {
  const value = pick(random, [
    () => `Joe ${word(random)} <joe@far.test>`,
    () => `${word(random)}, ann@far.test`,
    () => word(random),
    () => `${word(random)}\r\n ${word(random)}`,
    () => "",
  ])();
  return `${pick(random, [...NAMES, ...MORE])}: ${value}\r\n`;
}

/** Bare line ends would end the session: messages have none, most of the time. */
function header(random: Random): string {
  const text = Array.from({ length: random(8) }, () => field(random)).join("");
  return random(6) === 0 ? text : text.replaceAll(/\r(?!\n)|(?<!\r)\n|\0/g, "\t");
}

interface Talk {
  readonly text: string;
  readonly header: string;
}

function talk(random: Random): Talk {
  const said = header(random);
  const lines = [
    `EHLO ${pick(random, ["client.test", word(random)])}`,
    "EHLO client.test",
    `MAIL FROM:${path(random)}${pick(random, ["", ` ENVID=${word(random)}`, ` AUTH=${word(random)}`])}`,
    "MAIL FROM:<joe@far.test>",
    `RCPT TO:${path(random)}${pick(random, ["", ` ORCPT=rfc822;${word(random)}`])}`,
    "RCPT TO:<ann@far.test>",
    "DATA",
  ];
  return { text: `${lines.join("\r\n")}\r\n${said}\r\nbody\r\n.\r\nQUIT\r\n`, header: said };
}

/** The queue after the conversation, and what was said and logged. */
async function hold(text: string) {
  const store = new MemoryStore();
  const logged: string[] = [];
  const log = { enabled: () => true, write: (_level: number, line: { text: string }) => void logged.push(line.text) };
  const headerPlan = planHeader(config);
  const site = fakeSite({ config, rules, headerPlan, session: readSessionSettings(config) });
  const court = { judges: rulesetJudges, log };
  const intake = createIntake({
    ...court,
    queue: store,
    clock: systemClock,
    firstTry: () => undefined,
    accepted: () => undefined,
  });
  const output = await speak({ ...fakeServices(), ...court, site: () => site, intake }, [Buffer.from(text, "latin1")]);
  return { entries: store.list(), output, logged };
}

/** Names of fields, in lower case, with how often each is there. */
function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name.toLowerCase(), (counts.get(name.toLowerCase()) ?? 0) + 1);
  return counts;
}

/** Each name at most so often as the client wrote it, and once more where the configuration adds it. */
function expectNoMore(found: readonly string[], written: readonly string[]): void {
  const known = counted(written);
  const added = new Set(
    config.headers.filter(({ template }) => template !== undefined).map(({ name }) => name.toLowerCase()),
  );
  for (const [name, count] of counted(found)) {
    expect([name, count <= (known.get(name) ?? 0) + (added.has(name) ? 1 : 0)]).toEqual([name, true]);
  }
}

const CONTROLS = /[\x00-\x1f\x7f]/;

async function expectClean({ envelope }: QueueEntry, talked: Talk): Promise<void> {
  // Fields as their lines begin, by an eye that knows nothing of how we read them.
  const written = talked.header
    .split("\r\n")
    .map((line) => /^[!-9;-~]+(?=[ \t]*:)/.exec(line)?.[0] ?? "")
    .filter((name) => name !== "");
  expectNoMore(
    envelope.headers.map(({ name }) => name),
    written,
  );
  expect(envelope.recipients.length).toBeLessThanOrEqual(2);
  expect(envelope.recipients.every(({ given }) => /far\.test/.test(given) || given.startsWith("joe@"))).toBe(true);
  const mailer = config.mailers.get("esmtp")!;
  const job = testJob({ mailer, envelope, addresses: rules });
  const result = await writeMessage(config, job, config.macros.child([["g", envelope.sender]]), { eol: "\r\n" });
  if (result.kind !== "message") throw new Error(result.reason);
  const head = result.message.head.toString("latin1");
  const sent = parseHeader(head.slice(0, -2));
  expect([sent.rest, head.indexOf("\r\n\r\n")]).toEqual(["", head.length - 4]);
  expectNoMore(
    sent.fields.map(({ name }) => name),
    written,
  );
  expect(head).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
  const texts = [
    envelope.sender,
    envelope.envid ?? "",
    ...envelope.recipients.flatMap((each) => [each.given, each.orcpt ?? ""]),
  ];
  expect(texts.filter((each) => CONTROLS.test(each))).toEqual([]);
  const commands = [
    mailCommand({ sender: envelope.sender, parameters: "" }),
    ...envelope.recipients.map(({ given }) => rcptCommand({ address: given, parameters: "" })),
  ];
  expect(commands.filter((each) => /[\r\n\0]/.test(each))).toEqual([]);
}

test("hostile words stay where they were written", async () => {
  let taken = 0;
  await fuzz(80, async (random, note) => {
    const talked = talk(random);
    note(talked.text);
    const { entries, output, logged } = await hold(talked.text);
    expect(entries.length).toBeLessThanOrEqual(1);
    taken += entries.length;
    for (const entry of entries) await expectClean(entry, talked);
    readReplies(output);
    // A command has one line of the log at most, a header field as well.
    expect(logged.length).toBeLessThan(30);
    expect(logged.map(harmless).filter((line) => CONTROLS.test(line))).toEqual([]);
  });
  expect(taken).toBeGreaterThan(10);
});
