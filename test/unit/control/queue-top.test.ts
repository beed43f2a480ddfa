import { describe, expect, test } from "@jest/globals";
import { TopCount, type TopField } from "../../../src/control/queue-top.ts";
import type { RecipientStatus } from "../../../src/envelope/status.ts";
import type { QueueEntry } from "../../../src/queue/queue.ts";
import { envelope, recipient } from "../../support/queue-samples.ts";

const at = (host: string, mailer = "esmtp") => ({ resolved: { mailer, host, user: "x" } });

function said(text: string): { readonly status: RecipientStatus; readonly state: "deferred" } {
  return { state: "deferred", status: { action: "delayed", status: "4.0.0", text, at: 0 } };
}

function entry(id: string, recipients: ReturnType<typeof recipient>[], more: Partial<QueueEntry> = {}): QueueEntry {
  const arrived = Number(id) * 1000;
  const kept = envelope(id, { recipients, arrived, bodySize: 10 });
  return { id, envelope: kept, group: "mqueue", priority: 0, attempts: 1, nextTry: arrived + 500, ...more };
}

const far = "Deferred: Connection refused by mx.far.test.";
const queue: readonly QueueEntry[] = [
  entry("3", [
    recipient("a@far.test", { ...at("far.test."), ...said(far) }),
    recipient("b@far.test", { ...at("FAR.test."), ...said(far) }),
    recipient("done@far.test", { ...at("far.test."), state: "delivered" }),
    recipient("c@near.test", { ...at("near.test."), ...said("Deferred: 451 4.7.1 <c@near.test>: wait 300 seconds") }),
  ]),
  entry("2", [recipient("d@near.test", { ...at("near.test."), ...said("451 4.7.1 <d@near.test>: wait 9 seconds") })]),
  entry("4", [recipient("e@far.test", { ...at("far.test."), ...said(far) })], { group: "slow" }),
  entry("1", [recipient("joe", at("", "local"))], { hold: "from 192.0.2.1 at 12:00", nextTry: 0 }),
  entry("5", [recipient("x@new.test", { resolved: undefined })], { attempts: 0 }),
];

function counted(
  by: readonly TopField[],
  most = 100,
  isMeant?: (given: string) => boolean,
): ReturnType<TopCount["result"]> {
  const count = new TopCount(by, isMeant && (({ given }) => isMeant(given)));
  for (const each of queue) count.add(each, each.id === "4" ? "suspended by an operator: far.test" : undefined);
  return count.result(most);
}

describe("TopCount", () => {
  test("counts open recipients and their messages by destination and reason, the largest first", () => {
    const { lines, ...sums } = counted(["destination", "reason"]);
    expect(sums).toEqual({ messages: 5, recipients: 7, octets: 50, held: 1, others: { lines: 0, recipients: 0 } });
    expect(lines.map(({ fields, recipients, messages }) => [recipients, messages, ...Object.values(fields)])).toEqual([
      [2, 2, "near.test", "451 4.7.1 <*>: wait # seconds"],
      [2, 1, "far.test", "Connection refused by mx.far.test."],
      [1, 1, "mailer local", "held: from 192.0.2.1 at *"],
      [1, 1, "far.test", "waits: suspended by an operator: far.test"],
      [1, 1, "new.test", "not tried yet"],
    ]);
    expect(lines[0]).toMatchObject({ octets: 20, oldest: 2000, example: "2", nextTry: 2500 });
    expect(lines[2].nextTry).toBeUndefined();
  });

  test("counts by one field as well, and leaves out what is too much", () => {
    const { lines, others } = counted(["destination"], 2);
    expect(lines.map(({ fields, recipients }) => [fields.destination, recipients])).toEqual([
      ["far.test", 3],
      ["near.test", 2],
    ]);
    expect(others).toEqual({ lines: 2, recipients: 2 });
    expect(counted(["group"]).lines.map(({ fields }) => fields.group)).toEqual(["mqueue", "slow"]);
    expect(counted(["sender"]).lines).toMatchObject([{ fields: { sender: "<anna@a.test>" }, messages: 5 }]);
  });

  test("counts only the recipients that are meant", () => {
    expect(counted(["destination"], 100, (given) => given === "c@near.test").lines).toMatchObject([
      { fields: { destination: "near.test" }, recipients: 1, messages: 1 },
    ]);
  });
});
