import { describe, expect, test } from "@jest/globals";
import { until } from "../support/smtp-dialogue.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { withServer } from "../support/smtp-server-under-test.ts";

/** Shows which pauses were asked for, so that a test knows when to let time pass. */
class WatchedClock extends ManualClock {
  readonly waits: number[] = [];

  override after(ms: number, action: () => void): () => void {
    this.waits.push(ms);
    return super.after(ms, action);
  }
}

describe("the load of the machine", () => {
  test("RefuseLA: clients are sent away while it is reached, and the log says so once", async () => {
    let load = 12;
    const options = { RefuseLA: 12, RejectLogInterval: 60_000 };
    await withServer({ options, load: () => load }, async ({ connect, services }) => {
      for (let i = 0; i < 2; i++) {
        expect(await (await connect()).rest()).toBe(
          "421 4.3.2 mail.example.test Too much to do here, try again later\r\n",
        );
      }
      expect(services.lines.filter(({ text }) => text.startsWith("rejecting")).map(({ text }) => text)).toEqual([
        "rejecting connections on daemon MTA: load average: 12",
      ]);
      load = 11.9;
      expect(await (await connect()).reply()).toMatch(/^220 /);
    });
  });

  test("refuseLA= of a port counts for it, and RefuseLA that nobody set is no limit", async () => {
    const port = { extra: new Map([["refusela", "20"]]) };
    for (const [more, greeting] of [
      [{ options: { RefuseLA: 5 }, port, load: () => 19 }, /^220 /],
      [{ options: { RefuseLA: 5 }, port, load: () => 20 }, /^421 /],
      [{ load: () => 1000 }, /^220 /],
    ] as const) {
      await withServer(more, async ({ connect }) => {
        expect(await (await connect()).reply()).toMatch(greeting);
      });
    }
  });

  test("DelayLA: every answer waits a second while it is reached", async () => {
    let load = 1;
    const clock = new WatchedClock();
    await withServer({ options: { DelayLA: 5 }, load: () => load, clock }, async ({ greeted }) => {
      const client = await greeted();
      expect(await client.ask("NOOP")).toBe("250 2.0.0 OK");
      load = 5;
      for (const line of ["MAIL FROM:<a@b>", "RCPT TO:<joe>", "RSET"]) {
        clock.waits.length = 0;
        await client.raw(`${line}\r\n`);
        await until(() => clock.waits.includes(1000));
        clock.advance(1000);
        expect(await client.reply()).toMatch(/^250 /);
      }
    });
  });
});

test("BadRcptThrottle counts every recipient that is refused, also for its syntax, but not one too many", async () => {
  for (const bad of ["RCPT TO:<>", "RCPT TO", "RCPT TO:<a@b> FOO=1", "RCPT TO:<nobody>"]) {
    const clock = new WatchedClock();
    await withServer({ options: { BadRcptThrottle: 2 }, clock }, async ({ introduced }) => {
      const client = await introduced();
      await client.ask("MAIL FROM:<>");
      for (let i = 0; i < 2; i++) expect(await client.ask(bad)).toMatch(/^5/);
      await client.raw("RCPT TO:<joe>\r\n");
      await until(() => clock.waits.includes(1000));
      clock.advance(1000);
      expect(await client.reply()).toBe("250 2.1.5 <joe>... Recipient ok");
    });
  }
  await withServer({ options: { BadRcptThrottle: 1, MaxRecipientsPerMessage: 1 } }, async ({ introduced }) => {
    const client = await introduced();
    const replies = await client.script("MAIL FROM:<>", "RCPT TO:<joe>", "RCPT TO:<jane>", "RCPT TO:<jim>");
    expect(replies.slice(2)).toEqual(["452 4.5.3 Too many recipients", "452 4.5.3 Too many recipients"]);
  });
});

describe("BadRcptShutdown", () => {
  const bad = "RCPT TO:<nobody>";

  test("ends the session at the next recipient when so many of the message were refused", async () => {
    await withServer({ options: { BadRcptShutdown: 2 } }, async ({ introduced, services }) => {
      const client = await introduced();
      // They count for each message.
      await client.script("MAIL FROM:<>", bad, "RSET", "MAIL FROM:<>", bad, "RCPT TO:<joe>", "RCPT TO:<>");
      expect(await client.ask("RCPT TO:<jane>")).toBe(
        "421 4.7.0 mail.example.test Too many bad recipients; closing connection",
      );
      expect(await client.rest()).toBe("");
      expect(services.lines.map(({ text }) => text)).toContain(
        "localhost [127.0.0.1]: possible SMTP attack: 2 bad recipients",
      );
    });
  });

  test("BadRcptShutdownGood: so many per cent of good recipients save it", async () => {
    await withServer({ options: { BadRcptShutdown: 1, BadRcptShutdownGood: 50 } }, async ({ introduced }) => {
      const client = await introduced();
      const replies = await client.script("MAIL FROM:<>", "RCPT TO:<joe>", bad, "RCPT TO:<jane>", bad, bad, "DATA");
      expect(replies.map((text) => text.slice(0, 3))).toEqual(["250", "250", "550", "250", "550", "550", "354"]);
      await client.ask(".");
      await client.script("MAIL FROM:<>", "RCPT TO:<joe>", bad, bad);
      expect(await client.ask("RCPT TO:<jane>")).toMatch(/^421 /);
    });
  });

  test("without it, no number ends a session", async () => {
    await withServer({ options: { BadRcptShutdownGood: 50 } }, async ({ introduced }) => {
      const client = await introduced();
      const replies = await client.script("MAIL FROM:<>", ...Array.from({ length: 60 }, () => bad), "RCPT TO:<joe>");
      expect(replies.at(-1)).toMatch(/^250 /);
    });
  });
});
