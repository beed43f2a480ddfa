/** A message in the dialogue with a filter: edits, bodies, what is over and what goes on, and filters that fail. */
import { afterEach, describe, expect, test } from "@jest/globals";
import type { Answer, Edit, FilterError } from "../../../src/milter/filter.ts";
import { openFilter } from "../../../src/milter/open-filter.ts";
import { LONGEST_DATA, packet } from "../../../src/milter/packets.ts";
import { begin, closeDialogues, dialogue, heard, NO_MACROS, noMacros, TAKE } from "../../support/filter-dialogue.ts";
import { type Saying, scriptedFilter } from "../../support/scripted-filter.ts";

afterEach(closeDialogues);

/** What comes of what a filter says to the end of a message. */
async function ended(turn: readonly Saying[], notes: string[] = []): Promise<{ edits: Edit[]; answer: Answer }> {
  const { connection } = await dialogue({ on: { end: [turn] } }, { note: (text) => notes.push(text) });
  await begin(connection);
  const edits: Edit[] = [];
  const answer = await connection.endOfMessage(noMacros, (edit) => void edits.push(edit));
  return { edits, answer };
}

const octets = (code: string, ...parts: (string | Buffer)[]): Saying => ({
  kind: "octets",
  octets: packet(code, ...parts),
});

describe("an edit", () => {
  test.each([
    [octets("h", "X-A\0one\0"), { kind: "add-header", name: "X-A", value: " one" }],
    [octets("h", "X-A\0one"), { kind: "add-header", name: "X-A", value: " one" }],
    [
      octets("h", "X-A\0 one\n\ttwo\r\n three\n\0"),
      { kind: "add-header", name: "X-A", value: "  one\r\n\ttwo\r\n three" },
    ],
    // What would be another field is none.
    [octets("h", "X-A\0one\nX-B: two\0"), { kind: "add-header", name: "X-A", value: " one\r\n\tX-B: two" }],
    [octets("h", "X-A\0one\n\n\ntwo\0"), { kind: "add-header", name: "X-A", value: " one\r\n\ttwo" }],
    [octets("i", "\0\0\0\x02X-A\0one\0"), { kind: "insert-header", index: 2, name: "X-A", value: " one" }],
    [octets("m", "\0\0\0\x01X-A\0one\0"), { kind: "change-header", index: 1, name: "X-A", value: " one" }],
    [octets("m", "\0\0\x01\0X-A\0\0"), { kind: "change-header", index: 256, name: "X-A", value: undefined }],
    [octets("+", "<c@z>\0"), { kind: "add-recipient", path: "<c@z>", parameters: [] }],
    [octets("+", "c@z"), { kind: "add-recipient", path: "<c@z>", parameters: [] }],
    [octets("2", "<c@z>\0"), { kind: "add-recipient", path: "<c@z>", parameters: [] }],
    [
      octets("2", "<c@z>\0NOTIFY=NEVER\0X=y\0"),
      { kind: "add-recipient", path: "<c@z>", parameters: ["NOTIFY=NEVER", "X=y"] },
    ],
    [octets("-", "<c@z>\0"), { kind: "delete-recipient", path: "<c@z>" }],
    [octets("e", "<>\0"), { kind: "change-sender", path: "<>", parameters: [] }],
    [octets("e", "<d@z>\0RET=HDRS\0"), { kind: "change-sender", path: "<d@z>", parameters: ["RET=HDRS"] }],
    [octets("b", Buffer.from([0, 255, 13, 10])), { kind: "replace-body", chunk: Buffer.from([0, 255, 13, 10]) }],
    [octets("b"), { kind: "replace-body", chunk: Buffer.alloc(0) }],
    [octets("q", "looks \xe9vil\0"), { kind: "quarantine", reason: "looks \xe9vil" }],
  ] satisfies [Saying, Edit][])("%j", async (saying, edit) => {
    expect(await ended([saying, { kind: "continue" }])).toEqual({ edits: [edit], answer: { kind: "continue" } });
  });

  test.each([
    [octets("+", ""), "'+' (add-recipient) without an address"],
    [octets("e", "\0X=y\0"), "'e' (change-sender) without an address"],
    [octets("i", "\0\0"), "'i' (insert-header) of 2 octets"],
    [octets("h", "X-A"), "'h' (add-header) without a value"],
    [octets("h", "X A\0one\0"), `'h' (add-header) with "X A" for a field name`],
    [octets("h", "X:A\0one\0"), `'h' (add-header) with "X:A" for a field name`],
    [octets("m", "\0\0\0\x01\0one\0"), `'m' (change-header) with "" for a field name`],
    [octets("l", "\0\0\0\x07j\0"), "a list of macros for stage 7"],
    [octets("\x01"), "octet 1, which means nothing"],
  ])("%j is none", async (saying, words) => {
    await expect(ended([saying, { kind: "accept" }])).rejects.toMatchObject({
      kind: "protocol",
      message: `it answered ${words} to the end of the message`,
    });
  });

  test("that was not negotiated is carried out, and noted once", async () => {
    const notes: string[] = [];
    const edit: Edit = { kind: "add-header", name: "X-A", value: " one" };
    const filter = await scriptedFilter({
      negotiates: { actions: 0 },
      on: { end: [[octets("h", "X-A\0one\0"), octets("h", "X-A\0one\0"), { kind: "accept" }]] },
    });
    const connection = await openFilter(filter.settings, { macros: NO_MACROS, note: (text) => notes.push(text) });
    await begin(connection);
    const edits: Edit[] = [];
    await connection.endOfMessage(noMacros, (each) => void edits.push(each));
    expect(edits).toEqual([edit, edit]);
    expect(notes).toEqual(["lied about adding headers, honoring request anyway"]);
    connection.close(false);
    await filter.close();
  });

  // As sendmail 8.17 does: of all edits only this one.
  test.each([
    [{ kind: "accept" }, "tempfail"],
    [{ kind: "reject" }, "reject"],
  ] satisfies [Answer, string][])("a new body that was not negotiated, then %j: %s", async (answer, outcome) => {
    const notes: string[] = [];
    const { filter, connection } = await dialogue(
      {
        negotiates: { actions: 0x01 },
        on: { end: [[octets("b", "one"), octets("h", "A\0b\0"), octets("b", "x"), answer]] },
      },
      { note: (text) => notes.push(text) },
    );
    await begin(connection);
    const edits: Edit[] = [];
    expect(await connection.endOfMessage(noMacros, (edit) => void edits.push(edit))).toEqual({ kind: outcome });
    expect(edits).toEqual([{ kind: "add-header", name: "A", value: " b" }]);
    expect(notes).toEqual(["lied about replacing body, rejecting request and tempfailing message"]);
    // It has not failed: the next message is told.
    await begin(connection);
    expect(filter.transcript.at(-1)).toBe("rcpt <b@y.example>");
  });

  test("that was not offered ends it", async () => {
    const { filter, connection } = await dialogue(
      { on: { end: [[octets("q", "x\0"), { kind: "accept" }]] } },
      { edits: new Set(["add-header", "add-recipient"]) },
    );
    expect(filter.transcript[0]).toBe("negotiate 6 0x185 0x1fffff");
    await begin(connection);
    await expect(connection.endOfMessage(noMacros, TAKE)).rejects.toMatchObject({
      kind: "protocol",
      message: "it asked for quarantine, which it was not offered",
    });
  });
});

describe("a reply", () => {
  test.each([
    ["550 5.7.1 fifty%% off", { code: 550, enhanced: "5.7.1", lines: ["fifty% off"] }],
    ["550-5.7.1 one\r\n550 5.7.1 two", { code: 550, enhanced: "5.7.1", lines: ["one", "two"] }],
    ["450 5.7.1 of another class", { code: 450, enhanced: "5.7.1", lines: ["of another class"] }],
    ["550 no enhanced", { code: 550, lines: ["no enhanced"] }],
    ["550 5.7.1234 x", { code: 550, lines: ["5.7.1234 x"] }],
    ["550 5.7.1", { code: 550, lines: ["5.7.1"] }],
    ["550", { code: 550, lines: [""] }],
    ["550 5.7.1  two blanks", { code: 550, enhanced: "5.7.1", lines: [" two blanks"] }],
    ["550 5.7.1 a\nb", { code: 550, enhanced: "5.7.1", lines: ["a", "b"] }],
    ["421 4.7.0 bye\r\n", { code: 421, enhanced: "4.7.0", lines: ["bye"] }],
  ])("%j", async (text, reply) => {
    const { answer } = await ended([octets("y", `${text}\0`)]);
    expect(answer).toEqual({ kind: "reply", ...reply });
  });

  // As sendmail 8.17 does.
  test.each(["250 ok", "55 x", "5a0 x", "650 x", "", "550 5.7.1 fifty% off", "550 5.7.1 %s", "5500 x"])(
    "%j is a plain refusal",
    async (text) => {
      const notes: string[] = [];
      expect(await ended([octets("y", `${text}\0`)], notes)).toMatchObject({ answer: { kind: "reject" } });
      expect(notes.join()).toContain(`the end of the message: reply "${text}" is no 4xx or 5xx reply`);
    },
  );
});

describe("bodies", () => {
  test("go in packets of 65535 octets, whatever they are cut into", async () => {
    const { filter, connection } = await dialogue();
    await begin(connection);
    const body = Buffer.from(Array.from({ length: 200_001 }, (_, index) => index % 251));
    await connection.body(body.subarray(0, 131_071));
    await connection.body(body.subarray(131_071, 131_071));
    await connection.body(body.subarray(131_071));
    expect(filter.transcript.slice(3)).toEqual(["body 65535", "body 65535", "body 1", "body 65535", "body 3395"]);
    expect(filter.octets().equals(body)).toBe(true);
  });

  test("a filter that takes long without answering slows the sender", async () => {
    const { filter, connection } = await dialogue({ negotiates: { protocol: 0x80000 }, mute: ["body"] });
    await begin(connection);
    const body = Buffer.alloc(4_000_000, "x");
    expect(await connection.body(body)).toEqual({ kind: "continue" });
    expect(await connection.endOfMessage(noMacros, TAKE)).toEqual({ kind: "continue" });
    expect(filter.octets().length).toBe(body.length);
  });

  test.each(["header", "eoh", "body"] as const)("skip at %s: no more of it, and the end is told", async (step) => {
    const { filter, connection } = await dialogue({ on: { [step]: [{ kind: "skip" }] } });
    await begin(connection);
    await connection.header("A", " b");
    await connection.eoh(noMacros);
    expect(await connection.body(Buffer.alloc(100_000))).toEqual({ kind: "skip" });
    expect(await connection.body(Buffer.alloc(10))).toEqual({ kind: "skip" });
    expect(await connection.endOfMessage(noMacros, TAKE)).toEqual({ kind: "continue" });
    const bodies = filter.transcript.filter((line) => line.startsWith("body"));
    expect(bodies).toEqual(step === "body" ? ["body 65535"] : []);
    // The next message has one again.
    await begin(connection);
    expect(await connection.body(Buffer.alloc(10))).toEqual({ kind: "continue" });
  });

  test("a new one of any size comes in parts, one at a time", async () => {
    const parts = Array.from({ length: 40 }, (_, index) => Buffer.alloc(65_535, 65 + (index % 26)));
    const { connection } = await dialogue({
      on: { end: [[...parts.map((chunk) => octets("b", chunk)), { kind: "accept" }]] },
    });
    await begin(connection);
    let busy = 0;
    const taken: Buffer[] = [];
    const answer = await connection.endOfMessage(noMacros, async (edit) => {
      expect(++busy).toBe(1);
      await new Promise((go) => setImmediate(go));
      if (edit.kind === "replace-body") taken.push(edit.chunk);
      busy--;
    });
    expect(answer).toEqual({ kind: "accept" });
    expect(Buffer.concat(taken).equals(Buffer.concat(parts))).toBe(true);
  });

  test("large parts that come while an edit is at work are not lost", async () => {
    const part = Buffer.alloc(LONGEST_DATA, "x");
    const { connection } = await dialogue({
      on: { end: [[octets("h", "X\0y\0"), octets("b", part), octets("b", part), { kind: "accept" }]] },
    });
    await begin(connection);
    let taken = 0;
    const answer = await connection.endOfMessage(noMacros, async (edit) => {
      // Long enough for as much to come as is read ahead.
      for (let turn = 0; turn < 200; turn++) await new Promise((go) => setImmediate(go));
      if (edit.kind === "replace-body") taken += edit.chunk.length;
    });
    expect(answer).toEqual({ kind: "accept" });
    expect(taken).toBe(2 * LONGEST_DATA);
  });

  test("what a packet cannot hold is said by whom", async () => {
    const { connection } = await dialogue();
    await begin(connection);
    await expect(connection.header("X-Long", "x".repeat(70_000))).rejects.toThrow(
      "a header field of 70008 octets is more than a packet holds (65535)",
    );
  });

  test("a packet of the filter may hold a megabyte", async () => {
    const { edits } = await ended([octets("b", Buffer.alloc(LONGEST_DATA, "x")), { kind: "accept" }]);
    expect(edits).toMatchObject([{ chunk: { length: LONGEST_DATA } }]);
  });
});

describe("what is over", () => {
  test("a message that is given up is aborted, once", async () => {
    const { filter, connection } = await dialogue();
    connection.abort();
    await begin(connection);
    connection.abort();
    connection.abort();
    await begin(connection);
    await connection.endOfMessage(noMacros, TAKE);
    connection.abort();
    await begin(connection);
    expect(filter.transcript.slice(1).map((line) => line.split(" ")[0])).toEqual([
      "mail",
      "rcpt",
      "abort",
      "mail",
      "rcpt",
      "end",
      "mail",
      "rcpt",
    ]);
  });

  // As sendmail 8.17 does: what was refused or accepted has an end already.
  test.each([
    ["mail", { kind: "reject" }, false],
    ["mail", { kind: "accept" }, false],
    ["rcpt", { kind: "reject" }, true],
    ["rcpt", { kind: "accept" }, false],
    ["rcpt", { kind: "discard" }, false],
    ["data", { kind: "tempfail" }, true],
    ["header", { kind: "reject" }, false],
    ["eoh", { kind: "tempfail" }, false],
    ["body", { kind: "reply", code: 550, lines: ["x"] }, false],
  ] satisfies [string, Answer, boolean][])("after %s %j abort is said: %j", async (step, answer, isSaid) => {
    const { filter, connection } = await dialogue({ on: { [step]: [answer] } });
    await begin(connection);
    await connection.data(noMacros);
    await connection.header("A", " b");
    await connection.eoh(noMacros);
    await connection.body(Buffer.from("x"));
    connection.abort();
    await connection.mail(noMacros, "<again@x>", []);
    expect(filter.transcript.includes("abort")).toBe(isSaid);
    expect(filter.transcript.at(-1)).toBe("mail <again@x>");
    // Nothing of a message comes behind its end.
    if (!isSaid) expect(filter.transcript.at(-2)).toMatch(new RegExp(`^${step}`));
  });

  test.each(["connect", "helo"] as const)("accept at %s holds for the session", async (step) => {
    const { filter, connection } = await dialogue({ on: { [step]: [{ kind: "accept" }] } });
    await connection.connect(noMacros, "a", { family: "unknown" });
    await connection.helo(noMacros, "a");
    const count = filter.transcript.length;
    expect(connection.mail(noMacros, "<a>", [])).toEqual({ kind: "accept" });
    expect(connection.unknown("x")).toEqual({ kind: "accept" });
    expect(connection.endOfMessage(noMacros, TAKE)).toEqual({ kind: "accept" });
    connection.abort();
    expect(filter.transcript.length).toBe(count);
    // Another session begins anew.
    expect(connection.close(true)).toBe(true);
    await connection.connect(noMacros, "b", { family: "unknown" });
    expect(filter.transcript.slice(count)).toEqual(["quit-and-next", "connect b unknown"]);
  });

  test("a connection is used for the next session where the filter can do that", async () => {
    const { filter, connection } = await dialogue();
    await begin(connection);
    await connection.endOfMessage(noMacros, TAKE);
    expect(connection.close(true)).toBe(true);
    expect(connection.isUsable).toBe(true);
    await connection.connect(noMacros, "b", { family: "unknown" });
    expect(filter.connections()).toBe(1);
    expect(connection.close(false)).toBe(false);
    expect(connection.isUsable).toBe(false);
    await heard(filter, "quit");
    expect(filter.transcript.slice(-3)).toEqual(["quit-and-next", "connect b unknown", "quit"]);
  });

  test("an older filter is closed", async () => {
    const { filter, connection } = await dialogue({ negotiates: { version: 4 } });
    expect(connection.close(true)).toBe(false);
    await heard(filter, "quit");
    expect(connection.close(true)).toBe(false);
    await expect(connection.mail(noMacros, "<a>", [])).rejects.toMatchObject({ kind: "closed" });
  });
});

describe("a filter that fails", () => {
  const gone = { kind: "closed", filter: "scripted", message: "it closed the connection" };

  test("is not there", async () => {
    const filter = await scriptedFilter();
    await filter.close();
    const error = (await openFilter(filter.settings, { macros: NO_MACROS }).catch(
      (each: unknown) => each,
    )) as FilterError;
    expect(error).toMatchObject({ name: "FilterError", kind: "connect", filter: "scripted" });
    expect(error.message).toMatch(/^cannot connect to unix:.*: connect ENOENT/);
  });

  test("hangs up while it is asked, and while it is not", async () => {
    const { connection } = await dialogue({ on: { rcpt: [{ kind: "hang-up" }] } });
    await expect(begin(connection)).rejects.toMatchObject(gone);
    await expect(connection.data(noMacros)).rejects.toMatchObject(gone);
    connection.abort();
    expect(connection.close(true)).toBe(false);
  });

  test("hangs up after its answer", async () => {
    const { connection } = await dialogue({ on: { mail: [[{ kind: "continue" }, { kind: "hang-up" }]] } });
    // Its answer may have come first, or not at all.
    await Promise.resolve(connection.mail(noMacros, "<a>", [])).catch(() => undefined);
    while (connection.isUsable) await new Promise((go) => setImmediate(go));
    await expect(connection.rcpt(noMacros, "<b>", [])).rejects.toMatchObject({ kind: "closed" });
  });

  test("whoever waits for its answer hears that the connection was closed by us", async () => {
    const { filter, connection } = await dialogue({ on: { mail: [{ kind: "silence" }] } });
    const waiting = connection.mail(noMacros, "<a>", []);
    await heard(filter, "mail <a>");
    connection.close(false);
    await expect(waiting).rejects.toMatchObject({ kind: "closed", message: "the connection was closed" });
  });

  test("does not answer in time", async () => {
    const { connection } = await dialogue({ on: { mail: [{ kind: "silence" }] }, timeouts: { read: 20 } });
    await expect(begin(connection)).rejects.toMatchObject({
      kind: "timeout",
      message: "no answer to MAIL within 0.02s",
    });
    expect(connection.isUsable).toBe(false);
  });

  test("does not negotiate in time", async () => {
    const failure = dialogue({ instead: { kind: "silence" }, timeouts: { read: 20 } });
    await expect(failure).rejects.toMatchObject({ kind: "timeout", message: "no answer to negotiation within 0.02s" });
  });

  test("does not come to an end in time, though its other answers may take long", async () => {
    const { connection } = await dialogue({
      on: { end: [[{ kind: "progress" }, octets("h", "X\0y\0")]] },
      timeouts: { end: 20 },
    });
    await begin(connection);
    const edits: Edit[] = [];
    await expect(connection.endOfMessage(noMacros, (edit) => void edits.push(edit))).rejects.toMatchObject({
      kind: "timeout",
      message: "no answer to the end of the message within 0.02s",
    });
    expect(edits.length).toBe(1);
  });

  test("speaks without being asked", async () => {
    const { connection } = await dialogue({ on: { mail: [[{ kind: "continue" }, { kind: "continue" }]] } });
    await connection.mail(noMacros, "<a>", []);
    while (connection.isUsable) await new Promise((go) => setImmediate(go));
    expect(connection.close(true)).toBe(false);
    await expect(connection.rcpt(noMacros, "<b>", [])).rejects.toThrow(/closed/);
  });

  test("an edit that cannot be carried out ends it, with its own error", async () => {
    const { connection } = await dialogue({ on: { end: [[octets("h", "X\0y\0"), { kind: "accept" }]] } });
    await begin(connection);
    const full = new Error("disk full");
    await expect(connection.endOfMessage(noMacros, () => Promise.reject(full))).rejects.toBe(full);
    await expect(connection.mail(noMacros, "<a>", [])).rejects.toMatchObject({
      message: "add-header could not be carried out",
    });
  });
});
