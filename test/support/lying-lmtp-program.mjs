/**
 * A delivery program for tests that speaks LMTP and lies: how, the name of the recipient says. Notes in the file that its argument
 * names for whom it took a message.
 */
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [, , file] = process.argv;
const write = (text) => process.stdout.write(text);
const say = (text) => write(`${text}\r\n`);
let lie = "honest";
let inData = false;

/** What it says when it has the message. */
const LAST = {
  honest: () => say("250 2.1.5 ok"),
  /** One octet after the other, without end. */
  drip: () => setInterval(() => write("2"), 20),
  /** A reply of many lines, without end. */
  endless: () => setInterval(() => write("250-and\r\n".repeat(200)), 1),
  /** A line without end. */
  long: () => setInterval(() => write("x".repeat(20_000)), 1),
  /** More replies than recipients. */
  many: () => write("250 ok\r\n".repeat(50)),
  feed: () => write("250 ok\n"),
  return: () => write("250 ok\r250 more\r\n"),
  split: () => write("25\r\n0 ok\r\n"),
  zero: () => write("250 \0\x1b[2J ok\r\n"),
  silent: () => undefined,
  gone: () => process.exit(0),
};

process.stdout.on("error", () => process.exit(0));
say("220 test LMTP");
for await (const line of createInterface({ input: process.stdin })) {
  if (inData) {
    if (line !== ".") continue;
    inData = false;
    appendFileSync(file, `${lie}\n`);
    LAST[lie]();
    continue;
  }
  const verb = line.slice(0, 4).toUpperCase();
  if (verb === "RCPT") lie = /<([^@>]*)/.exec(line)?.[1] ?? "honest";
  inData = verb === "DATA";
  say(inData ? "354 go on" : verb === "QUIT" ? "221 bye" : "250 2.0.0 ok");
  if (verb === "QUIT") break;
}
process.exit(0);
