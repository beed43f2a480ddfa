import { expect, test } from "@jest/globals";
import type { SmtpDialogue } from "../support/smtp-dialogue.ts";
import { until } from "../support/smtp-dialogue.ts";
import { handshake } from "../support/tls-client.ts";
import { tlsOptions } from "../support/tls-options.ts";
import { withServer } from "../support/smtp-server-under-test.ts";

const options = tlsOptions();

test("STARTTLS makes the session secure and forgets what was said before", async () => {
  await withServer({ options }, async ({ greeted, services }) => {
    const client = await greeted();
    expect(await client.ask("EHLO x")).toMatch(/250-STARTTLS/);
    await client.ask("MAIL FROM:<before@x>");
    expect(await client.ask("STARTTLS now")).toMatch(/^501 /);
    expect(await client.ask("STARTTLS")).toBe("220 2.0.0 Ready to start TLS");
    await handshake(client);
    expect(await client.ask("RCPT TO:<joe>")).toBe("503 5.0.0 Need MAIL before RCPT");
    expect(await client.ask("EHLO y")).not.toMatch(/STARTTLS/);
    expect(await client.ask("STARTTLS")).toBe("503 5.5.0 TLS already active");
    await client.script("MAIL FROM:<a@b>", "RCPT TO:<joe>", "DATA");
    expect(await client.ask("hello\r\n.")).toBe("250 2.0.0 m1 Message accepted for delivery");
    const { scope } = services.messages[0].transaction;
    expect([scope.get("r"), scope.get("s"), scope.get("tls_version"), scope.get("verify")]).toEqual([
      "ESMTPS",
      "y",
      "TLSv1.3",
      "NO",
    ]);
    expect(await client.ask("QUIT")).toMatch(/^221 /);
  });
});

test("plain text that was sent behind STARTTLS is never executed", async () => {
  await withServer({ options }, async ({ introduced, services }) => {
    const client = await introduced();
    await client.raw("STARTTLS\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<joe>\r\n");
    expect(await client.reply()).toBe("220 2.0.0 Ready to start TLS");
    await handshake(client);
    expect(await client.ask("RCPT TO:<joe>")).toBe("503 5.0.0 Need MAIL before RCPT");
    expect(services.asked.some((asked) => asked.includes("evil"))).toBe(false);
  });
});

test("a failed handshake ends the session and nothing else", async () => {
  await withServer({ options }, async ({ introduced, greeted, listener }) => {
    const client = await introduced();
    await client.ask("STARTTLS");
    await client.raw("this is no handshake\r\n");
    await client.rest();
    client.destroy();
    await until(() => listener.sessions === 0);
    expect(await (await greeted()).ask("NOOP")).toBe("250 2.0.0 OK");
  });
});

test("a client that leaves within the handshake, or after it, is counted no longer", async () => {
  const one = { ...options, MaxConnectionsPerClient: 1 };
  for (const leave of [
    async (client: SmtpDialogue) => client.destroy(),
    async (client: SmtpDialogue) => client.half(),
    async (client: SmtpDialogue) => {
      await client.raw(HALF_HELLO);
      client.destroy();
    },
    async (client: SmtpDialogue) => {
      await client.raw(HALF_HELLO);
      client.half();
    },
    async (client: SmtpDialogue) => {
      await handshake(client);
      client.destroy();
    },
    async (client: SmtpDialogue) => {
      await handshake(client);
      await client.ask("QUIT");
      client.half();
    },
  ]) {
    await withServer({ options: one }, async ({ introduced, connect: dial, listener }) => {
      const client = await introduced();
      await client.ask("STARTTLS");
      await leave(client);
      await until(() => listener.sessions === 0);
      let greeting = "";
      for (let i = 0; i < 100 && !greeting.startsWith("220"); i++) greeting = await (await dial()).reply();
      expect(greeting).toMatch(/^220 /);
    });
  }
});

/** The beginning of a ClientHello. */
const HALF_HELLO = "\x16\x03\x01\x02\x00\x01\x00";

function select(ruleset: string): string | undefined {
  return ruleset === "srv_features" ? "S" : undefined;
}

test("srv_features S and the modifier S take STARTTLS away", async () => {
  for (const behaviour of [{ select }, { port: { modifiers: new Set(["S"]) } }]) {
    await withServer({ options, ...behaviour }, async ({ greeted }) => {
      const client = await greeted();
      expect(await client.ask("EHLO x")).not.toMatch(/STARTTLS/);
      expect(await client.ask("STARTTLS")).toBe("503 5.5.0 TLS not available");
    });
  }
});
