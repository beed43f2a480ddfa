/** What filters change about a message, through the server: the queue has the result, the next filter sees it. */
import { expect, test } from "@jest/globals";
import { LEADING_SPACE } from "../../../src/milter/bits.ts";
import type { Edit } from "../../../src/milter/filter.ts";
import {
  dataOf,
  ENVELOPE,
  type Filtered,
  type FilterUnderTest,
  say,
  withFilters,
} from "../../support/filtered-server.ts";

const MESSAGE = dataOf("Subject: s", "X-D: 1", "", "body");
const CONTINUE = { kind: "continue" } as const;

/** A message to two recipients goes through a filter that says this at its end, and through the ones behind it. */
async function edited(
  edits: readonly Edit[],
  check: (server: Filtered, reply: string) => Promise<void> | void,
  others: readonly FilterUnderTest[] = [{}],
  options: { inlineLimit?: number; filterLog?: number; message?: string } = {},
): Promise<void> {
  const { message = MESSAGE, ...behaviour } = options;
  await withFilters(
    [{ negotiates: { protocol: LEADING_SPACE }, on: { end: [[...edits, CONTINUE]] } }, ...others],
    async (server) => {
      const replies = await say(await server.client(), ...ENVELOPE, "RCPT TO:<joe>", "DATA", message, "NOOP");
      await check(server, replies[5]);
    },
    { filterLog: 9, ...behaviour },
  );
}

test("header: added, inserted, changed, deleted, with exact white space; the log tells each", async () => {
  const edits: readonly Edit[] = [
    { kind: "add-header", name: "X-Add", value: "  two\r\n\tfold" },
    { kind: "insert-header", index: 0, name: "X-First", value: " first" },
    { kind: "change-header", index: 1, name: "Subject", value: " new" },
    { kind: "change-header", index: 1, name: "X-D", value: undefined },
    { kind: "change-header", index: 1, name: "Date", value: " then" },
  ];
  await edited(edits, async (server) => {
    const { header, entry } = await server.message();
    expect(header.startsWith("X-First: first\r\nReceived: from")).toBe(true);
    expect(header.endsWith("Subject: new\r\nX-Add:  two\r\n\tfold\r\n")).toBe(true);
    expect(header).toContain("Date: then\r\n");
    expect(server.filters[1].transcript).toContain("header X-Add: two\\n\\tfold");
    expect(server.log).toEqual(
      [
        "Milter (f0) add: header: X-Add:  two\\n\\tfold",
        "Milter (f0) insert (0): header: X-First: first",
        "Milter (f0) change: header Subject: from  s to new",
        "Milter (f0) delete: header X-D: 1",
        expect.stringMatching(/^Milter \(f0\) change: header \(default header\) Date: from .* to then$/),
      ].map((line) => line),
    );
    expect(entry.envelope.recipients).toHaveLength(2);
  });
});

test("a filter cannot make lines of its own: neither by a value nor by a name", async () => {
  const edits: readonly Edit[] = [
    { kind: "add-header", name: "X-A", value: " a\r\nX-B: b\r\n\r\nbody" },
    { kind: "add-header", name: "X-C: c\r\nX-D", value: " d" },
  ];
  await edited(edits, async (server) => {
    const { header } = await server.message();
    const lines = header.split("\r\n").slice(-4);
    expect(lines.filter((line) => /^(?:X-B|X-C|body)/.test(line))).toEqual([]);
    expect(header).not.toContain("\r\n\r\n");
  });
});

const replaced = async (server: Filtered): Promise<void> => {
  const { entry, body } = await server.message();
  expect(body).toBe("one\r\ntwo\r\nth\xe9ree\r\n");
  expect(entry.envelope).toMatchObject({ bodySize: 18, eightBit: true });
  expect(server.filters[0].octets().toString()).toBe("body\r\n");
  expect(server.filters[1].octets().toString("latin1")).toBe(body);
  expect(server.log).toEqual(["Milter (f0) message: body replaced"]);
};

test.each([[Infinity], [4]])(
  "body: replaced, its lines ended with CRLF, and seen so by the next (inline limit %d)",
  async (inlineLimit) => {
    const edits: readonly Edit[] = [
      { kind: "replace-body", chunk: Buffer.from("one\ntwo\r\nth\xe9", "latin1") },
      { kind: "replace-body", chunk: Buffer.from("ree\r\n") },
    ];
    await edited(edits, replaced, [{}], { inlineLimit });
  },
);

test("body: one of many packets is told whole, and can be replaced by a larger one", async () => {
  const line = `${"x".repeat(70)}\r\n`;
  const body = line.repeat(4000);
  const chunk = Buffer.from(line.repeat(600));
  const edits = Array.from({ length: 20 }, (): Edit => ({ kind: "replace-body", chunk }));
  const check = async (server: Filtered): Promise<void> => {
    const { entry } = await server.message();
    expect(server.filters[0].octets().toString()).toBe(body);
    expect(server.filters[1].octets().length).toBe(20 * chunk.length);
    expect(entry.envelope.bodySize).toBe(20 * chunk.length);
  };
  await edited(edits, check, [{}], { inlineLimit: 1000, message: dataOf("A: b", "", body.slice(0, -2)) });
});

test("a filter that dies while it gives a new body: the message is to come again, whatever F= says", async () => {
  const dying: FilterUnderTest = {
    on: { end: [[{ kind: "replace-body", chunk: Buffer.from("half") }, { kind: "hang-up" }]] },
  };
  await withFilters([dying], async (server) => {
    const replies = await say(await server.client(), ...ENVELOPE, "DATA", MESSAGE);
    expect(replies.at(-1)).toBe("451 4.3.2 Please try again later");
    expect(server.store.list()).toEqual([]);
  });
});

test("recipients: added as RCPT would take them, with ESMTP arguments; those that lead nowhere come back later", async () => {
  const edits: readonly Edit[] = [
    { kind: "add-recipient", path: "<ann@z.example>", parameters: ["NOTIFY=NEVER", "ORCPT=rfc822;a@b", "BAD=1"] },
    { kind: "add-recipient", path: "plain@z.example", parameters: [] },
    { kind: "add-recipient", path: "<x@y.example>", parameters: [] },
    { kind: "add-recipient", path: "<>", parameters: [] },
    { kind: "add-recipient", path: "<nobody>", parameters: [] },
  ];
  await edited(edits, async (server) => {
    const { entry } = await server.message();
    expect(
      entry.envelope.recipients.map(({ given, resolved, notify, orcpt }) => [given, resolved?.host, notify, orcpt]),
    ).toEqual([
      ["x@y.example", "y.example", undefined, undefined],
      ["joe", "", undefined, undefined],
      ["ann@z.example", "z.example", ["NEVER"], "rfc822;a@b"],
      ["plain@z.example", "z.example", undefined, undefined],
      ["nobody", undefined, undefined, undefined],
    ]);
    expect(server.log).toContain("Milter (f0) add: rcpt: <ann@z.example>");
  });
});

test("recipients: deleted by where they lead; a message that nobody is left of is thrown away", async () => {
  const joe: Edit = { kind: "delete-recipient", path: "<joe>" };
  const other: Edit = { kind: "delete-recipient", path: "x@Y.EXAMPLE" };
  const nobody: Edit = { kind: "delete-recipient", path: "<nobody@z>" };
  await edited([joe, nobody], async (server) => {
    const { entry } = await server.message();
    expect(entry.envelope.recipients.map(({ given }) => given)).toEqual(["x@y.example"]);
    expect(server.log).toEqual([
      "Milter (f0) delete: rcpt <joe>, naddrs=1",
      "Milter (f0) delete: rcpt <nobody@z>, naddrs=0",
    ]);
  });
  await edited([joe, other], (server, reply) => {
    expect(reply).toMatch(/^250 2\.0\.0 .* Message accepted for delivery$/);
    expect(server.store.list()).toEqual([]);
  });
});

const change = (path: string, ...parameters: string[]): Edit => ({ kind: "change-sender", path, parameters });

test("sender: changed with what is said about him; one that cannot be leaves the old one", async () => {
  for (const [edit, sender] of [
    [change("<new@s.example>", "RET=HDRS", "ENVID=e1", "FOO=1"), { sender: "new@s.example", ret: "HDRS", envid: "e1" }],
    [change("<>"), { sender: "" }],
    [change("<nobody>"), { sender: "a@c.example" }],
  ] as const) {
    await edited([edit], async (server) => {
      expect((await server.message()).entry.envelope).toMatchObject(sender);
    });
  }
});

test("quarantine: the last reason counts; a later refusal counts more", async () => {
  const edits: readonly Edit[] = [
    { kind: "quarantine", reason: "one" },
    { kind: "quarantine", reason: "two" },
  ];
  await edited(edits, async (server) => {
    const { entry } = await server.message();
    expect([entry.hold, entry.envelope.quarantined]).toEqual(["two", "two"]);
    expect(server.log).toContain("milter=f0, quarantine=one");
  });
  await edited(edits, (server) => expect(server.store.list()).toEqual([]), [{ on: { end: [{ kind: "reject" }] } }]);
});
