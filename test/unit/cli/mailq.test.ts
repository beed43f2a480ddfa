import { describe, expect, test } from "@jest/globals";
import { printBlock, type QueuePrintOptions } from "../../../src/cli/mailq.ts";
import type { QueueListing } from "../../../src/control/queue-listing.ts";

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
    { address: "Carl <c@example.net>", rights: "list:1001:100:friends", expanded: true },
    { address: "dora@example.net", rights: "list:1001:100:friends", expanded: true },
  ],
};

async function printed(entries: readonly QueueListing[], options: QueuePrintOptions = {}): Promise<string> {
  let text = "";
  await printBlock({ name: "/mnt/q", count: entries.length, entries }, options, (line) => (text += line));
  return text;
}

/** The character after the id. */
async function marks(options: QueuePrintOptions, more: Partial<QueueListing> = {}): Promise<string> {
  return (await printed([{ ...one, ...more }], options)).split("\n")[2][14];
}

describe("printBlock()", () => {
  test("prints sendmail's table", async () => {
    expect(await printed([one])).toBe(
      [
        "\t\t/mnt/q (1 request)",
        "-----Q-ID----- --Size-- -----Q-Time----- ------------Sender/Recipient-----------",
        "6AKJRqnn019925       15 Thu Nov  5 09:07 a@example.test",
        "                 (alias database unavailable)",
        "\t\t\t\t\t root",
        "\t\t\t\t\t Carl <c@example.net>",
        "\t\t\t\t\t dora@example.net",
        "",
      ].join("\n"),
    );
  });

  test("prints priorities, every status and rights with -v", async () => {
    const warned = { ...one, warned: true, bodyType: "8BITMIME", hold: "odd thing", sender: "" };
    expect(await printed([warned], { verbose: true })).toBe(
      [
        "\t\t/mnt/q (1 request)",
        "-----Q-ID----- --Size-- -Priority- ---Q-Time--- --------Sender/Recipient--------",
        "6AKJRqnn019925       15      90094+Nov  5 09:07 <>",
        "     QUARANTINE: odd thing",
        "      8BITMIME   (alias database unavailable)",
        "\t\t\t\t\t\troot",
        "\t\t (alias database unavailable)",
        "\t\t\t\t\t\t(---list:1001:100:friends---)",
        "\t\t\t\t\t\tCarl <c@example.net>",
        "\t\t\t\t\t\tdora@example.net",
        "",
      ].join("\n"),
    );
  });

  test("says that the queue is empty", async () => {
    expect(await printed([])).toBe("/mnt/q is empty\n");
  });

  test("marks what is worked on, too young, or waits for the load", async () => {
    expect(await marks({})).toBe(" ");
    expect(await marks({}, { claimed: true })).toBe("*");
    expect(await marks({ minQueueAge: 5000, now: arrived + 3000 })).toBe("-");
    expect(await marks({ minQueueAge: 5000, now: arrived + 7000 })).toBe(" ");
    expect(await marks({ isLoaded: (priority) => priority > 90_000 })).toBe("X");
    expect(await marks({ isLoaded: (priority) => priority > 91_000 })).toBe(" ");
    expect(await marks({}, { lost: true })).toBe("?");
  });

  test("sorts by priority, cuts long texts, escapes what a terminal would obey", async () => {
    const long = "x".repeat(300);
    const text = await printed([
      { ...one, id: "second", priority: 5 },
      { ...one, id: "first", priority: 4, sender: "\x1b[2J\\\x80", recipients: [{ address: long, status: long }] },
    ]);
    const lines = text.split("\n");
    expect(lines[2]).toBe("        first       15 Thu Nov  5 09:07 \\033[2J\\\\\\200");
    expect(lines[3]).toBe(`${" ".repeat(17)}(${"x".repeat(200)})`);
    expect(lines[4]).toBe(`\t\t\t\t\t ${"x".repeat(38)}`);
    expect(lines[5]).toMatch(/^ +second/);
  });

  test("addresses of SMTP stand in angle brackets, as they came", async () => {
    const recipients = [
      { address: "bob@b.test" },
      { address: "joe" },
      { address: '"|prog"', expanded: true as const },
      { address: "ann@a.test", expanded: true as const },
    ];
    const lines = (await printed([{ ...one, protocol: "ESMTP", recipients }])).split("\n");
    expect(lines[2]).toMatch(/ <a@example.test>$/);
    expect(lines.slice(3, 7).map((line) => line.trim())).toEqual(["<bob@b.test>", "<joe>", '"|prog"', "ann@a.test"]);
    const [, , local] = (await printed([{ ...one, sender: "" }])).split("\n");
    expect(local).toMatch(/ <>$/);
  });

  test("of very many the first is there before the last has been read", async () => {
    let asked = 0;
    let text = "";
    function* many() {
      for (; asked < 20_000; asked++) yield { ...one, id: `m${asked}`, priority: -asked };
    }
    const reading = printBlock({ name: "/mnt/q", count: 20_000, entries: many() }, {}, (line) => {
      text += line;
      if (line.startsWith("           m5 ")) expect(asked).toBe(5);
    });
    await reading;
    expect(text.indexOf(" m0 ")).toBeLessThan(text.indexOf(" m19999 "));
  });
});
