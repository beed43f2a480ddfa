/** What is kept of messages that wait, in slots: always what was put there last, and in no more room than that takes. */
import { expect, test } from "@jest/globals";
import { isOpen, type Recipient, type RecipientState } from "../../../src/envelope/recipient.ts";
import type { EntryOutline } from "../../../src/queue/outline.ts";
import { Outlines } from "../../../src/queue/outlines.ts";
import type { QueueEntry } from "../../../src/queue/queue.ts";
import { fuzz, type Random, randomOctets } from "../../support/fuzz.ts";
import { deferred, envelope, recipient } from "../../support/queue-samples.ts";

const id = "6AKJRqnn123456";
const STATES: readonly RecipientState[] = ["todo", "deferred", "deferred", "delivered", "expanded"];

function randomEntry(random: Random): QueueEntry {
  const text = (longest: number): string => randomOctets(random, longest);
  const recipients = Array.from({ length: 1 + random(5) }, (): Recipient => {
    const state = STATES[random(STATES.length)];
    return {
      given: random(2) > 0 ? text(300) : "joe@b.test",
      state,
      ...(random(3) > 0
        ? {
            resolved: {
              mailer: random(2) > 0 ? "esmtp" : "relay",
              host: random(2) > 0 ? "b.test." : text(9),
              user: text(3),
            },
          }
        : {}),
      ...(state === "deferred" && random(4) > 0
        ? { status: { ...deferred, text: random(2) > 0 ? deferred.text : text(200) } }
        : {}),
    };
  });
  return {
    id,
    group: random(2) > 0 ? "mqueue" : `q${text(8)}`,
    priority: random(1e9) - 5e8,
    attempts: random(300),
    ...(random(2) > 0 ? { lastTry: random(1e9) } : {}),
    nextTry: 1.7e12 + random(1e9),
    ...(random(3) > 0 ? {} : { hold: text(30) }),
    envelope: envelope(id, { sender: text(30), arrived: 1.7e12 + random(1e9), bodySize: random(2e9) * 9, recipients }),
  };
}

/** What an outline has of an entry. */
function expected({ envelope: { sender, arrived, bodySize, recipients }, attempts, ...facts }: QueueEntry): unknown {
  const open = recipients.filter(isOpen).map(({ given, state, resolved, status }) => ({
    given,
    state,
    ...(resolved && { resolved: { ...resolved, user: "" } }),
    ...(status && { status: { text: status.text } }),
  }));
  return { ...facts, attempts: Math.min(attempts, 255), envelope: { sender, arrived, bodySize, recipients: open } };
}

/** Octets of texts that always fit. */
const FITS = 700;

function lengthOf({ envelope: { sender, recipients }, group, hold = "" }: QueueEntry): number {
  const texts = recipients.map(({ given, resolved, status }) => [given, resolved?.host, status?.text].join("").length);
  return texts.reduce((sum, each) => sum + each, sender.length + group.length + hold.length);
}

const outlineOf = (outlines: Outlines, row: number, entry: QueueEntry): EntryOutline | undefined =>
  outlines.get(row, id, entry.lastTry ?? -Infinity);

test("an outline says what the entry said, however rows and sizes change", () =>
  fuzz(5, (random, note) => {
    const outlines = new Outlines();
    const entries = new Map<number, QueueEntry>();
    for (let step = 0; step < 200; step++) {
      const row = random(40) * random(60);
      if (random(3) === 0) {
        outlines.drop(row);
        entries.delete(row);
      } else {
        const entry = randomEntry(random);
        outlines.set(row, entry);
        entries.set(row, entry);
      }
    }
    for (const [row, entry] of entries) {
      note({ row, entry });
      const outline = outlineOf(outlines, row, entry);
      if (outline !== undefined) expect(outline).toEqual(expected(entry));
      else expect(lengthOf(entry)).toBeGreaterThan(FITS);
    }
    const others = Array.from({ length: 2_400 }, (_, row) => row).filter((row) => !entries.has(row));
    expect(others.filter((row) => outlines.get(row, id, 0) !== undefined)).toEqual([]);
  }));

const waiting = (more: Partial<Recipient> = {}): QueueEntry => ({
  id,
  group: "mqueue",
  priority: 1,
  attempts: 1,
  nextTry: 2,
  envelope: envelope(id, { recipients: [recipient("user12345@host123.test", { state: "deferred", ...more })] }),
});

test("a usual message takes no more than 112 octets, again and again, and the last one gives all back", () => {
  const outlines = new Outlines();
  const rows = 5_000;
  const entry = waiting({ status: deferred });
  for (let round = 0; round < 3; round++) {
    for (let row = 0; row < rows; row++) outlines.set(row, round % 2 === 0 ? entry : waiting());
    expect(outlines.octets).toBeLessThanOrEqual(rows * 112 + (96 << 10));
    for (let row = 0; row < rows / 2; row++) outlines.drop(row);
  }
  for (let row = 0; row < rows; row++) outlines.drop(row);
  expect(outlines.octets).toBe(0);
  outlines.set(5, entry);
  expect(outlineOf(outlines, 5, entry)).toEqual(expected(entry));
});

test("what is too long, or no octets, has no outline, and leaves none of before behind", () => {
  const entries = [
    waiting({ given: "x".repeat(2_000) }),
    waiting({ given: "\u20ac@b.test" }),
    { ...waiting(), priority: 0.5 },
  ];
  for (const entry of entries) {
    const outlines = new Outlines();
    outlines.set(0, waiting());
    outlines.set(0, entry);
    expect(outlines.get(0, id, 0)).toBeUndefined();
  }
});
