import { expect, test } from "@jest/globals";
import type { JobRecipient } from "../../../src/delivery/agent.ts";
import { JobLine } from "../../../src/delivery/group.ts";
import { testMailer } from "../../support/delivery-job.ts";

function recipient(
  index: number,
  mailer: string,
  host: string,
  more: Partial<JobRecipient["recipient"]> = {},
): JobRecipient {
  const user = `u${index}`;
  return { index, triple: { mailer, host, user }, recipient: { given: user, state: "todo", ...more } };
}

const mailers = new Map([
  ["esmtp", testMailer({ maxRecipients: 2 })],
  ["local", testMailer({ name: "local", flags: "l" })],
  ["relay", testMailer({ name: "relay", maxRecipients: 0 })],
]);

function grouped(recipients: readonly JobRecipient[], line = new JobLine({ mailers })): string[] {
  for (const each of recipients) line.add(each);
  return [...taken(line)];
}

function* taken(line: JobLine): Generator<string> {
  for (let group = line.take(); group !== undefined; group = line.take()) {
    yield `${group.mailer.name} ${group.host} ${group.recipients.map(({ index }) => index).join(",")}`;
  }
}

test("recipients that share mailer and host travel together, up to r=", () => {
  expect(
    grouped([
      recipient(0, "esmtp", "a.test"),
      recipient(1, "esmtp", "b.test"),
      recipient(2, "esmtp", "A.test"),
      recipient(3, "esmtp", "a.test"),
      recipient(4, "relay", "a.test"),
    ]),
  ).toEqual(["esmtp a.test 0,2", "esmtp b.test 1", "esmtp a.test 3", "relay a.test 4"]);
});

test("a mailer without F=m takes one recipient at a time", () => {
  expect(grouped([recipient(0, "local", ""), recipient(1, "local", "")])).toEqual(["local  0", "local  1"]);
});

test("recipients with different rights or owners stay apart", () => {
  const rights = { user: "ann", uid: 1000, gid: 1000 };
  expect(
    grouped([
      recipient(0, "relay", ""),
      recipient(1, "relay", "", { rights }),
      recipient(2, "relay", "", { owner: "owner-x" }),
      recipient(3, "relay", ""),
    ]),
  ).toEqual(["relay  0,3", "relay  1", "relay  2"]);
});

test("without r= a transaction has at most 100 recipients", () => {
  const many = Array.from({ length: 250 }, (_each, index) => recipient(index, "relay", "a.test"));
  expect(grouped(many).length).toBe(3);
});

test("error and discard need no M line; a mailer that has gone is a reason to wait", () => {
  expect(grouped([recipient(0, "error", "5.1.1"), recipient(1, "discard", ""), recipient(2, "gone", "x")])).toEqual([
    "error 5.1.1 0",
    "discard  1",
    "error 4.3.5 2",
  ]);
});

test("who comes later joins a group that still waits, and none that was taken", () => {
  const line = new JobLine({ mailers });
  line.add(recipient(0, "esmtp", "a.test"));
  line.add(recipient(1, "esmtp", "b.test"));
  expect(line.take()?.host).toBe("a.test");
  expect(grouped([recipient(2, "esmtp", "a.test"), recipient(3, "esmtp", "b.test")], line)).toEqual([
    "esmtp b.test 1,3",
    "esmtp a.test 2",
  ]);
  expect(line.take()).toBeUndefined();
});

test("thousands who go alone keep their order", () => {
  const many = Array.from({ length: 5_000 }, (_each, index) => recipient(index, "local", ""));
  expect(grouped(many)).toEqual(many.map((_each, index) => `local  ${index}`));
});
