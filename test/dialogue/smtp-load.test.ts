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
