/** LMTP of mail.local: where texts end, and what is stored of them. The dialogue itself: companions.test.ts. */
import { expect, test } from "@jest/globals";
import { speakLmtp } from "../../../../src/cli/mail-local/lmtp.ts";
import type { Mailboxes } from "../../../../src/cli/mail-local/mailboxes.ts";
import type { Octets, TaskResult } from "../../../../src/rights/task.ts";
import { type Clock, systemClock } from "../../../../src/sys/clock.ts";
import type { User } from "../../../../src/sys/users.ts";
import { runCommand } from "../../../support/command.ts";

const clock: Clock = { ...systemClock, now: () => Date.UTC(2026, 10, 20, 19) };
const HEAD = /^From (\S+) \w{3} Nov [\d: ]+ 2026\n/;

/** Says this, in pieces; every user is there but `nosuch`. */
async function converse(said: string, results: readonly TaskResult[] = [], wholeAddress = false) {
  const stored: (readonly [string, string])[] = [];
  const mailboxes = {
    find: (name: string) => Promise.resolve(name === "nosuch" ? undefined : ({ name } as User)),
    deliver: ({ name }: User, octets: Octets) => {
      stored.push([name, Buffer.concat([...octets.chunks()]).toString("latin1")]);
      return Promise.resolve(results[stored.length - 1] ?? { kind: "done", status: "2.0.0", text: "" });
    },
  } as unknown as Mailboxes;
  const features = { host: "mx.test", eightBit: false, wholeAddress };
  const { output } = await runCommand(
    async (_words, streams) => {
      await speakLmtp(streams, mailboxes, features, clock);
      streams.output.flush();
      return 0;
    },
    [],
    said,
  );
  return { stored, replies: output.split("\r\n").slice(1, -1) };
}

const START = "MAIL FROM:<a@b>\r\nRCPT TO:<joe>\r\nDATA\r\n";

test.each([
  ["dots are taken away", "..a\r\n.b\r\n...\r\n.\r\n", ".a\nb\n..\n\n"],
  ["an empty text", ".\r\n", "\n"],
  ["a dot between other line ends is text", "a\n.\nb\n.\r\nc\r\n.\r\n", "a\n.\nb\n.\nc\n\n"],
  ["From lines are quoted, one in front is left out", "From x y\r\nS: x\r\n\r\nFrom z\r\n.\r\n", "S: x\n\n>From z\n\n"],
  ["long lines pass", `${"x".repeat(20_000)}\r\n..\r\n.\r\n`, `${"x".repeat(20_000)}\n.\n\n`],
])("%s", async (_name, text, wanted) => {
  const { stored, replies } = await converse(`${START}${text}QUIT\r\n`);
  expect(stored.map(([user, octets]) => [user, octets.replace(HEAD, "$1|")])).toEqual([["joe", `a@b|${wanted}`]]);
  expect(replies.slice(-2)).toEqual(["250 2.1.5 joe Ok", "221 2.0.0 Bye"]);
});

test("a long line may be cut anywhere, also in its end", async () => {
  for (let length = 4_090; length < 4_110; length++) {
    const { stored, replies } = await converse(`${START}${"x".repeat(length)}\r\n..y\r\n.\r\nQUIT\r\n`);
    expect(stored[0]?.[1].replace(HEAD, "$1|")).toBe(`a@b|${"x".repeat(length)}\n.y\n\n`);
    expect(replies.at(-1)).toBe("221 2.0.0 Bye");
  }
});

test("typed by hand, with LF alone", async () => {
  const { stored } = await converse("MAIL FROM:<>\nRCPT TO:<joe>\nDATA\nx\n..y\n.\nQUIT\n");
  expect(stored[0][1].replace(HEAD, "$1|")).toBe("MAILER-DAEMON|x\n.y\n\n");
});

test("each recipient has an answer of his own, and what comes behind it is a new message", async () => {
  const { replies } = await converse(
    `MAIL FROM:<a@b>\r\nRCPT TO:<joe+x@y>\r\nRCPT TO:<nosuch>\r\nRCPT TO:<ann@y>\r\nRCPT TO:<bob>\r\nDATA\r\nx\r\n.\r\nDATA\r\n`,
    [
      { kind: "later", status: "4.2.0", text: "/var/mail/joe: mailbox is locked\nby another program" },
      { kind: "never", status: "5.2.2", text: "/var/mail/ann: Disk quota exceeded" },
    ],
  );
  expect(replies.slice(1)).toEqual([
    "250 2.1.5 Ok",
    "550 5.1.1 User unknown",
    "250 2.1.5 Ok",
    "250 2.1.5 Ok",
    "354 Go ahead",
    "451 4.2.0 /var/mail/joe: mailbox is locked by another program",
    "550 5.2.2 /var/mail/ann: Disk quota exceeded",
    "250 2.1.5 bob Ok",
    "503 5.5.1 No recipients",
  ]);
});

test("with -n the address is the user's name", async () => {
  const { stored } = await converse(`MAIL FROM:<a@b>\r\nRCPT TO:<joe+x@y>\r\nDATA\r\n.\r\n`, [], true);
  expect(stored.map(([name]) => name)).toEqual(["joe+x@y"]);
});

test("a text that does not come to its end is not delivered", async () => {
  expect((await converse(`${START}half a`)).stored).toEqual([]);
});

test("an endless command is one mistake", async () => {
  const { replies } = await converse(`${"x".repeat(50_000)}\r\nNOOP\r\n`);
  expect(replies).toEqual(["500 5.5.2 Syntax error", "250 2.0.0 Ok"]);
});
