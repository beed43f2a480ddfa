import { describe, expect, test } from "@jest/globals";
import { listingOf } from "../../../src/control/queue-listing.ts";
import { controlFileParts } from "../../../src/queue/control-file.ts";
import { ControlFileError, parseControlFile } from "../../../src/queue/control-file-reader.ts";
import { QueueFormatError } from "../../../src/queue/format.ts";
import type { QueueEntry } from "../../../src/queue/queue.ts";
import { deferred, delivered, envelope, recipient } from "../../support/queue-samples.ts";

const formatControlFile = (whole: QueueEntry): Buffer => Buffer.concat([...controlFileParts(whole)]);

/** As an editor, or a genuine sendmail, leaves it. */
const unsealed = (text: string): string => text.replace(/\n\$\{rulemail_seal\}.*/, "");

const id = "6AKJRqnn123456";

function entry(more: Partial<QueueEntry> = {}): QueueEntry {
  return {
    id,
    envelope: envelope(id),
    group: "mqueue",
    priority: 30_123,
    attempts: 0,
    nextTry: 1_795_204_555_317,
    ...more,
  };
}

const full = entry({
  envelope: envelope(id, {
    sender: "",
    recipients: [
      recipient("list@b.test", { state: "expanded" }),
      recipient("bob@b.test", {
        state: "deferred",
        status: deferred,
        orcpt: "rfc822;bob+40b.test",
        notify: ["FAILURE", "DELAY"],
      }),
      recipient("|/bin/x y", { parent: 0, owner: "owner-list@b.test", rights: { user: "list", uid: 1001, gid: 100 } }),
      recipient("done@b.test", { parent: 0, state: "delivered", status: delivered }),
      recipient("last@b.test", { parent: 0, notify: ["NEVER"] }),
    ],
    headers: [
      { name: "Received", value: " from x\r\n\tby y" },
      { name: "Subject", value: " \x80\x9f\xff \xc3\x9f\xfe" },
      { name: "X-Flagged", value: "a:b", flags: "DF" },
    ],
    bodySize: 77,
    eightBit: true,
    bodyType: "8BITMIME",
    smtputf8: true,
    envid: "QQ314",
    ret: "HDRS",
    auth: "<>",
    deliverBy: { seconds: 320, mode: "return", trace: true },
    requireTls: true,
    isReport: true,
    messageClass: -60,
    quarantined: "odd",
    warnedAt: 1_795_204_000_001,
  }),
  group: "slow",
  attempts: 3,
  lastTry: 1_795_204_555_999,
  hold: "odd",
});

describe("control file", () => {
  test.each([
    ["a fresh message", entry()],
    ["everything an entry can have", full],
  ])("is read back as it was written: %s", (_, original) => {
    const text = formatControlFile(original).toString("latin1");
    expect(parseControlFile(text, id)).toEqual({ entry: original, knowsBodySize: true });
  });

  test("has sendmail's lines in sendmail's order", () => {
    const text = formatControlFile(full).toString("latin1");
    const lines = text.split("\n").filter((line) => !line.startsWith("${rulemail_"));
    expect(lines).toEqual([
      "V8",
      "T1795202872",
      "K1795204555",
      "N3",
      "P30123",
      `M${deferred.text}`,
      "F8dnrwe",
      "B8BITMIME",
      "qodd",
      "$rESMTP",
      "${client_addr}192.0.2.1",
      "$_x.test [192.0.2.1]",
      "S<>",
      "ZQQ314",
      "A<>",
      "!\x12 320",
      `M${deferred.text}`,
      "Qrfc822;bob+40b.test",
      "RPNFD:bob@b.test",
      "Clist:1001:100:list",
      "RFD:|/bin/x y",
      "C:",
      "RN:last@b.test",
      "H??Received: from x",
      "\tby y",
      "H??Subject: \xff\x80\xff\x9f\xff\xff \xc3\xff\x9f\xfe",
      "H?DF?X-Flagged:a:b",
      ".",
      "",
    ]);
  });

  test.each([
    ["\x01 120", { seconds: 120, mode: "notify", trace: false }],
    ["\x11 320", { seconds: 320, mode: "notify", trace: true }],
    ["\x01 -320", { seconds: -320, mode: "notify", trace: false }],
    ["\x02 120", { seconds: 120, mode: "return", trace: false }],
    ["\x12 320", { seconds: 320, mode: "return", trace: true }],
    [" 320", undefined],
    ["\x02 soon", undefined],
    ["", undefined],
  ])("reads BY= as sendmail writes it: %j", (line, deliverBy) => {
    const text = unsealed(formatControlFile(entry()).toString("latin1")).replace("\nS", `\n!${line}\nS`);
    expect(parseControlFile(text, id).entry.envelope.deliverBy).toEqual(deliverBy);
  });

  test("without its seal it is read all the same, as one of format 1 or of a genuine sendmail", () => {
    const text = unsealed(formatControlFile(full).toString("latin1"));
    expect(parseControlFile(text, id).entry).toEqual(full);
  });

  test("one octet that changed is found, but for those that make the last line a seal", () => {
    const octets = formatControlFile(full);
    const sealAt = octets.indexOf("${rulemail_seal}");
    for (let at = 0; at < octets.length; at++) {
      // Without the line end in front of it, it is the end of a header field.
      if (at === sealAt - 1) continue;
      const changed = Buffer.from(octets);
      changed[at] ^= 1 << (at % 8);
      const read = (): QueueEntry => parseControlFile(changed.toString("latin1"), id).entry;
      try {
        // What damaged only the name of the seal has damaged nothing that it stands for.
        const { envelope: found } = read();
        expect([at, found.recipients, found.headers]).toEqual([at, full.envelope.recipients, full.envelope.headers]);
        expect(at).toBeGreaterThanOrEqual(sealAt);
      } catch (error) {
        if (!(error instanceof ControlFileError) && !(error instanceof QueueFormatError)) throw error;
      }
    }
  });

  test("one of a newer format is refused, in words", () => {
    const text = formatControlFile(entry()).toString("latin1").replace("_seal}2 ", "_seal}3 ");
    expect(() => parseControlFile(text, id)).toThrow(new QueueFormatError(`The control file of ${id}`, 3));
  });

  test("a line end inside a value cannot begin another line", () => {
    const evil = entry({
      envelope: envelope(id, {
        sender: "a\nS<root>",
        macros: { client_name: "x\nRroot" },
        recipients: [recipient("b\nRP:evil", { state: "deferred", status: { ...deferred, text: "x\r\nRP:evil" } })],
        headers: [{ name: "X", value: " a\nRP:evil\r\nb\rc" }],
      }),
    });
    const { entry: read } = parseControlFile(formatControlFile(evil).toString("latin1"), id);
    expect(read.envelope.recipients.map(({ given }) => given)).toEqual(["b RP:evil"]);
    expect(read.envelope.sender).toBe("a S<root>");
    expect(read.envelope.headers).toEqual([{ name: "X", value: " a\r\n\tRP:evil\r\n\tb\r\n\tc" }]);
  });

  test("reads what a genuine sendmail wrote", () => {
    const text = [
      "V8",
      "T1795202872",
      "K1795202900",
      "N1",
      "P180094",
      "I0/39/8",
      "Malias database unavailable",
      "F8bdns",
      "$_root@localhost",
      "$r",
      "${daemon_flags}c u",
      "Sa@example.test",
      "Zenv1",
      "Aa@example.test",
      "Malias database unavailable",
      "rRFC822; root@mail.example.test",
      "RPNFD:root",
      "Clist:0:0:list",
      "Qrfc822;c@example.net",
      "RPFD:Carl <c@example.net>",
      "H?P?Return-Path: <\x81g>",
      "H??Received: (from root@localhost)",
      "\tby mail.example.test (8.17.1.9/8.17.1.9) id 6AKJRqnn019925;",
      "H?D?Date: Fri, 20 Nov 2026 19:27:52 GMT",
      "H??Subject: \xff\x80\xff\x9f\xc3\xff\x9f utf",
      ".",
      "",
    ].join("\n");
    const { entry: read, knowsBodySize } = parseControlFile(text, id);
    expect(knowsBodySize).toBe(false);
    expect(read).toMatchObject({ attempts: 1, lastTry: 1_795_202_900_000, priority: 180_094, group: "mqueue" });
    expect(read.envelope).toMatchObject({
      sender: "a@example.test",
      arrived: 1_795_202_872_000,
      eightBit: true,
      ret: "HDRS",
      envid: "env1",
      auth: "a@example.test",
      macros: { _: "root@localhost", r: "", daemon_flags: "c u" },
    });
    expect(read.envelope.headers).toEqual([
      {
        name: "Received",
        value: " (from root@localhost)\r\n\tby mail.example.test (8.17.1.9/8.17.1.9) id 6AKJRqnn019925;",
      },
      { name: "Date", value: " Fri, 20 Nov 2026 19:27:52 GMT", flags: "D" },
      { name: "Subject", value: " \x80\x9f\xc3\x9f utf" },
    ]);
    expect(read.envelope.recipients).toEqual([
      {
        given: "root",
        state: "deferred",
        notify: ["FAILURE", "DELAY"],
        status: { action: "delayed", status: "4.0.0", text: "alias database unavailable", at: 1_795_202_900_000 },
      },
      {
        given: "Carl <c@example.net>",
        state: "todo",
        orcpt: "rfc822;c@example.net",
        rights: { user: "list", uid: 0, gid: 0 },
      },
    ]);
  });

  test("takes the angle brackets off that a genuine sendmail keeps, and knows whose alias a recipient was", () => {
    const lines = [
      "V8",
      "T1",
      "S<a@b.test>",
      "Cjoe:1001:100:<list@a.test>",
      "RPFD:<c@b.test>",
      'RPFD:"Carl" <d@b.test>',
    ];
    const { entry: read } = parseControlFile(
      [...lines, "C:", "RPFD:<e@b.test>", "Cjoe:1001:100:joe", "RPFD:f", ".", ""].join("\n"),
      id,
    );
    expect(read.envelope.sender).toBe("a@b.test");
    const rights = { user: "joe", uid: 1001, gid: 100 };
    expect(read.envelope.recipients).toEqual([
      { given: "c@b.test", state: "todo", rights: { ...rights, alias: "list@a.test" } },
      { given: '"Carl" <d@b.test>', state: "todo", rights: { ...rights, alias: "list@a.test" } },
      { given: "e@b.test", state: "todo" },
      { given: "f", state: "todo", rights },
    ]);
    // Written as ours, and read again.
    const again = parseControlFile(formatControlFile(read).toString("latin1"), id);
    expect(again.entry.envelope.recipients).toEqual(read.envelope.recipients);
    expect(listingOf(read, false).recipients.map((each) => each.rights)).toEqual([
      "joe:1001:100:list@a.test",
      "joe:1001:100:list@a.test",
      undefined,
      "joe:1001:100:joe",
    ]);
  });

  test("brackets in a file of ours are part of the address", () => {
    const odd: QueueEntry = {
      ...full,
      envelope: { ...full.envelope, sender: "<odd>", recipients: [recipient("<b@b.test>")] },
    };
    const { entry: read } = parseControlFile(formatControlFile(odd).toString("latin1"), id);
    expect(read).toEqual(odd);
  });

  test("a report of a genuine sendmail has the null reverse-path", () => {
    const text = "V8\nT1\nFrns\nSMAILER-DAEMON\nRPF:postmaster\n.\n";
    expect(parseControlFile(text, id).entry.envelope).toMatchObject({ sender: "", isReport: true });
  });

  test.each([
    ["", "Cannot find a version", 1],
    ["V9\n.\n", "Cannot read version 9", 1],
    ["V8\nSa\nRb", 'Cannot find the end (a line with "." alone)', 3],
    ["V8\nRb\n.\n", "Cannot find a sender", 3],
    ["V8\nTsoon\n.\n", 'Cannot read "soon" as a number', 2],
    ["V8\nSa\nWhat\n.\n", 'begins with "W"', 3],
    ["V8\nSa\n$\n.\n", "Cannot find a macro name", 3],
    ["V8\nSa\nHno colon\n.\n", "Cannot find a field name", 3],
    ["V8\nSa\n${rulemail_message}[]\n.\n", "not a JSON object", 3],
    ["V8\nSa\nCuser:x:1\n.\n", 'Cannot read "x" as a number', 3],
  ])("says what is wrong, and in which line: %j", (text, message, line) => {
    const parse = (): unknown => parseControlFile(text, id);
    expect(parse).toThrow(ControlFileError);
    expect(parse).toThrow(message);
    try {
      parse();
    } catch (error) {
      expect((error as ControlFileError).line).toBe(line);
    }
  });
});
