/** BODY=BINARYMIME (RFC 3030 §3): binary parts come in with BDAT, and the intake gets lines. */
import { expect, test } from "@jest/globals";
import { withServer } from "../support/smtp-server-under-test.ts";

const announce = ["MAIL FROM:<a@b.test> BODY=BINARYMIME", "RCPT TO:<joe>"] as const;
const HEADER = "MIME-Version: 1.0\r\nContent-Type: application/x\r\n";
/** What would end a message elsewhere, and a command behind it. */
const CONTENT = "a\n.\n\r\n.\r\nMAIL FROM:<evil@b.test>\r\n\0.\r\n\r";
const ENCODED = [
  `${HEADER}Content-Transfer-Encoding: base64`,
  "X-MIME-Autoconverted: from binary to base64 by mail.example.test id m1",
  "",
  Buffer.from(CONTENT, "latin1").toString("base64"),
  "",
].join("\r\n");

test("is offered where eight bits are", async () => {
  await withServer({}, async ({ greeted }) => {
    expect(await (await greeted()).ask("EHLO x.test")).toContain("\n250-CHUNKING\n250-BINARYMIME\n");
  });
  await withServer({ options: { EightBitMode: "strict" } }, async ({ greeted }) => {
    const client = await greeted();
    expect(await client.ask("EHLO x.test")).not.toContain("BINARYMIME");
    expect(await client.ask(announce[0])).toBe("501 5.5.4 Unknown BODY type BINARYMIME");
  });
});

test("binary parts come in chunks cut anywhere, and are stored in base64", async () => {
  const message = `${HEADER}Content-Transfer-Encoding: binary\r\n\r\n${CONTENT}`;
  for (const cut of [1, 90, message.length - 1]) {
    await withServer({}, async ({ introduced, services }) => {
      const client = await introduced();
      await client.script(...announce);
      await client.raw(`BDAT ${cut}\r\n${message.slice(0, cut)}`);
      expect(await client.reply()).toBe(`250 2.0.0 ${cut} octets received`);
      await client.raw(`BDAT ${message.length - cut} LAST\r\n${message.slice(cut)}`);
      expect(await client.reply()).toBe("250 2.0.0 m1 Message accepted for delivery");
      expect(services.messages[0]).toMatchObject({ text: ENCODED, state: "finished" });
      expect(services.messages[0].transaction.announced.bodyType).toBe("8BITMIME");
      // The next message is one like any other.
      await client.script("MAIL FROM:<a@b.test>", "RCPT TO:<joe>");
      await client.raw("BDAT 3 LAST\r\na\nb");
      expect(await client.reply()).toMatch(/^5\d\d .*/);
    });
  }
});

test("a large part arrives whole, between what else there is to do", async () => {
  await withServer({}, async ({ introduced, services }) => {
    const client = await introduced();
    const content = `${CONTENT}\r\n--`.repeat(3_000);
    const message = `${HEADER}Content-Transfer-Encoding: binary\r\n\r\n${content}`;
    await client.script(...announce);
    await client.raw(`BDAT ${message.length} LAST\r\n${message}`);
    expect(await client.reply()).toBe("250 2.0.0 m1 Message accepted for delivery");
    const body = services.messages[0].text.split("\r\n\r\n")[1];
    expect(Buffer.from(body, "base64").equals(Buffer.from(content, "latin1"))).toBe(true);
  });
});

test("DATA cannot carry it", async () => {
  await withServer({}, async ({ introduced, services }) => {
    const client = await introduced();
    await client.script(...announce);
    expect(await client.ask("DATA")).toBe("503 5.5.1 BODY=BINARYMIME needs BDAT");
    expect(services.messages).toEqual([]);
    await client.script("RSET", "MAIL FROM:<a@b.test> BODY=BINARYMIME BODY=8BITMIME", "RCPT TO:<joe>");
    expect(await client.ask("DATA")).toMatch(/^354 /);
  });
});

test.each([
  ["text", "Subject: x\r\n\r\na\n.\nb\r\n"],
  ["a header", "Subject: x\nBcc: y\r\n\r\nb\r\n"],
])("binary octets in %s are refused, nothing of them is kept, and the session goes on", async (_, message) => {
  await withServer({}, async ({ introduced, services }) => {
    const client = await introduced();
    await client.script(...announce);
    await client.raw(`BDAT ${message.length} LAST\r\n${message}`);
    const words = "Binary data outside of a part with Content-Transfer-Encoding: binary";
    expect(await client.reply()).toBe(`554 5.6.1 ${words}`);
    expect(services.messages[0]).toMatchObject({ state: "aborted", aborts: 1 });
    expect(await client.ask("MAIL FROM:<a@b.test>")).toMatch(/^250 /);
  });
});

test("RSET makes the intake drop the message", async () => {
  await withServer({}, async ({ introduced, services }) => {
    const client = await introduced();
    await client.script(...announce);
    await client.raw("BDAT 3\r\nx\n\r");
    expect(await client.reply()).toMatch(/^250 /);
    expect(await client.ask("RSET")).toMatch(/^250 /);
    expect(services.messages[0]).toMatchObject({ state: "aborted", aborts: 1 });
  });
});
