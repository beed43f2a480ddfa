import { describe, expect, test } from "@jest/globals";
import { type Reply, reply } from "../../src/mail/reply.ts";
import { resolveSimply } from "../support/fake-smtp-services.ts";
import { until } from "../support/smtp-dialogue.ts";
import { withServer } from "../support/smtp-server-under-test.ts";

const accepted = /^250 2\.0\.0 m\d+ Message accepted for delivery$/;
const bare = "554 5.6.11 Bare carriage return or line feed in message: lines must end with CRLF";

const finishLater = (): Promise<Reply> =>
  new Promise((resolve) => setImmediate(() => resolve(reply(250, "2.0.0", "m1 Message accepted for delivery"))));

describe("how octets arrive does not matter", () => {
  test("a whole transaction in one packet is answered in order", async () => {
    await withServer({}, async ({ introduced, services }) => {
      const client = await introduced();
      await client.raw(
        "MAIL FROM:<a@b>\r\nRCPT TO:<joe>\r\nRCPT TO:<nobody>\r\nDATA\r\nhello\r\n.\r\n" +
          "MAIL FROM:<c@d>\r\nRCPT TO:<jane>\r\nDATA\r\nagain\r\n.\r\nQUIT\r\nNOOP\r\n",
      );
      expect((await client.rest()).split("\r\n")).toEqual([
        "250 2.1.0 <a@b>... Sender ok",
        "250 2.1.5 <joe>... Recipient ok",
        "550 5.1.1 <nobody>... User unknown",
        "354 End data with <CR><LF>.<CR><LF>",
        "250 2.0.0 m1 Message accepted for delivery",
        "250 2.1.0 <c@d>... Sender ok",
        "250 2.1.5 <jane>... Recipient ok",
        "354 End data with <CR><LF>.<CR><LF>",
        "250 2.0.0 m2 Message accepted for delivery",
        "221 2.0.0 mail.example.test closing connection",
        "",
      ]);
      expect(services.messages.map(({ text }) => text)).toEqual(["hello\r\n", "again\r\n"]);
    });
  });

  test("answers that take a while keep their order", async () => {
    const waits: (() => void)[] = [];
    const resolve = (address: string) =>
      address === "slow"
        ? new Promise<ReturnType<typeof resolveSimply>>((done) => waits.push(() => done(resolveSimply(address))))
        : resolveSimply(address);
    await withServer({ resolve }, async ({ introduced }) => {
      const client = await introduced();
      await client.raw("MAIL FROM:<>\r\nRCPT TO:<slow>\r\nRCPT TO:<quick>\r\nNOOP\r\n");
      expect(await client.reply()).toBe("250 2.1.0 <>... Sender ok");
      expect(waits).toHaveLength(1);
      waits[0]();
      expect([await client.reply(), await client.reply(), await client.reply()]).toEqual([
        "250 2.1.5 <slow>... Recipient ok",
        "250 2.1.5 <quick>... Recipient ok",
        "250 2.0.0 OK",
      ]);
    });
  });

  test("thousands of pipelined commands are all answered", async () => {
    await withServer({ options: { MaxNOOPCommands: 100_000 } }, async ({ introduced }) => {
      const client = await introduced();
      void client.raw(`${"NOOP\r\n".repeat(5000)}QUIT\r\n`);
      const lines = (await client.rest()).split("\r\n");
      expect(lines.filter((line) => line === "250 2.0.0 OK")).toHaveLength(5000);
    });
  });

  test("octet by octet", async () => {
    await withServer({}, async ({ introduced, services }) => {
      const client = await introduced();
      const text = "MAIL FROM:<a@b>\r\nRCPT TO:<joe>\r\nDATA\r\n..x\r\n.y\r\n\r\n.\r\nNOOP\r\n";
      for (const octet of text) await client.raw(octet);
      const replies: string[] = [];
      for (let i = 0; i < 5; i++) replies.push(await client.reply());
      expect(replies.map((line) => line.slice(0, 3))).toEqual(["250", "250", "354", "250", "250"]);
      expect(services.messages[0].text).toBe(".x\r\ny\r\n\r\n");
    });
  });

  test("commands may end with LF alone", async () => {
    await withServer({}, async ({ introduced }) => {
      const client = await introduced();
      await client.raw("NOOP\nRSET\n");
      expect([await client.reply(), await client.reply()]).toEqual(["250 2.0.0 OK", "250 2.0.0 Reset state"]);
    });
  });

  test("a client that closes its side still gets its answers", async () => {
    await withServer({ finish: finishLater }, async ({ introduced, services }) => {
      const client = await introduced();
      void client.raw("MAIL FROM:<>\r\nRCPT TO:<joe>\r\nDATA\r\nhello\r\n.\r\nNOOP\r\n");
      client.half();
      expect((await client.rest()).split("\r\n").map((line) => line.slice(0, 3))).toEqual([
        "250",
        "250",
        "354",
        "250",
        "250",
        "",
      ]);
      expect(services.messages[0].state).toBe("finished");
    });
  });
});

describe("only CRLF.CRLF ends a message", () => {
  const tricks: readonly (readonly [string, string])[] = [
    ["LF.LF", "\n.\n"],
    ["LF.CRLF", "\n.\r\n"],
    ["CRLF.LF", "\r\n.\n"],
    ["CR.CR", "\r.\r"],
    ["CR.CRLF", "\r.\r\n"],
    ["CRLF.CR", "\r\n.\r"],
    ["CRLF.CR CR LF", "\r\n.\r\r\n"],
    ["LF LF.LF LF", "\n\n.\n\n"],
    ["LFCR.LFCR", "\n\r.\n\r"],
    ["CR alone", "\r"],
    ["LF alone", "\n"],
    ["CR CRLF", "\r\r\n"],
  ];
  for (const [name, end] of tricks) {
    test(`${name} in the middle is one refused message; nothing of it, nor behind it, is a command`, async () => {
      await withServer({}, async ({ sending, services }) => {
        const client = await sending();
        const hidden = "MAIL FROM:<evil@x>\r\nRCPT TO:<joe>\r\nDATA\r\ntwo\r\n.\r\n";
        const text = `one${end}${hidden}${hidden}`;
        await client.raw(text);
        expect(await client.reply()).toBe(bare);
        expect(services.messages).toHaveLength(1);
        expect(services.messages[0]).toMatchObject({ state: "aborted", aborts: 1 });
        expect(await client.rest()).toBe("");
      });
    });
  }

  test("a dot before other text does not end it, and NUL octets pass", async () => {
    await withServer({}, async ({ sending, services }) => {
      const client = await sending();
      expect(await client.ask("a\0b\r\n.\0a\r\n.x\r\n..\r\n.")).toMatch(accepted);
      expect(services.messages[0].text).toBe("a\0b\r\n\0a\r\nx\r\n.\r\n");
    });
  });

  test("an empty message is a message", async () => {
    await withServer({}, async ({ sending, services }) => {
      const client = await sending();
      expect(await client.ask(".")).toMatch(accepted);
      expect(services.messages[0].text).toBe("");
    });
  });

  test("every way to cut the message into two packets gives the same message", async () => {
    const sent = "..a\r\n.\r.\r\n\r\n.b\r\n..\r\nc\r\n.\r\n";
    const good = "..a\r\n\r\n.b\r\n..\r\nc\r\n.\r\n";
    await withServer({}, async ({ introduced, services }) => {
      let client = await introduced();
      for (const [text, answer] of [
        [sent, bare],
        [good, accepted],
      ] as const) {
        for (let cut = 0; cut <= text.length; cut++) {
          if (answer === bare || cut === 0) client = await introduced();
          await client.script("MAIL FROM:<>", "RCPT TO:<joe>", "DATA");
          await client.raw(text.slice(0, cut));
          // Two reads on the other side need two packets.
          await new Promise((resolve) => setImmediate(resolve));
          void client.raw(text.slice(cut));
          if (answer === bare) expect(await client.reply()).toBe(answer);
          else expect(await client.reply()).toMatch(answer);
          expect(services.messages.at(-1)?.text).toBe(
            answer === bare ? ".a\r\n\r.\r\n\r\nb\r\n.\r\nc\r\n" : ".a\r\n\r\nb\r\n.\r\nc\r\n",
          );
        }
      }
    });
  });
});

describe("large and slow", () => {
  test("a line of 2 MB in a message passes in pieces", async () => {
    let largest = 0;
    let octets = 0;
    const write = (chunk: Buffer) => {
      largest = Math.max(largest, chunk.length);
      octets += chunk.length;
    };
    await withServer({ write }, async ({ sending }) => {
      const client = await sending();
      expect(await client.ask(`${"x".repeat(2_000_000)}\r\n.`)).toMatch(accepted);
    });
    expect(octets).toBe(2_000_002);
    expect(largest).toBeLessThanOrEqual(65_536 * 2);
  });

  test("a command line has 2048 octets at most, as in sendmail: the session ends at a longer one, before its end", async () => {
    const gone = "421 4.7.0 mail.example.test Command too long, possible attack localhost [127.0.0.1]\r\n";
    for (const [line, answer] of [
      [`NOOP ${"x".repeat(2041)}\r\n`, /^250 2\.0\.0 OK\r\n221 /],
      [`NOOP ${"x".repeat(2042)}\n`, /^250 2\.0\.0 OK\r\n221 /],
      [`NOOP ${"x".repeat(2042)}\r\n`, gone],
      [`MAIL FROM:<a@b> ${"x".repeat(2032)}`, gone],
      ["x".repeat(40_000), gone],
    ] as const) {
      await withServer({}, async ({ introduced, services }) => {
        const client = await introduced();
        await client.raw(`${line}${line.endsWith("\n") ? "QUIT\r\n" : ""}`);
        const rest = await client.rest();
        if (answer !== gone) return expect(rest).toMatch(answer);
        expect(rest).toBe(gone);
        expect(services.lines.map(({ text }) => text)).toContain(
          "localhost [127.0.0.1]: possible SMTP attack: command line too long",
        );
        return undefined;
      });
    }
  });

  test("no more is read than a slow intake takes", async () => {
    let taken = 0;
    let release: (() => void) | undefined;
    const write = (chunk: Buffer) => {
      taken += chunk.length;
      return new Promise<void>((resolve) => (release = resolve));
    };
    await withServer({ write }, async ({ sending }) => {
      const client = await sending();
      const sent = client.ask(`${"x".repeat(70)}\r\n`.repeat(20_000) + ".");
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(taken).toBeLessThanOrEqual(65_536);
      let answer = "";
      void sent.then((text) => (answer = text));
      await until(() => {
        release?.();
        return answer !== "";
      });
      expect(answer).toMatch(accepted);
      expect(taken).toBe(72 * 20_000);
    });
  });

  test("a client that leaves in the middle of its message makes the intake drop it once", async () => {
    for (const leave of ["destroy", "half"] as const) {
      await withServer({}, async ({ sending, services, listener }) => {
        const client = await sending();
        await client.raw("half a message\r\n");
        client[leave]();
        await until(() => listener.sessions === 0 && services.messages[0].state !== "open");
        expect(services.messages[0]).toMatchObject({ state: "aborted", aborts: 1 });
      });
    }
  });

  test("a message that was sent whole is kept when the client does not wait for the answer", async () => {
    let done: (() => void) | undefined;
    const finish = () => new Promise<never>((resolve) => (done = () => resolve(undefined as never)));
    await withServer({ finish }, async ({ sending, services, listener }) => {
      const client = await sending();
      await client.raw("all of it\r\n.\r\n");
      await until(() => done !== undefined);
      client.destroy();
      done?.();
      await until(() => listener.sessions === 0);
      expect(services.messages[0]).toMatchObject({ state: "finished", aborts: 0 });
    });
  });

  test("a client that goes on after the last reply is cut off, and nobody reads what it sends", async () => {
    await withServer({}, async ({ greeted, listener }) => {
      const client = await greeted();
      await client.raw("EHLO x\r\nNOOP\r\n");
      expect(await client.reply()).toBe("554 5.5.0 SMTP protocol error");
      let isCut = false;
      client.socket.on("close", () => (isCut = true));
      await until(() => {
        if (!client.socket.destroyed && client.socket.writableLength < 65_536) client.socket.write("x".repeat(16_384));
        return isCut;
      });
      expect(listener.sessions).toBe(0);
    });
  });

  test("octets that are no SMTP are answered 500, and too many of them end the session", async () => {
    await withServer({}, async ({ greeted }) => {
      const client = await greeted();
      const garbage = Array.from({ length: 40 }, (_, i) => `\x00\xff\x01${i}\x7f\x80`);
      void client.raw(`${garbage.join("\r\n")}\r\n`);
      const lines = (await client.rest()).split("\r\n");
      expect(lines.filter((line) => line.startsWith("500 5.5.1 Command unrecognized"))).toHaveLength(25);
      expect(lines.at(-2)).toBe("421 4.7.0 mail.example.test Too many bad commands; closing connection");
    });
  });
});
