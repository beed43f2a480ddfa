/**
 * Octets of clients who follow no rule, cut anywhere: commands, data, counted chunks. What the session takes is what a second
 * reader finds in the same octets (test/support/reread.ts), and it does not depend on how they were cut.
 */
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { reply } from "../../src/mail/reply.ts";
import { ACCEPTED } from "../../src/routing/verdict.ts";
import { fakeServices, type FakeServices, refusal } from "../support/fake-smtp-services.ts";
import { fuzz, type Random, randomOctets } from "../support/fuzz.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { readReplies, reread } from "../support/reread.ts";
import { speak } from "../support/spoken-octets.ts";

/** Every pause is over at once. */
class HastyClock extends ManualClock {
  override after(_ms: number, action: () => void): () => void {
    const waiting = setImmediate(action);
    return () => clearImmediate(waiting);
  }
}

function services(): FakeServices {
  return fakeServices({
    clock: new HastyClock(),
    options: { MaxRecipientsPerMessage: 4, BadRcptThrottle: 3, "Timeout.command": 0 },
    // What is decided about text depends on the text alone.
    check: (ruleset, [text]) => {
      if (ruleset === "check_data" && text === "3") return refusal(550, "5.7.1", "not three");
      if (text.includes("refused")) return refusal(550, "5.7.1", "no");
      return text.includes("later") ? Promise.resolve(refusal(451, "4.7.1", "not now")) : ACCEPTED;
    },
    write: (chunk) => (chunk.length % 3 === 0 ? turn() : undefined),
    finish: ({ text }) => (text.includes("spam") ? reply(554, "5.7.1", "no spam") : reply(250, "2.0.0", "taken")),
  });
}

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)];

const ADDRESSES = [
  "<a@b.test>",
  "<>",
  "<joe>",
  "joe",
  "<nobody>",
  "<later@b.test>",
  "<refused@b.test>",
  '<"a b"@c>',
  "<a@b",
  "<a\0b@c>",
  "<\xe9@b>",
  "<@a,@b:c@d>",
  "(x)<a@b>",
  "<gone>",
  "<a@b>>",
  "<a@b\r>",
];
const MAIL_PARAMETERS = [
  "SIZE=10",
  "SIZE=99999",
  "BODY=8BITMIME",
  "BODY=x",
  "RET=HDRS",
  "ENVID=a+20b",
  "AUTH=<>",
  "X=Y",
];
const RCPT_PARAMETERS = ["NOTIFY=NEVER", "NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;a@b", "ORCPT=x", "SIZE=1", "="];
const OTHER = [
  "NOOP",
  "HELP",
  "VRFY joe",
  "EXPN x",
  "RSET",
  "rset now",
  "VERB",
  "ETRN x",
  "STARTTLS",
  "AUTH PLAIN =",
  "FOO",
];
const LINES = [
  "",
  ".",
  "..",
  ".x",
  "hello",
  "Subject: x",
  "spam",
  "\0.",
  ".\0",
  "\0",
  "QUIT",
  "MAIL FROM:<evil@x>",
  ". ",
];
const ENDS = ["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n", "\n\r"];

/** Ends of lines are mostly as they have to be: others end the session. */
function lineEnd(random: Random, isWild: boolean): string {
  return isWild ? pick(random, ENDS) : "\r\n";
}

function randomText(random: Random, isWild: boolean): string {
  const lines = Array.from({ length: random(8) }, () => {
    const line = random(8) === 0 ? randomOctets(random, 60) : pick(random, LINES);
    return (isWild ? line : line.replaceAll(/[\0\r\n]/g, "x")) + lineEnd(random, isWild);
  });
  return lines.join("");
}

function message(random: Random): string {
  const isWild = random(6) === 0;
  if (random(2) === 0) return `DATA\r\n${randomText(random, isWild)}${isWild ? "" : "\r\n"}.\r\n`;
  const chunks = Array.from({ length: random(3) + 1 }, () => randomText(random, isWild));
  return chunks
    .map((chunk, index) => {
      const count = chunk.length + (random(25) === 0 ? random(5) - 2 : 0);
      return `BDAT ${Math.max(0, count)}${index === chunks.length - 1 ? " LAST" : ""}\r\n${chunk}`;
    })
    .join("");
}

function parameters(random: Random, list: readonly string[]): string {
  return random(3) > 0 ? "" : ` ${pick(random, list)}`;
}

function transaction(random: Random): string {
  const mail = `MAIL FROM:${pick(random, ADDRESSES)}${parameters(random, MAIL_PARAMETERS)}\r\n`;
  const rcpts = Array.from(
    { length: random(5) },
    () => `RCPT TO:${pick(random, ADDRESSES)}${parameters(random, RCPT_PARAMETERS)}\r\n`,
  );
  return mail + rcpts.join("") + (random(8) === 0 ? "" : message(random));
}

const STEPS: readonly ((random: Random) => string)[] = [
  transaction,
  transaction,
  (random) => `MAIL FROM:<a@b.test>\r\nRCPT TO:<joe>\r\n${message(random)}`,
  (random) => `MAIL FROM:<a@b.test>\r\nRCPT TO:<joe>\r\n${message(random)}`,
  (random) => `${pick(random, OTHER)}\r\n`,
  (random) => `EHLO ${pick(random, ["client.test", "", "a b", "[::1]", "\xe9", "x(y)"])}\r\n`,
  (random) => message(random),
  (random) => (random(4) === 0 ? `${randomOctets(random, 80)}\r\n` : "\r\n"),
  (random) => (random(4) === 0 ? `NOOP ${"x".repeat(2030 + random(20))}${lineEnd(random, true)}` : " noop\n"),
];

function conversation(random: Random): string {
  const steps = Array.from({ length: random(7) + 1 }, () => pick(random, STEPS)(random));
  const all = `EHLO client.test\r\n${steps.join("")}${random(2) === 0 ? "QUIT\r\nNOOP\r\n" : ""}`;
  if (random(3) > 0) return all;
  // Something is missing, or too much, somewhere.
  const at = random(all.length);
  return all.slice(0, at) + pick(random, ["", "\r\n", "\n", ".\r\n", "\0", "\r"]) + all.slice(at + random(4));
}

function cuts(random: Random, octets: Buffer): readonly Buffer[] {
  const pieces: Buffer[] = [];
  const longest = pick(random, [1, 3, 40, 400]);
  for (let at = 0; at < octets.length;) {
    const to = at + 1 + random(longest);
    pieces.push(octets.subarray(at, to));
    at = to;
  }
  return pieces;
}

async function hear(pieces: readonly Buffer[]): Promise<{ readonly output: string; readonly services: FakeServices }> {
  const served = services();
  return { output: await speak(served, pieces), services: served };
}

/** Messages as the session handed them on. */
function taken({ messages }: FakeServices) {
  for (const { state, aborts } of messages) expect([state, aborts]).not.toEqual(["open", 0]);
  return messages
    .filter(({ state }) => state === "finished")
    .map(({ text, transaction: { recipients } }) => ({ text, recipients: recipients.length }));
}

test("what is taken for commands and for messages is what a second reader finds, however the octets were cut", async () => {
  await fuzz(250, async (random, note) => {
    const input = conversation(random);
    note(input);
    const octets = Buffer.from(input, "latin1");
    const whole = await hear([octets]);
    const replies = readReplies(whole.output);
    const found = reread(input, replies);
    expect(found.used).toBe(replies.length);
    // Others were refused before they were looked at, or because nobody can be sure where they end.
    const known = found.messages.filter(({ answer }) => /taken$|no spam$/.test(answer.text));
    expect(taken(whole.services)).toEqual(
      known.map(({ text, recipients }) => ({ text, recipients: recipients.length })),
    );
    expect(whole.services.lines.map((line) => line.text).filter((line) => line.startsWith("SYSERR"))).toEqual([]);
    const cut = await hear(cuts(random, octets));
    expect(cut.output).toBe(whole.output);
    expect(taken(cut.services)).toEqual(taken(whole.services));
  });
});
