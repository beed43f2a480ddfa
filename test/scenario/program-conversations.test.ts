/** A message for many users at a mailer whose program speaks LMTP and takes one recipient at a time. */
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { eventually, MailServer } from "../support/mail-server.ts";
import { sendMail } from "../support/smtp-client.ts";

const LMTP = join(import.meta.dirname, "../support/lmtp-program.mjs");
const LIAR = join(import.meta.dirname, "../support/lying-lmtp-program.mjs");
/** Lie → what becomes of the message; a reply that is none is for now. */
const LIES: Readonly<Record<string, RegExp>> = {
  drip: /Deferred/,
  endless: /Deferred/,
  long: /Deferred/,
  many: /Deferred/,
  feed: /Sent/,
  return: /Sent/,
  split: /Deferred/,
  zero: /Sent/,
  silent: /Deferred/,
  gone: /Deferred/,
};
const USERS = Array.from({ length: 40 }, (_, number) => `user${number}`);

let server: MailServer | undefined;
afterEach(() => server?.remove());

test("each of forty users gets the message at the first attempt", async () => {
  const out = join(mkdtempSync(join(tmpdir(), "lmtp-")), "out");
  const mc = `
define(\`LOCAL_MAILER_PATH', \`${process.execPath}')dnl
define(\`LOCAL_MAILER_ARGS', \`node ${LMTP} ${out}')dnl
define(\`LOCAL_MAILER_FLAGS', \`SPXnz9')dnl`;
  server = await MailServer.start({ users: USERS, mc });
  const to = USERS.map((user) => `${user}@mail.example.test`);
  expect(await sendMail(server.port, "sender@mail.example.test", to, "Subject: x\r\n\r\nbody\r\n")).toMatch(/^250/);
  const served = (): string[] => {
    const lines = existsSync(out) ? readFileSync(out, "utf8").split("\n") : [];
    return lines.filter((line) => /^user\d+ \d+$/.test(line)).map((line) => line.split(" ")[0]);
  };
  await eventually("all of them", () => served().length >= USERS.length);
  expect(served().toSorted()).toEqual(USERS.toSorted());
}, 60_000);

test("a program that lies harms nobody but its own mail", async () => {
  const out = join(mkdtempSync(join(tmpdir(), "lmtp-")), "out");
  const mc = `
define(\`LOCAL_MAILER_PATH', \`${process.execPath}')dnl
define(\`LOCAL_MAILER_ARGS', \`node ${LIAR} ${out}')dnl
define(\`LOCAL_MAILER_FLAGS', \`SPXnz9')dnl
define(\`confTO_DATAFINAL', \`2s')dnl`;
  const lies = Object.keys(LIES);
  server = await MailServer.start({ users: [...lies, "honest"], mc });
  const { port, home } = server;
  const send = (user: string): Promise<string> =>
    sendMail(port, "sender@mail.example.test", [`${user}@mail.example.test`], "Subject: x\r\n\r\nbody\r\n");
  for (const each of [...lies, "honest"]) expect(await send(each)).toMatch(/^250/);
  const outcome = (user: string): string | undefined =>
    new RegExp(`to=<${user}@mail\\.example\\.test>.*stat=(.*)`).exec(readFileSync(join(home, "log"), "latin1"))?.[1];
  await eventually("the honest one", () => outcome("honest")?.startsWith("Sent") === true, 30_000);
  await eventually("an end of each", () => lies.every((each) => outcome(each) !== undefined), 60_000);
  for (const each of lies) expect([each, outcome(each)]).toEqual([each, expect.stringMatching(LIES[each])]);
  const log = readFileSync(join(home, "log"), "latin1");
  expect(/[\0-\x09\x0b-\x1f]/.test(log)).toBe(false);
  expect(await send("honest")).toMatch(/^250/);
}, 120_000);
