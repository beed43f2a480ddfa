/** BY= of MAIL (RFC 2852), word for word as sendmail 8.17 answers it. */
import { describe, expect, test } from "@jest/globals";
import { withServer } from "../support/smtp-server-under-test.ts";

const OK = "250 2.1.0 <a@b.test>... Sender ok";
const NO_ZERO = "501 5.5.4 mode R requires BY time > 0";
const NO_SEMICOLON = "501 5.5.2 BY= missing ';'";

/** With DeliverByMin of a minute. */
const ANSWERS: readonly (readonly [parameter: string, answer: string])[] = [
  ["BY=120;R", OK],
  ["BY=120;N", OK],
  ["BY=120;RT", OK],
  ["BY=120;nt", OK],
  ["BY=+120;R", OK],
  ["BY=60;R", OK],
  ["BY=59;R", "555 5.5.2 time 59 less than 60"],
  ["BY=30;RX", "555 5.5.2 time 30 less than 60"],
  ["BY=30;N", OK],
  ["BY=0;R", NO_ZERO],
  ["BY=-5;R", NO_ZERO],
  ["BY=;R", NO_ZERO],
  ["BY=0;N", OK],
  ["BY=;N", OK],
  ["BY=-5;N", OK],
  ["BY", "501 5.5.2 BY= requires a value"],
  ["BY=abc;R", NO_SEMICOLON],
  ["BY=-;N", NO_SEMICOLON],
  ["BY=12x;R", NO_SEMICOLON],
  ["BY=120", NO_SEMICOLON],
  ["BY=120;", "501 5.5.2 illegal by-mode '?'"],
  ["BY=120;X", "501 5.5.2 illegal by-mode 'X'"],
  ["BY=120;RX", "501 5.5.2 illegal by-trace 'X'"],
  ["BY=120;RTX", OK],
  ["BY=999999999;R", OK],
  ["BY=1000000000;R", "501 5.5.2 BY=1000000000;R out of range"],
  ["BY=99999999999999999999;X", "501 5.5.2 BY=99999999999999999999;X out of range"],
  ["BY=9999999999", "501 5.5.2 BY=9999999999 out of range"],
  ["BY=-999999999;N", OK],
  ["BY=-1000000000;N", "501 5.5.2 BY=-1000000000;N out of range"],
];

describe("BY= of MAIL", () => {
  test.each(ANSWERS)("%s", async (parameter, answer) => {
    await withServer({ options: { DeliverByMin: 60_000 } }, async ({ introduced }) => {
      const client = await introduced();
      expect(await client.ask(`MAIL FROM:<a@b.test> ${parameter}`)).toBe(answer);
    });
  });

  test.each([
    [0, "250-DELIVERBY"],
    [60_000, "250-DELIVERBY 60"],
    [-1000, undefined],
  ])("EHLO with DeliverByMin of %d ms says %s", async (DeliverByMin, keyword) => {
    await withServer({ options: { DeliverByMin } }, async ({ greeted }) => {
      const client = await greeted();
      const lines = (await client.ask("EHLO x.test")).split("\n");
      expect(lines.find((line) => line.includes("DELIVERBY"))).toBe(keyword);
      const answer = await client.ask("MAIL FROM:<a@b.test> BY=120;N");
      expect(answer).toBe(keyword === undefined ? "555 5.5.4 BY parameter unrecognized" : OK);
    });
  });

  test("the last one counts, and the message keeps it", async () => {
    await withServer({}, async ({ introduced, services }) => {
      const client = await introduced();
      await client.script("MAIL FROM:<a@b.test> BY=130;N BY=120;rt", "RCPT TO:<joe>", "DATA");
      await client.ask("hello\r\n.");
      expect(services.messages[0].transaction.announced.deliverBy).toEqual({
        seconds: 120,
        mode: "return",
        trace: true,
      });
    });
  });

  test("the author that a stranger names is nobody (RFC 4954 §5)", async () => {
    await withServer({}, async ({ introduced, services }) => {
      const client = await introduced();
      await client.script("MAIL FROM:<a@b.test> AUTH=boss@b.test", "RCPT TO:<joe>", "DATA");
      await client.ask("hello\r\n.");
      expect(services.messages[0].transaction.announced.auth).toBe("<>");
    });
  });
});
