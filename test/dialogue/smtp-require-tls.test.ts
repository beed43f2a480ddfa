/** REQUIRETLS as a server (RFC 8689 §4.1). */
import { expect, test } from "@jest/globals";
import { withServer } from "../support/smtp-server-under-test.ts";
import { handshake } from "../support/tls-client.ts";
import { tlsOptions } from "../support/tls-options.ts";

const options = tlsOptions();

test("is offered and taken inside TLS alone", async () => {
  await withServer({ options: { ...options, RequireTLS: true } }, async ({ greeted, services }) => {
    const client = await greeted();
    expect(await client.ask("EHLO x")).not.toMatch(/REQUIRETLS/);
    expect(await client.ask("MAIL FROM:<a@b> REQUIRETLS")).toMatch(/^555 5\.5\.4 /);
    await client.ask("STARTTLS");
    await handshake(client);
    expect(await client.ask("EHLO x")).toMatch(/^250-REQUIRETLS\r?$/m);
    expect(await client.ask("MAIL FROM:<a@b> REQUIRETLS=yes")).toBe("501 5.5.4 REQUIRETLS takes no value");
    await client.script("MAIL FROM:<a@b> RequireTLS", "RCPT TO:<joe>", "DATA");
    expect(await client.ask("hello\r\n.")).toMatch(/^250 /);
    await client.script("MAIL FROM:<a@b>", "RCPT TO:<joe>", "DATA");
    expect(await client.ask("hello\r\n.")).toMatch(/^250 /);
    expect(services.messages.map(({ transaction }) => transaction.announced.requireTls)).toEqual([true, undefined]);
  });
});

test("not where the option is off", async () => {
  await withServer({ options }, async ({ greeted }) => {
    const client = await greeted();
    await client.ask("STARTTLS");
    await handshake(client);
    expect(await client.ask("EHLO x")).not.toMatch(/REQUIRETLS/);
    expect(await client.ask("MAIL FROM:<a@b> REQUIRETLS")).toMatch(/^555 5\.5\.4 /);
  });
});
