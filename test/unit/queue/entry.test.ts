import { expect, test } from "@jest/globals";
import type { Envelope } from "../../../src/envelope/envelope.ts";
import type { Recipient } from "../../../src/envelope/recipient.ts";
import { isFinished, newEntry, withChanges } from "../../../src/queue/entry.ts";
import { standardFactors } from "../../../src/queue/order.ts";
import type { QueueEntry } from "../../../src/queue/queue.ts";

function entryOf(count: number): QueueEntry {
  const recipients: readonly Recipient[] = Object.freeze(
    Array.from({ length: count }, (_, at): Recipient => ({ given: `m${at}@far.test`, state: "todo" })),
  );
  const envelope = { id: "5AKJLerx012345", sender: "a@b.test", recipients, headers: [] } as unknown as Envelope;
  return newEntry(envelope, undefined, standardFactors, 0);
}

const served = (entry: QueueEntry, index: number): QueueEntry =>
  withChanges(entry, { recipients: [{ index, state: "delivered" }] });

test("changes leave an entry of few recipients as it was", () => {
  const before = entryOf(3);
  const after = served(served(before, 0), 1);
  expect(before.envelope.recipients.map(({ state }) => state)).toEqual(["todo", "todo", "todo"]);
  expect(after.envelope.recipients.map(({ state }) => state)).toEqual(["delivered", "delivered", "todo"]);
});

test("very many recipients are copied once, and never written to where somebody else made their list", () => {
  const before = entryOf(5_000);
  const first = served(before, 0);
  const second = served(first, 1);
  expect(second).not.toBe(first);
  expect(second.envelope.recipients).toBe(first.envelope.recipients);
  expect(before.envelope.recipients[0].state).toBe("todo");
  expect(second.envelope.recipients.slice(0, 3).map(({ state }) => state)).toEqual(["delivered", "delivered", "todo"]);
});

test("a change that names nobody changes nothing", () => {
  const entry = served(entryOf(5_000), 0);
  const wrong = [
    { index: 1, state: "delivered" },
    { index: 5_000, state: "delivered" },
  ] as const;
  expect(() => withChanges(entry, { recipients: wrong })).toThrow(RangeError);
  expect(entry.envelope.recipients[1].state).toBe("todo");
});

test.each([3, 5_000])(
  "a message for %d is finished when nobody is left, and not when somebody is to be tried again",
  (count) => {
    let entry = entryOf(count);
    for (const index of entry.envelope.recipients.keys()) {
      expect(isFinished(entry)).toBe(false);
      entry = served(entry, index);
    }
    expect(isFinished(entry)).toBe(true);
    entry = withChanges(entry, { recipients: [{ index: 1, state: "deferred" }] });
    expect(isFinished(entry)).toBe(false);
    entry = served(entry, 1);
    expect(isFinished(entry)).toBe(true);
    entry = withChanges(entry, { recipients: [], added: [{ given: "late@far.test", state: "todo" }] });
    expect(isFinished(entry)).toBe(false);
  },
);
