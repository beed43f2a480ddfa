/**
 * SMTP smuggling: two servers that see the end of a message at different places. Inbound, nothing but CRLF.CRLF ends it, and a
 * message in which another server could see an end is refused, with all that the client sent behind it. Outbound, nothing that a
 * message holds leaves as an end, as a line end of its own, or as a header field or command.
 */
import { describe, expect, test } from "@jest/globals";
import { writeMessage } from "../../src/delivery/message-writer.ts";
import { testConfig, testJob, testMessage } from "../support/delivery-job.ts";
import { withServer } from "../support/smtp-server-under-test.ts";

const HIDDEN = "MAIL FROM:<evil@x>\r\nRCPT TO:<joe>\r\nDATA\r\ntwo\r\n.\r\n";
const BARE = "554 5.6.11 Bare carriage return or line feed in message: lines must end with CRLF";
const DOT = "554 5.6.0 A line of the message is a dot among NUL octets: others may take it for the end";

/** Ends of lines that somebody somewhere has taken for one. */
const LINE_ENDS = ["\n", "\r", "\r\r\n", "\n\r", "\r\0\n", "\n\0", "\r\0"];

/** What may stand for CRLF.CRLF, and how it is refused. */
const ENDS: readonly (readonly [end: string, refusal: string])[] = [
  ...LINE_ENDS.flatMap((before) => ["\r\n", ...LINE_ENDS].map((after) => [`${before}.${after}`, BARE] as const)),
  ...LINE_ENDS.map((after) => [`\r\n.${after}`, BARE] as const),
  ["\r\n.\0\r\n", DOT],
  ["\r\n\0.\r\n", DOT],
  ["\r\n\0\0.\0\0\r\n", DOT],
  ["\r\n.\0\0\r\n", DOT],
  ["\0\r\n\0.\r\n\0", DOT],
];

describe("inbound", () => {
  test.each(ENDS.map(([end, refusal]) => [JSON.stringify(end), end, refusal]))(
    "%s is no end of a message, and ends the session",
    async (_name, end, refusal) => {
      await withServer({}, async ({ sending, services }) => {
        const client = await sending();
        await client.raw(`one${end}${HIDDEN}${HIDDEN}`);
        expect(await client.rest()).toBe(`${refusal}\r\n`);
        expect(services.messages).toHaveLength(1);
        expect(services.messages[0]).toMatchObject({ state: "aborted", aborts: 1 });
      });
    },
  );

  test.each(ENDS.filter(([, refusal]) => refusal === BARE).map(([end]) => [JSON.stringify(end), end]))(
    "%s in counted octets (BDAT) is refused as well",
    async (_name, end) => {
      await withServer({}, async ({ introduced, services }) => {
        const client = await introduced();
        await client.script("MAIL FROM:<a@b>", "RCPT TO:<joe>");
        const octets = `one${end}two\r\n`;
        await client.raw(`BDAT ${octets.length} LAST\r\n${octets}${HIDDEN}`);
        expect(await client.rest()).toBe(`${BARE}\r\n`);
        expect(services.messages).toHaveLength(1);
      });
    },
  );

  test("a dot behind NUL octets in counted octets is refused, wherever chunks are cut", async () => {
    for (const chunks of [["a\r\n\0.\r\n"], ["a\r\n\0", ".\r\n"], ["a\r\n", "\0\0", "\0.\r\n"], ["\0.\r\n"]]) {
      await withServer({}, async ({ introduced }) => {
        const client = await introduced();
        await client.script("MAIL FROM:<a@b>", "RCPT TO:<joe>");
        for (const chunk of chunks) await client.raw(`BDAT ${chunk.length}\r\n${chunk}`);
        await client.raw(`BDAT 0 LAST\r\n${HIDDEN}`);
        expect((await client.rest()).split("\r\n").slice(chunks.length)).toEqual([DOT, ""]);
      });
    }
  });

  test("what only looks like an end passes, and is what was sent", async () => {
    const good: readonly (readonly [sent: string, message: string])[] = [
      ["a\0b\r\n", "a\0b\r\n"],
      ["\0\r\n", "\0\r\n"],
      ["\0a.\r\n", "\0a.\r\n"],
      ["..\0\r\n", ".\0\r\n"],
      ["..\r\n", ".\r\n"],
      [". .\r\n", " .\r\n"],
      ["x.\r\n", "x.\r\n"],
      [".x\r\n", "x\r\n"],
    ];
    await withServer({}, async ({ introduced, services }) => {
      const client = await introduced();
      for (const [sent, message] of good) {
        await client.script("MAIL FROM:<a@b>", "RCPT TO:<joe>", "DATA");
        expect(await client.ask(`${sent}.`)).toMatch(/^250 /);
        expect(services.messages.at(-1)?.text).toBe(message);
      }
    });
  });

  test("a line end within a command is none of another command's, and no reply holds one of the client's", async () => {
    await withServer({}, async ({ introduced }) => {
      for (const address of ["<a@b\rRCPT TO:<x>>", "<a@b\0>", "<a\x0bb@c>"]) {
        const client = await introduced();
        const reply = await client.ask(`MAIL FROM:${address}`);
        expect(reply).toMatch(/^501 5\.1\.7 Syntax error in mailbox address "[ -~]*" \(non-printable character\)$/);
        expect(await client.ask("RCPT TO:<joe>")).toBe("503 5.0.0 Need MAIL before RCPT");
      }
    });
  });
});

/** The octets that go to the next host behind 354, for a message that holds this. */
async function wire(body: string, header = " x", inMemory = true): Promise<string> {
  const job = testJob({
    envelope: { headers: [{ name: "Subject", value: header }] },
    message: testMessage(body, inMemory),
  });
  const smtp = { eol: "\r\n", stuffDots: true, fromLines: false };
  const written = await writeMessage(testConfig(), job, job.scope.child([["g", "joe@a.test"]]), smtp);
  if (written.kind !== "message") throw new Error(written.reason);
  let text = "";
  for await (const chunk of written.message.stream()) text += chunk.toString("latin1");
  return text;
}

describe("outbound", () => {
  test.each([...ENDS.map(([end]) => end), "\r\n.\r\n", ".\r\n"].map((end) => [JSON.stringify(end), end]))(
    "%s in a body leaves with line ends of CRLF and without a lone dot",
    async (_name, end) => {
      for (const body of [`one${end}${HIDDEN}`, `${end}${HIDDEN}`, `one${end}`]) {
        for (const inMemory of [true, false]) {
          const text = await wire(body, " x", inMemory);
          expect(text).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
          expect(`\r\n${text}`).not.toContain("\r\n.\r\n");
          // Nor for those who drop NUL octets.
          expect(`\r\n${text}`.replaceAll("\0", "")).not.toContain("\r\n.\r\n");
          expect(text.endsWith("\r\n")).toBe(true);
        }
      }
    },
  );

  test.each(["\r\n", "\n", "\r", "\n\n", "\r\n\r\n", "\r\n.\r\n"].map((end) => [JSON.stringify(end), end]))(
    "%s in a header field begins neither another field nor the body",
    async (_name, end) => {
      const text = await wire("body\r\n", ` x${end}Bcc: joe${end}.${end}`);
      const header = text.slice(0, text.indexOf("\r\n\r\n"));
      expect(text.slice(header.length)).toBe("\r\n\r\nbody\r\n");
      expect(header.split("\r\n").filter((line) => !/^[ \t]/.test(line))).toHaveLength(1);
      expect(header).toMatch(/^Subject: x/);
    },
  );
});
