import { expect, test } from "@jest/globals";
import { type WriterOptions, writeMessage } from "../../../src/delivery/message-writer.ts";
import { ctimeDate } from "../../../src/mail/date.ts";
import { MemoryBody } from "../../../src/queue/body.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import { readMacroText } from "../../../src/rewriting/macro-text.ts";
import { fuzz, randomWords } from "../../support/fuzz.ts";
import { type JobValues, testConfig, testJob, testMailer, testMessage } from "../../support/delivery-job.ts";

async function written(values: JobValues, options: WriterOptions = {}): Promise<string> {
  const job = testJob(values);
  const result = await writeMessage(testConfig(), job, job.scope.child([["g", "joe@a.test"]]), options);
  if (result.kind !== "message") return `tempfail ${result.reason}`;
  let text = "";
  for await (const chunk of result.message.stream()) text += chunk.toString("latin1");
  const { octets } = result.message;
  if (octets !== undefined) expect(Buffer.concat(octets).toString("latin1")).toBe(text);
  return text;
}

/** For SMTP, a body that lies in memory in these pieces. */
async function writtenInPieces(...texts: string[]) {
  const pieces = texts.map((text) => Buffer.from(text));
  const mailer = testMailer({ flags: "m", eol: "\r\n", lineLimit: 990 });
  const job = testJob({ mailer, message: new MemoryBody(pieces) });
  const result = await writeMessage(testConfig(), job, new MacroScope(), { stuffDots: true, fromLines: false });
  const octets = result.kind === "message" ? (result.message.octets ?? []).slice(1) : [];
  return { pieces, octets, text: Buffer.concat(octets).toString("latin1") };
}

test("a body that lies in memory in pieces leaves as these, with what has to change between them", async () => {
  const { pieces, octets } = await writtenInPieces("one\r\ntw", "o\r\n", "three\r\n");
  expect(octets).toHaveLength(3);
  octets.forEach((each, at) => expect(each).toBe(pieces[at]));
  expect((await writtenInPieces("one\r\n", ".two\r", "\n.", "x")).text).toBe("one\r\n..two\r\n..x\r\n");
  const { text } = await writtenInPieces("x".repeat(600), "y".repeat(600));
  expect(text.split("\r\n").map(({ length }) => length)).toEqual([990, 212, 0]);
});

const headers = [
  { name: "Return-Path", value: " <old@x.test>" },
  { name: "From", value: " Joe <joe>" },
  { name: "Date", value: " now", flags: "D" },
  { name: "Full-Name", value: " Joe", flags: "x" },
  { name: "Subject", value: " a\r\n\tb" },
];

test("fields that the mailer did not ask for are left out, Return-Path is its own", async () => {
  const mailer = testMailer({ flags: "nPD", eol: "\n", lineLimit: 0 });
  expect(await written({ mailer, envelope: { headers }, body: "x\r\n" })).toBe(
    "Return-Path: <joe@a.test>\nFrom: Joe <joe>\nDate: now\nSubject: a\n\tb\n\nx\n",
  );
});

test("a From line, escaped From lines and a blank last line, as the flags say", async () => {
  const mailer = testMailer({ flags: "Eb", eol: "\n", lineLimit: 0 });
  const text = await written({ mailer, envelope: { headers: [] }, body: "From me\r\nx" });
  expect(text).toBe("From joe@a.test  Fri Nov 20 19:00:00 2026\n\n>From me\nx\n\n");
});

test("mail from nobody has a From line from MAILER-DAEMON", async () => {
  const mailer = testMailer({ flags: "", eol: "\n" });
  expect(await written({ mailer, envelope: { sender: "", headers: [] } })).toMatch(/^From MAILER-DAEMON {2}Fri/);
});

test("mail from nobody has an author for mailers that have a name for nobody", async () => {
  const template = readMacroText("$?x$x <$g>$|$g$.").text;
  const config = { ...testConfig(), headers: [{ name: "From", flags: "", template }] };
  const write = async (g: string, header: readonly { name: string; value: string }[], sender = "") => {
    const job = testJob({ envelope: { sender, headers: header }, body: "" });
    const result = await writeMessage(config, job, job.scope.child([["g", g]]), { fromLines: false });
    return result.kind === "message" ? result.message.head.toString("latin1") : result.reason;
  };
  const subject = { name: "Subject", value: " x" };
  expect(await write("MAILER-DAEMON@a.test", [subject])).toBe("Subject: x\r\nFrom: MAILER-DAEMON@a.test\r\n\r\n");
  expect(await write("<>", [subject])).toBe("Subject: x\r\n\r\n");
  expect(await write("joe@a.test", [subject], "joe@a.test")).toBe("Subject: x\r\n\r\n");
  const author = { name: "From", value: " ann@b.test" };
  expect(await write("MAILER-DAEMON@a.test", [author])).toBe("From: ann@b.test\r\n\r\n");
});

test("a From line always has a date, and says where mail by UUCP comes from", async () => {
  const mailer = testMailer({ flags: "U", eol: "\n" });
  const job = testJob({ mailer, body: "" });
  const write = async (sender: string) => {
    const scope = new MacroScope(undefined, [["g", sender]]);
    const result = await writeMessage(testConfig(), job, scope, {});
    return result.kind === "message" ? result.message.head.toString("latin1").split("\n")[0] : result.reason;
  };
  const date = ctimeDate(job.envelope.arrived);
  expect(await write("a!b!joe")).toBe(`From b!joe  ${date} remote from a`);
  expect(await write("joe")).toBe(`From joe  ${date}`);
});

test("addresses in the header are rewritten by role", async () => {
  const addresses = {
    rewrite: (_mailer: unknown, text: string, { role, part }: { role: string; part: string }) =>
      Promise.resolve({ kind: "address" as const, text: text === "joe" ? `joe@${role}.${part}` : text }),
  };
  const fields = [
    { name: "From", value: " joe" },
    { name: "To", value: " jane@b.test, joe" },
    { name: "Subject", value: " joe" },
  ];
  const text = await written({ addresses, envelope: { headers: fields } }, { fromLines: false });
  expect(text).toBe(
    "From: joe@sender.header\r\nTo: jane@b.test, joe@recipient.header\r\nSubject: joe\r\n\r\nHello\r\n",
  );
});

test("an address that cannot be rewritten now delays the message", async () => {
  const addresses = { rewrite: () => ({ kind: "tempfail" as const, reason: "map is down" }) };
  expect(await written({ addresses })).toBe("tempfail map is down");
});

test("the header block is made once for a message and mailer", async () => {
  let calls = 0;
  const addresses = {
    rewrite: (_mailer: unknown, text: string) => {
      calls++;
      return { kind: "address" as const, text };
    },
  };
  const message = testMessage("x");
  for (let count = 0; count < 3; count++) await written({ addresses, message });
  expect(calls).toBe(1);
});

test("long lines of the body are cut, those of the header folded where there is white space", async () => {
  const mailer = testMailer({ lineLimit: 20 });
  const fields = [
    { name: "X", value: ` ${"y".repeat(30)}` },
    { name: "Y", value: " some words of some length" },
    { name: "To", value: " joe@a.test,jane@b.test" },
  ];
  const text = await written({ mailer, envelope: { headers: fields }, body: "z".repeat(25) }, { fromLines: false });
  expect(text.split("\r\n")).toEqual([
    `X: ${"y".repeat(30)}`,
    "Y: some words of",
    " some length",
    "To: joe@a.test,",
    "\tjane@b.test",
    "",
    `${"z".repeat(19)}!`,
    ` ${"z".repeat(6)}`,
    "",
  ]);
});

test("addresses are folded for hops that take longer lines than mail may have", async () => {
  const list = Array.from({ length: 120 }, (_each, index) => `user${index}@a.test`).join(", ");
  const references = { name: "References", value: ` ${"<a@b.test> ".repeat(120)}` };
  const envelope = { headers: [references, { name: "Cc", value: ` ${list}` }] };
  const text = await written({ mailer: testMailer({ lineLimit: 2040 }), envelope }, { fromLines: false });
  expect(text).toContain(`References:${references.value}\r\nCc: user0@a.test, `);
  expect(
    text
      .slice(text.indexOf("Cc:"))
      .split("\r\n")
      .every((line) => line.length <= 78),
  ).toBe(true);
});

test("a streamed body is shaped like one in memory", async () => {
  const mailer = testMailer({ flags: "Eb", eol: "\n", lineLimit: 0 });
  const body = "From a\r\nFrom b\r\n".repeat(5_000);
  const streamed = await written({ mailer, message: testMessage(body, false) });
  expect(streamed).toBe(await written({ mailer, body }));
});

test("whatever stands in a field, it ends neither the field nor the header nor the message", async () => {
  const parts = [
    "\r",
    "\n",
    "\r\n",
    "\r\n ",
    "\n\t",
    ".",
    "\x8a",
    "\x8d",
    "\xae",
    "Bcc: x",
    "\x80",
    "x",
    " ",
    "\xe9",
    ",",
  ];
  const names = ["Subject", "To", ".X", "Comments", "Sender", "."];
  await fuzz(400, async (random, note) => {
    const fields = Array.from({ length: 1 + random(4) }, () => ({
      name: names[random(names.length)],
      value: ` ${randomWords(random, parts, 12)}`,
    }));
    const flags = ["", "7", "6", "7X", "L", "8"][random(6)];
    const mailer = testMailer({ flags, lineLimit: [0, 60, 990][random(3)] });
    note({ fields, flags, lineLimit: mailer.lineLimit });
    const values = { mailer, envelope: { headers: fields }, body: "" };
    const text = await written(values, { eol: "\r\n", stuffDots: true, fromLines: false });
    expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
    const lines = text.replace(/\r\n\r\n$/, "").split("\r\n");
    const begun = lines.filter((line) => !/^[ \t]/.test(line)).map((line) => line.slice(0, line.indexOf(":")));
    expect(begun).toEqual(fields.map(({ name }) => name.replace(/^\./, "..")));
    expect(text.endsWith("\r\n\r\n")).toBe(true);
  });
});
