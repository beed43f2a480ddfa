/** A message for many users at a mailer whose program speaks LMTP and takes one recipient at a time. */
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { eventually, MailServer } from "../support/mail-server.ts";
import { sendMail } from "../support/smtp-client.ts";

const LMTP = join(import.meta.dirname, "../support/lmtp-program.mjs");
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
