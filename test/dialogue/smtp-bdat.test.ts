import { describe, expect, test } from "@jest/globals";
import { reply } from "../../src/mail/reply.ts";
import { ACCEPTED, type Verdict } from "../../src/routing/verdict.ts";
import { refusal } from "../support/fake-smtp-services.ts";
import { until } from "../support/smtp-dialogue.ts";
import { withServer } from "../support/smtp-server-under-test.ts";

const announce = ["MAIL FROM:<a@b>", "RCPT TO:<joe>"] as const;

function refuseData(ruleset: string): Verdict {
  return ruleset === "check_data" ? refusal(550, "5.7.1", "no") : ACCEPTED;
}

describe("BDAT", () => {
  test("takes a message in chunks of counted octets, dots and all", async () => {
    await withServer({}, async ({ introduced, services }) => {
      const client = await introduced();
      await client.script(...announce);
      await client.raw("BDAT 9\r\n.\r\nhello\r");
      expect(await client.reply()).toBe("250 2.0.0 9 octets received");
      await client.raw("BDAT 6 LAST\r\n\n..x\r\n");
      expect(await client.reply()).toBe("250 2.0.0 m1 Message accepted for delivery");
      expect(services.messages[0]).toMatchObject({ text: ".\r\nhello\r\n..x\r\n", state: "finished" });
      expect(await client.ask("BDAT 0 LAST")).toBe("503 5.0.0 Need MAIL command");
    });
  });

  test("pipelined in one packet, with an empty last chunk", async () => {
    await withServer({}, async ({ introduced, services }) => {
      const client = await introduced();
      await client.raw(
        `${announce.join("\r\n")}\r\nBDAT 6\r\nQUIT\r\nBDAT 0 LAST\r\n${announce.join("\r\n")}\r\nBDAT 3 last\r\nx\r\nQUIT\r\n`,
      );
      expect((await client.rest()).split("\r\n")).toEqual([
        "250 2.1.0 <a@b>... Sender ok",
        "250 2.1.5 <joe>... Recipient ok",
        "250 2.0.0 6 octets received",
        "250 2.0.0 m1 Message accepted for delivery",
        "250 2.1.0 <a@b>... Sender ok",
        "250 2.1.5 <joe>... Recipient ok",
        "250 2.0.0 m2 Message accepted for delivery",
        "221 2.0.0 mail.example.test closing connection",
        "",
      ]);
      expect(services.messages.map(({ text }) => text)).toEqual(["QUIT\r\n", "x\r\n"]);
    });
  });

  test("every way to cut it into two packets gives the same message", async () => {
    const sent = "BDAT 5\r\n.\r\n.\rBDAT 4 LAST\r\n\nx\r\nNOOP\r\n";
    await withServer({ options: { MaxNOOPCommands: 1000 } }, async ({ introduced, services }) => {
      const client = await introduced();
      for (let cut = 0; cut <= sent.length; cut++) {
        await client.script(...announce);
        await client.raw(sent.slice(0, cut));
        await new Promise((resolve) => setImmediate(resolve));
        await client.raw(sent.slice(cut));
        expect([await client.reply(), await client.reply(), await client.reply()]).toEqual([
          "250 2.0.0 5 octets received",
          `250 2.0.0 m${cut + 1} Message accepted for delivery`,
          "250 2.0.0 OK",
        ]);
        expect(services.messages[cut].text).toBe(".\r\n.\r\nx\r\n");
      }
    });
  });

  test("octets of a refused chunk are read and never taken for commands", async () => {
    await withServer({ check: refuseData }, async ({ introduced }) => {
      const client = await introduced();
      expect(await client.ask("BDAT 6\r\nQUIT")).toBe("503 5.0.0 Need MAIL command");
      await client.ask("MAIL FROM:<a@b>");
      expect(await client.ask("BDAT 6 LAST\r\nQUIT")).toBe("503 5.0.0 Need RCPT (recipient)");
      await client.script(...announce);
      expect(await client.ask("BDAT 6 LAST\r\nQUIT")).toBe("550 5.7.1 no");
      expect(await client.ask("NOOP")).toBe("250 2.0.0 OK");
    });
  });

  test("bare line ends are refused over chunk borders, and the session ends", async () => {
    for (const [first, last] of [
      ["a\r", "b\r\n"],
      ["a\n", "b\r\n"],
      ["a\r\n", "b\r"],
      ["a\r", "\rb"],
    ]) {
      await withServer({}, async ({ introduced, services }) => {
        const client = await introduced();
        await client.script(...announce);
        await client.raw(`BDAT ${first.length}\r\n${first}BDAT ${last.length} LAST\r\n${last}MAIL FROM:<x@y>\r\n`);
        expect([await client.reply(), await client.reply()]).toEqual([
          `250 2.0.0 ${first.length} octets received`,
          expect.stringMatching(/^554 5\.6\.11 /),
        ]);
        expect(await client.rest()).toBe("");
        expect(services.messages[0]).toMatchObject({ state: "aborted", aborts: 1 });
      });
    }
  });

  test("DATA and RCPT have no place between chunks, RSET drops the message", async () => {
    await withServer({}, async ({ introduced, services }) => {
      const client = await introduced();
      await client.script(...announce);
      expect(await client.ask("BDAT 3\r\nx")).toBe("250 2.0.0 3 octets received");
      expect(await client.script("DATA", "RCPT TO:<jane>", "RSET", "BDAT 0 LAST")).toEqual([
        "503 5.5.1 Message is being sent with BDAT",
        "503 5.5.1 Message is being sent with BDAT",
        "250 2.0.0 Reset state",
        "503 5.0.0 Need MAIL command",
      ]);
      expect(services.messages[0]).toMatchObject({ state: "aborted", aborts: 1 });
    });
  });

  test("a client that leaves between or within chunks makes the intake drop the message", async () => {
    for (const octets of ["BDAT 3\r\nx\r\n", "BDAT 300\r\nx\r\n"]) {
      await withServer({}, async ({ introduced, services }) => {
        const client = await introduced();
        await client.script(...announce);
        await client.raw(octets);
        await until(() => services.messages.length > 0 && services.messages[0].text === "x\r\n");
        client.destroy();
        await until(() => services.messages[0].state === "aborted");
        expect(services.messages[0].aborts).toBe(1);
      });
    }
  });

  test("a size that is none ends the session: nobody knows where the next command is", async () => {
    for (const argument of ["", "x", "-1", "5 FIRST", "9999999999999999"]) {
      await withServer({}, async ({ introduced }) => {
        const client = await introduced();
        await client.script(...announce);
        await client.raw(`BDAT ${argument}\r\n`);
        expect(await client.rest()).toBe("501 5.5.4 BDAT needs the number of octets, then LAST or nothing\r\n");
      });
    }
  });

  test("the intake's answer is the answer to the last chunk", async () => {
    await withServer({ finish: () => reply(552, "5.2.3", "Message is too large") }, async ({ introduced }) => {
      const client = await introduced();
      await client.script(...announce);
      expect(await client.ask("BDAT 3 LAST\r\nx")).toBe("552 5.2.3 Message is too large");
    });
  });
});
