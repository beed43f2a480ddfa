import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { fetchQueue, printQueue, type QueuePrintOptions } from "../../../src/cli/mailq.ts";
import { listingOf, type QueueListing } from "../../../src/control/queue-listing.ts";
import { serveControl } from "../../../src/control/server.ts";
import { openQueue } from "../../../src/queue/open-queue.ts";
import { servicesWith } from "../../support/control-services.ts";
import { deferred, put, recipient } from "../../support/queue-samples.ts";

/** Local time, as mailq prints it. */
const arrived = new Date(2026, 10, 5, 9, 7, 52).getTime();

const one: QueueListing = {
  id: "6AKJRqnn019925",
  size: 15,
  arrived,
  nextTry: arrived,
  attempts: 1,
  lastTry: arrived + 1000,
  sender: "a@example.test",
  group: "mqueue",
  priority: 90_094.4,
  claimed: false,
  warned: false,
  recipients: [
    { address: "root", status: "alias database unavailable" },
    { address: "Carl <c@example.net>", rights: "list:1001:100" },
  ],
};

function printed(entries: readonly QueueListing[], options: Partial<QueuePrintOptions> = {}): string {
  let text = "";
  printQueue(entries, { name: "/mnt/q", ...options }, (line) => (text += line));
  return text;
}

/** The character after the id. */
function marks(options: Partial<QueuePrintOptions>, more: Partial<QueueListing> = {}): string {
  return printed([{ ...one, ...more }], options).split("\n")[2][14];
}

describe("printQueue()", () => {
  test("prints sendmail's table", () => {
    expect(printed([one])).toBe(
      [
        "\t\t/mnt/q (1 request)",
        "-----Q-ID----- --Size-- -----Q-Time----- ------------Sender/Recipient-----------",
        "6AKJRqnn019925       15 Thu Nov  5 09:07 a@example.test",
        "                 (alias database unavailable)",
        "\t\t\t\t\t root",
        "\t\t\t\t\t Carl <c@example.net>",
        "\t\tTotal requests: 1",
        "",
      ].join("\n"),
    );
  });

  test("prints priorities, every status and rights with -v", () => {
    const warned = { ...one, warned: true, bodyType: "8BITMIME", hold: "odd thing", sender: "" };
    expect(printed([warned], { verbose: true })).toBe(
      [
        "\t\t/mnt/q (1 request)",
        "-----Q-ID----- --Size-- -Priority- ---Q-Time--- --------Sender/Recipient--------",
        "6AKJRqnn019925       15      90094+Nov  5 09:07 <>",
        "     QUARANTINE: odd thing",
        "                 (alias database unavailable)",
        "      8BITMIME",
        "\t\t\t\t\t\troot",
        "\t\t (alias database unavailable)",
        "\t\t\t\t\t\t(---list:1001:100---)",
        "\t\t\t\t\t\tCarl <c@example.net>",
        "\t\tTotal requests: 1",
        "",
      ].join("\n"),
    );
  });

  test("says that the queue is empty", () => {
    expect(printed([])).toBe("/mnt/q is empty\n\t\tTotal requests: 0\n");
  });

  test("marks what is worked on, too young, or waits for the load", () => {
    expect(marks({})).toBe(" ");
    expect(marks({}, { claimed: true })).toBe("*");
    expect(marks({ minQueueAge: 5000, now: arrived + 3000 })).toBe("-");
    expect(marks({ minQueueAge: 5000, now: arrived + 7000 })).toBe(" ");
    expect(marks({ loaded: true })).toBe("X");
  });

  test("sorts by priority, cuts long texts, escapes what a terminal would obey", () => {
    const long = "x".repeat(200);
    const text = printed([
      { ...one, id: "second", priority: 5 },
      { ...one, id: "first", priority: 4, sender: "\x1b[2J\\\x80", recipients: [{ address: long, status: long }] },
    ]);
    const lines = text.split("\n");
    expect(lines[2]).toBe("first       15 Thu Nov  5 09:07 \\033[2J\\\\\\200");
    expect(lines[3]).toBe(`${" ".repeat(17)}(${"x".repeat(60)})`);
    expect(lines[4]).toBe(`\t\t\t\t\t ${"x".repeat(38)}`);
    expect(lines[5]).toMatch(/^second/);
  });
});

describe("fetchQueue()", () => {
  test("asks the daemon, and reads the folder when none answers", async () => {
    const directory = await mkdtemp(join(tmpdir(), "rulemail-mailq-"));
    try {
      const { store } = await openQueue({ directory });
      const { id } = await put(store, "x\r\n", { recipients: [recipient("b@b.test"), recipient("c@c.test")] });
      const held = await put(store, "y\r\n", {}, { hold: "odd" });
      const claim = (await store.claim(id))!;
      await store.settle(claim, {
        recipients: [
          { index: 0, state: "delivered" },
          { index: 1, state: "deferred", status: deferred },
        ],
      });
      const socket = join(directory, "control");
      const server = await serveControl({
        path: socket,
        mode: 0o600,
        access: "all",
        services: servicesWith({
          list: async (filter) => {
            const claimed = await store.claimedIds();
            return (await store.list(filter)).map((entry) => listingOf(entry, claimed.has(entry.id)));
          },
        }),
      });
      const [asked] = await fetchQueue({ socket, directory, filter: { held: false } });
      expect(asked).toMatchObject({
        id,
        claimed: true,
        size: 3,
        recipients: [{ address: "c@c.test", status: deferred.text }],
      });
      await server.close();
      await store.close();
      const read = await fetchQueue({ socket, directory, filter: { held: false } });
      expect(read).toEqual([{ ...asked, claimed: false }]);
      expect((await fetchQueue({ directory, filter: { held: true } })).map((each) => each.id)).toEqual([held.id]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
