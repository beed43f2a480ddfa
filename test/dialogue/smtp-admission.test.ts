import { describe, expect, test } from "@jest/globals";
import { reply } from "../../src/mail/reply.ts";
import type { MacroScope } from "../../src/rewriting/macro-scope.ts";
import { ACCEPTED, type Verdict } from "../../src/routing/verdict.ts";
import { refusal } from "../support/fake-smtp-services.ts";
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

function only(ruleset: string, verdict: Verdict) {
  return (asked: string) => (asked === ruleset ? verdict : ACCEPTED);
}

function fail(): never {
  throw new Error("oops");
}

function tooOften(ruleset: string, _args: readonly string[], scope: MacroScope): Verdict {
  const isOften = ruleset === "check_relay" && Number(scope.get("client_rate")) > 2;
  return isOften ? refusal(421, "4.3.2", "Connection rate limit exceeded.") : ACCEPTED;
}

function refuseSpam({ text }: { readonly text: string }) {
  return text.includes("spam") ? reply(554, "5.7.1", "no") : reply(250, "2.0.0", "ok");
}

function pauseBeforeGreeting(ruleset: string): string | undefined {
  return ruleset === "greet_pause" ? "5000" : undefined;
}

function letters(text: string): (set: string) => string | undefined {
  return (set) => (set === "srv_features" ? text : undefined);
}

describe("who may come in", () => {
  test("a refused client gets a greeting and the refusal to everything that moves mail", async () => {
    const check = only("check_relay", refusal(550, "5.7.1", "Access denied"));
    await withServer({ check }, async ({ connect, services }) => {
      const client = await connect();
      expect(await client.reply()).toMatch(/^220 mail\.example\.test ESMTP /);
      expect(
        await client.script(
          "EHLO x",
          "MAIL FROM:<a@b>",
          "RCPT TO:<joe>",
          "DATA",
          "VRFY joe",
          "EXPN joe",
          "ETRN x",
          "NOOP",
          "RSET",
          "QUIT",
        ),
      ).toEqual([
        expect.stringMatching(/^250-/),
        "550 5.7.1 Access denied",
        "550 5.7.1 Access denied",
        "550 5.7.1 Access denied",
        "550 5.7.1 Access denied",
        "550 5.7.1 Access denied",
        "550 5.7.1 Access denied",
        "250 2.0.0 OK",
        "250 2.0.0 Reset state",
        "221 2.0.0 mail.example.test closing connection",
      ]);
      expect(services.lines.map(({ text }) => text)).toContain(
        "ruleset=check_relay, arg1=localhost, arg2=127.0.0.1, relay=localhost [127.0.0.1], reject=550 5.7.1 Access denied",
      );
    });
  });

  test("the log names the rule that refused and its origin in its fields, not in its text", async () => {
    const verdict = { ...refusal(550, "5.7.1", "Access denied"), at: { file: "test.cf", line: 7 } };
    await withServer({ check: only("check_mail", verdict) }, async ({ connect, services }) => {
      const client = await connect();
      expect(await client.reply()).toMatch(/^220 /);
      await client.script("EHLO x", "MAIL FROM:<a@b>", "QUIT");
      const line = services.lines.find(({ text }) => text.startsWith("ruleset=check_mail"));
      expect(line?.text).toMatch(/reject=550 5\.7\.1 <a@b>\.\.\. Access denied$/);
      expect(line?.fields?.()).toMatchObject({ rule: "test.cf:7", origin: "site.mc:12 FEATURE(access_db)" });
    });
  });

  test("421 of check_relay closes at once, 421 of a later check after its answer", async () => {
    await withServer({ check: only("check_relay", refusal(421, "4.7.0", "Go")) }, async ({ connect }) => {
      const client = await connect();
      expect(await client.rest()).toBe("421 4.7.0 Go\r\n");
    });
    for (const [ruleset, lines] of [
      ["check_mail", []],
      ["check_rcpt", ["MAIL FROM:<a@b>"]],
      ["check_data", ["MAIL FROM:<a@b>", "RCPT TO:<joe>"]],
    ] as const) {
      await withServer({ check: only(ruleset, refusal(421, "4.7.0", "Go")) }, async ({ introduced }) => {
        const client = await introduced();
        await client.script(...lines);
        void client.raw(["MAIL FROM:<a@b>\r\n", "RCPT TO:<joe>\r\n", "DATA\r\n"][lines.length]);
        expect(await client.rest()).toBe("421 4.7.0 Go\r\n");
      });
    }
  });

  test("refusals name the mailbox when their code is about mailboxes", async () => {
    for (const [code, named] of [
      [450, true],
      [451, false],
      [550, true],
      [553, true],
      [554, false],
    ] as const) {
      const check = only("check_mail", refusal(code, `${Math.trunc(code / 100)}.7.1`, "no"));
      await withServer({ check }, async ({ introduced }) => {
        const client = await introduced();
        expect(await client.ask("MAIL FROM:<a@b>")).toBe(
          `${code} ${Math.trunc(code / 100)}.7.1 ${named ? "<a@b>... " : ""}no`,
        );
      });
    }
  });

  test("check_rcpt and check_data refuse without ending the transaction", async () => {
    let refuse = true;
    const check = (ruleset: string) =>
      refuse && (ruleset === "check_rcpt" || ruleset === "check_data") ? refusal(550, "5.7.1", "no") : ACCEPTED;
    await withServer({ check }, async ({ introduced }) => {
      const client = await introduced();
      expect(await client.script("MAIL FROM:<a@b>", "RCPT TO:<joe>")).toEqual([
        "250 2.1.0 <a@b>... Sender ok",
        "550 5.7.1 <joe>... no",
      ]);
      refuse = false;
      expect(await client.ask("RCPT TO:<joe>")).toBe("250 2.1.5 <joe>... Recipient ok");
      refuse = true;
      expect(await client.ask("DATA")).toBe("550 5.7.1 no");
      refuse = false;
      expect(await client.ask("DATA")).toMatch(/^354/);
    });
  });

  test("discard is accepted like any other and handed on as such", async () => {
    for (const ruleset of ["check_relay", "check_mail", "check_rcpt", "check_data"]) {
      await withServer({ check: only(ruleset, { kind: "discard" }) }, async ({ sending, services }) => {
        const client = await sending();
        expect(await client.ask("x\r\n.")).toBe("250 2.0.0 m1 Message accepted for delivery");
        expect(services.messages[0].transaction.isDiscarded).toBe(true);
      });
    }
  });

  test("a message is discarded only when all its recipients are", async () => {
    await withServer({}, async ({ introduced, services }) => {
      const client = await introduced();
      await client.script("MAIL FROM:<>", "RCPT TO:<gone>", "DATA", "x\r\n.");
      await client.script("MAIL FROM:<>", "RCPT TO:<gone>", "RCPT TO:<joe>", "DATA", "x\r\n.");
      expect(services.messages.map(({ transaction }) => transaction.isDiscarded)).toEqual([true, false]);
    });
  });

  test("quarantine is handed on with its reason", async () => {
    for (const ruleset of ["check_relay", "check_mail", "check_rcpt", "check_data"]) {
      const check = only(ruleset, { kind: "quarantine", reason: "suspicious" });
      await withServer({ check }, async ({ sending, services }) => {
        const client = await sending();
        await client.ask("x\r\n.");
        expect(services.messages[0].transaction.fate).toMatchObject({ kind: "quarantine", reason: "suspicious" });
      });
    }
  });

  test("a client that talks during greet_pause is refused", async () => {
    const clock = new WatchedClock();
    await withServer({ select: pauseBeforeGreeting, clock }, async ({ connect, services }) => {
      const client = await connect();
      await until(() => clock.waits.includes(5000));
      await client.raw("EHLO x\r\n");
      expect(await client.reply()).toBe("554 mail.example.test ESMTP not accepting messages");
      expect(await client.reply()).toMatch(/^250-/);
      expect(await client.ask("MAIL FROM:<a@b>")).toBe("550 5.0.0 Command rejected");
      expect(services.lines.map(({ text }) => text)).toContain(
        "rejecting commands from localhost [127.0.0.1] due to pre-greeting traffic after 0 seconds",
      );
    });
  });

  test("a client that waits for the greeting is welcome", async () => {
    const clock = new WatchedClock();
    await withServer({ select: pauseBeforeGreeting, clock }, async ({ connect }) => {
      const client = await connect();
      await until(() => clock.waits.includes(5000));
      clock.advance(5000);
      expect(await client.reply()).toMatch(/^220 /);
      expect(await client.ask("MAIL FROM:<a@b>")).toMatch(/^250 /);
    });
  });

  test("what comes before the greeting without a greet_pause is answered after it", async () => {
    let known: (() => void) | undefined;
    const select = (set: string) =>
      set === "srv_features" ? new Promise<undefined>((resolve) => (known = () => resolve(undefined))) : undefined;
    await withServer({ select }, async ({ connect }) => {
      const client = await connect();
      await client.raw("NOOP\r\n");
      await until(() => known !== undefined);
      known?.();
      expect(await client.reply()).toMatch(/^220 /);
      expect(await client.reply()).toBe("250 2.0.0 OK");
    });
  });

  test("who sends more behind EHLO without waiting is sent away, unless srv_features says F", async () => {
    await withServer({}, async ({ greeted }) => {
      const client = await greeted();
      await client.raw("EHLO x\r\nMAIL FROM:<a@b>\r\n");
      expect(await client.rest()).toBe("554 5.5.0 SMTP protocol error\r\n");
    });
    await withServer({ select: (set) => (set === "srv_features" ? "F" : undefined) }, async ({ greeted }) => {
      const client = await greeted();
      await client.raw("HELO x\r\nMAIL FROM:<a@b>\r\n");
      expect([await client.reply(), await client.reply()]).toEqual([
        expect.stringMatching(/^250 /),
        "250 2.1.0 <a@b>... Sender ok",
      ]);
    });
  });

  test("who cannot be told what he is offered is asked to come back", async () => {
    await withServer(
      { select: (set) => (set === "srv_features" ? "temp" : undefined) },
      async ({ greeted, services }) => {
        const client = await greeted();
        const hello = await client.ask("EHLO x");
        expect(hello).toMatch(/^250-/);
        expect(hello).not.toMatch(/PIPELINING|SIZE|ETRN/);
        for (const line of ["MAIL FROM:<a@b>", "STARTTLS", "ETRN a", "VRFY a"]) {
          expect(await client.ask(line)).toBe("450 4.3.0 Please try again later.");
        }
        expect(await client.script("RSET", "NOOP")).toEqual(["250 2.0.0 Reset state", "250 2.0.0 OK"]);
        expect(services.lines.map(({ text }) => text)).toContain(
          "ERROR: srv_features=tempfail, relay=localhost [127.0.0.1], access temporarily disabled",
        );
        // The rulesets of the connect stage are not asked any more.
        expect(services.asked).toEqual([]);
      },
    );
  });

  test("M=a and srv_features l want AUTH before MAIL; srv_features L takes that back", async () => {
    const port = { modifiers: new Set(["a"]) };
    for (const behaviour of [{ port }, { select: letters("l") }]) {
      await withServer(behaviour, async ({ introduced, services }) => {
        const client = await introduced();
        expect(await client.ask("MAIL FROM:<a@b>")).toBe("530 5.7.0 Authentication required");
        expect(services.asked.filter((each) => each.startsWith("check_mail"))).toEqual([]);
      });
    }
    await withServer({ port, select: letters("L") }, async ({ introduced }) => {
      expect(await (await introduced()).ask("MAIL FROM:<a@b>")).toMatch(/^250 /);
    });
  });

  test("web browsers are hung up on", async () => {
    for (const line of ["GET / HTTP/1.0", "POST / HTTP/1.1", "CONNECT x:25 HTTP/1.0"]) {
      await withServer({}, async ({ greeted }) => {
        const client = await greeted();
        await client.raw(`${line}\r\nHost: x\r\n\r\nMAIL FROM:<a@b>\r\n`);
        expect(await client.rest()).toBe("421 4.7.0 mail.example.test Rejecting open proxy localhost [127.0.0.1]\r\n");
      });
    }
  });

  test("MaxDaemonChildren and children= limit the sessions", async () => {
    for (const limits of [{ options: { MaxDaemonChildren: 1 } }, { port: { extra: new Map([["children", "1"]]) } }]) {
      await withServer(limits, async ({ greeted, connect, listener }) => {
        const first = await greeted();
        const second = await connect();
        expect(await second.rest()).toBe("421 4.3.2 mail.example.test Too many connections, try again later\r\n");
        await first.ask("QUIT");
        await until(() => listener.sessions === 0);
        const third = await connect();
        expect(await third.reply()).toMatch(/^220 /);
      });
    }
  });

  test("connections above ConnectionRateThrottle wait for their second", async () => {
    const clock = new WatchedClock();
    await withServer({ options: { ConnectionRateThrottle: 2 }, clock }, async ({ greeted, connect }) => {
      await greeted();
      await greeted();
      const third = await connect();
      await until(() => clock.waits.includes(1000));
      clock.advance(1000);
      expect(await third.reply()).toMatch(/^220 /);
    });
  });

  test("a fault before the greeting is a 421, not silence", async () => {
    for (const behaviour of [{ select: fail }, { select: async () => fail() }]) {
      await withServer(behaviour, async ({ connect, services }) => {
        const client = await connect();
        await client.raw("NOOP\r\n");
        expect(await client.rest()).toBe("421 4.3.0 mail.example.test Internal error; try again later\r\n");
        expect(services.lines.some(({ text }) => text.startsWith("SYSERR: Error: oops"))).toBe(true);
      });
    }
  });

  test("an address without a name is shown in brackets, a forged name is marked", async () => {
    await withServer({ identity: { name: "[127.0.0.1]", ptr: "", resolve: "FAIL" } }, async ({ greeted }) => {
      const client = await greeted();
      expect(await client.ask("HELO x")).toBe("250 mail.example.test Hello [127.0.0.1], pleased to meet you");
    });
    const forged = { name: "[127.0.0.1]", ptr: "bad.example.test", resolve: "FORGED" } as const;
    await withServer({ identity: forged }, async ({ sending, services }) => {
      await (await sending()).ask("x\r\n.");
      expect(services.messages[0].transaction.scope.get("_")).toBe("bad.example.test [127.0.0.1] (may be forged)");
    });
  });
});

describe("clients are counted", () => {
  test("MaxConnectionsPerClient limits the connections of one address, and the log says so once", async () => {
    const options = { MaxConnectionsPerClient: 2, RejectLogInterval: 60_000 };
    await withServer({ options }, async ({ greeted, connect, listener, services }) => {
      const first = await greeted();
      await greeted();
      for (let i = 0; i < 2; i++) {
        expect(await (await connect()).rest()).toBe("421 4.3.2 mail.example.test Too many open connections\r\n");
      }
      expect(services.lines.map(({ text }) => text)).toEqual([
        "rejecting connections from 127.0.0.1: 2 open connections of this client",
      ]);
      await first.ask("QUIT");
      first.half();
      await until(() => listener.sessions === 1);
      await first.rest();
      await greeted();
    });
  });

  test("rulesets see {client_connections}, {client_rate} and {total_rate} when a client connects", async () => {
    const seen: string[] = [];
    const check = (ruleset: string, _args: readonly string[], scope: MacroScope) => {
      const values = ["client_connections", "client_rate", "total_rate"].map((name) => scope.get(name));
      if (ruleset === "check_relay") seen.push(values.join(" "));
      return ACCEPTED;
    };
    const options = { ConnectionRateWindowSize: 60_000 };
    await withServer({ check, options }, async ({ greeted, listener }) => {
      const first = await greeted();
      await greeted();
      first.destroy();
      await until(() => listener.sessions === 1);
      await greeted();
      expect(seen).toEqual(["1 1 1", "2 2 2", "2 3 3"]);
    });
  });

  test("421 of check_relay closes a client that comes too often (ratecontrol, terminate)", async () => {
    const clock = new ManualClock();
    await withServer(
      { check: tooOften, clock, options: { ConnectionRateWindowSize: 60_000 } },
      async ({ greeted, connect }) => {
        await greeted();
        await greeted();
        expect(await (await connect()).rest()).toBe("421 4.3.2 Connection rate limit exceeded.\r\n");
        clock.advance(60_000);
        expect(await (await connect()).reply()).toMatch(/^220 /);
      },
    );
  });
});

describe("patience has an end", () => {
  const tooMany = "421 4.7.0 mail.example.test Too many bad commands; closing connection";

  test("25 transactions without a message are forgiven, with all the bad commands beside", async () => {
    await withServer({}, async ({ introduced }) => {
      for (const bad of [0, 10]) {
        const client = await introduced();
        for (let i = 0; i < bad; i++) expect(await client.ask("FOO")).toMatch(/^500 /);
        for (let i = bad; i < 25; i++) {
          expect(await client.script("MAIL FROM:<a@b>", "RSET")).toEqual([
            "250 2.1.0 <a@b>... Sender ok",
            "250 2.0.0 Reset state",
          ]);
        }
        expect(await client.ask("MAIL FROM:<a@b>")).toBe(tooMany);
      }
    });
  });

  test("a message makes up for the transactions before it; EHLO and a refused message do not", async () => {
    await withServer({ finish: refuseSpam }, async ({ introduced }) => {
      const client = await introduced();
      const message = ["MAIL FROM:<a@b>", "RCPT TO:<joe>", "DATA"];
      for (let i = 0; i < 24; i++) await client.script("MAIL FROM:<a@b>", "RSET");
      expect((await client.script(...message, "x\r\n.")).at(-1)).toBe("250 2.0.0 ok");
      for (let i = 0; i < 10; i++) await client.script(...message, "spam\r\n.");
      await client.script("MAIL FROM:<a@b>", "EHLO x");
      for (let i = 0; i < 14; i++) await client.script("MAIL FROM:<a@b>", "RSET");
      expect(await client.ask("MAIL FROM:<a@b>")).toBe(tooMany);
    });
  });

  test("what a refused client asks for in spite of it is a bad command", async () => {
    const check = only("check_relay", refusal(550, "5.7.1", "Access denied"));
    await withServer({ check }, async ({ greeted }) => {
      const client = await greeted();
      for (let i = 0; i < 25; i++) expect(await client.ask("RCPT TO:<joe>")).toBe("550 5.7.1 Access denied");
      for (const line of ["RSET", "NOOP", "ETRN x", "VRFY x"]) expect(await client.ask(line)).not.toMatch(/^421/);
      expect(await client.ask("MAIL FROM:<a@b>")).toBe(tooMany);
    });
  });

  test("useless commands are answered ever more slowly", async () => {
    const clock = new WatchedClock();
    await withServer({ options: { MaxNOOPCommands: 2 }, clock }, async ({ greeted, services }) => {
      const client = await greeted();
      expect(await client.ask("NOOP")).toBe("250 2.0.0 OK");
      for (const pause of [1000, 2000]) {
        await client.raw("NOOP\r\n");
        await until(() => clock.waits.includes(pause));
        clock.advance(pause);
        expect(await client.reply()).toBe("250 2.0.0 OK");
      }
      await client.raw("NOOP\r\n");
      expect(await client.rest()).toBe("421 4.7.0 mail.example.test Too many bad commands; closing connection\r\n");
      expect(services.lines.map(({ text }) => text)).toContain(
        "localhost [127.0.0.1]: possible SMTP attack: command=NOOP, count=2",
      );
    });
  });

  test("BadRcptThrottle makes recipients wait after so many bad ones", async () => {
    const clock = new WatchedClock();
    await withServer({ options: { BadRcptThrottle: 1 }, clock }, async ({ introduced }) => {
      const client = await introduced();
      await client.script("MAIL FROM:<>", "RCPT TO:<nobody>");
      await client.raw("RCPT TO:<joe>\r\nNOOP\r\n");
      await until(() => clock.waits.includes(1000));
      clock.advance(1000);
      expect([await client.reply(), await client.reply()]).toEqual(["250 2.1.5 <joe>... Recipient ok", "250 2.0.0 OK"]);
    });
  });

  test("an idle client is told and dropped, also in the middle of a message", async () => {
    await withServer({ options: { "Timeout.command": 20 } }, async ({ greeted }) => {
      const client = await greeted();
      expect(await client.rest()).toBe(
        "421 4.4.1 mail.example.test Timeout waiting for input during client greeting\r\n",
      );
    });
    await withServer({ options: { "Timeout.datablock": 20 } }, async ({ sending, services }) => {
      const client = await sending();
      expect(await client.rest()).toBe(
        "421 4.4.1 mail.example.test Timeout waiting for input during message collect\r\n",
      );
      client.destroy();
      await until(() => services.messages[0].state === "aborted");
    });
  });

  test("a client that waits for us is not timed out", async () => {
    let answer: (() => void) | undefined;
    const expand = () => new Promise<readonly string[]>((resolve) => (answer = () => resolve(["joe"])));
    await withServer({ expand, options: { "Timeout.command": 20 } }, async ({ connect }) => {
      const client = await connect();
      void client.raw("EXPN list\r\n");
      await client.reply();
      await until(() => answer !== undefined);
      // Several timeouts long.
      await new Promise((resolve) => setTimeout(resolve, 100));
      answer?.();
      expect(await client.reply()).toBe("250 2.1.5 <joe@mail.example.test>");
    });
  });

  test("at shutdown the idle are told at once and a running message may end", async () => {
    await withServer({}, async ({ introduced, sending, listener, services }) => {
      const idle = await introduced();
      const busy = await sending();
      const closed = listener.close(60_000);
      expect(await idle.rest()).toBe("421 4.3.2 mail.example.test Service shutting down\r\n");
      await busy.raw("x\r\n.\r\n");
      expect(await busy.rest()).toBe(
        "250 2.0.0 m1 Message accepted for delivery\r\n421 4.3.2 mail.example.test Service shutting down\r\n",
      );
      idle.half();
      busy.half();
      await closed;
      expect(services.messages[0].state).toBe("finished");
    });
  });

  test("after the grace a running message is dropped", async () => {
    await withServer({}, async ({ sending, listener, services }) => {
      const busy = await sending();
      const closed = listener.close(1);
      expect(await busy.rest()).toBe("421 4.3.2 mail.example.test Service shutting down\r\n");
      await closed;
      busy.destroy();
      await until(() => services.messages[0].state === "aborted");
    });
  });

  test("a client that leaves with a transaction open is noted", async () => {
    await withServer({}, async ({ introduced, services, listener }) => {
      const client = await introduced();
      await client.script("MAIL FROM:<a@b>", "RCPT TO:<joe>");
      client.half();
      await client.rest();
      await until(() => listener.sessions === 0);
      expect(services.lines.map(({ text }) => text)).toEqual([
        "lost input channel from localhost [127.0.0.1] to MTA after rcpt: the client closed its side",
      ]);
    });
  });

  test("sessions that never asked for mail are noted", async () => {
    await withServer({}, async ({ introduced, services, listener }) => {
      const client = await introduced();
      await client.ask("QUIT");
      client.half();
      await client.rest();
      await until(() => listener.sessions === 0 && services.lines.length > 0);
      expect(services.lines.at(-1)?.text).toBe(
        "localhost [127.0.0.1] did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA",
      );
    });
  });
});
