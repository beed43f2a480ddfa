import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "@jest/globals";
import { serveStdio } from "../../src/smtpd/stdio.ts";
import { type FakeBehaviour, fakeServices } from "../support/fake-smtp-services.ts";

/** What a client that writes all of this and then closes its side reads. */
async function talk(behaviour: FakeBehaviour, ...lines: string[]) {
  const services = fakeServices(behaviour);
  const input = new PassThrough();
  const output = new PassThrough();
  const status = serveStdio(services, { input, output, user: "alice" });
  input.end(lines.map((line) => `${line}\r\n`).join(""));
  const code = await status;
  output.end();
  return { services, code, replies: (await text(output)).split("\r\n").slice(0, -1) };
}

test("-bs: a conversation on standard input and output", async () => {
  const { services, code, replies } = await talk(
    {},
    "MAIL FROM:<a@b>",
    "RCPT TO:<joe>",
    "DATA",
    "hello",
    ".",
    "QUIT",
    "NOOP",
  );
  expect(replies).toEqual([
    expect.stringMatching(/^220 mail\.example\.test ESMTP /),
    "250 2.1.0 <a@b>... Sender ok",
    "250 2.1.5 <joe>... Recipient ok",
    "354 End data with <CR><LF>.<CR><LF>",
    "250 2.0.0 m1 Message accepted for delivery",
    "221 2.0.0 mail.example.test closing connection",
  ]);
  expect(code).toBe(0);
  const { transaction, text: message } = services.messages[0];
  expect(message).toBe("hello\r\n");
  expect(transaction.client).toEqual({ relay: "alice@localhost" });
  expect(["client_addr", "_", "s", "daemon_flags"].map((name) => transaction.scope.get(name))).toEqual([
    "0",
    "alice@localhost",
    "localhost",
    "c u",
  ]);
  expect(services.asked.some((asked) => asked.startsWith("check_relay"))).toBe(false);
});

test("-bs ends when its input ends, after everything was answered", async () => {
  const { replies, code } = await talk({}, "HELO x");
  expect(replies).toHaveLength(2);
  expect(replies[1]).toBe("250 mail.example.test Hello alice@localhost, pleased to meet you");
  expect(code).toBe(0);
});

test("-bs drops a message that its input does not finish", async () => {
  const { services } = await talk({}, "MAIL FROM:<a@b>", "RCPT TO:<joe>", "DATA", "half");
  expect(services.messages[0]).toMatchObject({ state: "aborted", aborts: 1 });
});

test("-bs has a time limit too", async () => {
  const services = fakeServices({ options: { "Timeout.command": 20 } });
  const output = new PassThrough();
  await serveStdio(services, { input: new PassThrough(), output, user: "alice" });
  output.end();
  expect(await text(output)).toMatch(/421 4\.4\.1 .* Timeout waiting for input during client greeting\r\n$/);
});
