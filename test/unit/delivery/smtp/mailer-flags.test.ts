/** Flags and equates of mailers that count in a conversation (docs/outgoing-smtp.md), and what EHLO that is refused leads to. */
import { describe, expect, test } from "@jest/globals";
import { testMailer, testMessage } from "../../../support/delivery-job.ts";
import { agent, sink, texts } from "../../../support/smtp-delivery.ts";

const SENT = "2.0.0 Sent (ok queued as 1)";

test("F=2: HELO, and no extensions", async () => {
  const server = await sink({});
  expect(texts(await agent(server.port, { flags: "m2" })())).toEqual([SENT]);
  expect(server.commands.slice(0, 2)).toEqual(["HELO here.test", "MAIL FROM:<joe@a.test>"]);
});

test("F=0: the host itself, whatever its MX records say", async () => {
  const server = await sink({});
  const zone = { "MX b.test": ["10 mx.b.test"], "A mx.b.test": ["127.0.0.9"], "A b.test": ["127.0.0.1"] };
  const report = await agent(server.port, { zone, flags: "m0" })({ host: "b.test" });
  expect(report.statuses.get(0)).toMatchObject({ text: "Sent (ok queued as 1)", relay: "b.test. [127.0.0.1]" });
});

test("F=4: no IPv6 address, even where there is no other", async () => {
  const server = await sink({});
  const zone = { "AAAA b.test": ["::1"] };
  const [outcome] = texts(await agent(server.port, { zone, flags: "m04" })({ host: "b.test" }));
  expect(outcome).toBe("4.4.1 Deferred: b.test: no address that may be used (family=4)");
  expect(server.commands).toEqual([]);
});

test("F=7: the eighth bit of what has no label is cleared", async () => {
  const server = await sink({ extensions: [] });
  await agent(server.port, { flags: "m7" })({ message: testMessage("h\xe9llo\r\n"), envelope: { eightBit: true } });
  expect(server.messages[0].data).toMatch(/\r\n\r\nhillo\r\n$/);
});

test("without F=X, too, a dot at the start of a line arrives as it was", async () => {
  const server = await sink({});
  await agent(server.port, { flags: "m" })({ body: ".\r\n..\r\n.x\r\n" });
  expect(server.messages[0].data).toMatch(/\r\n\r\n\.\r\n\.\.\r\n\.x\r\n$/);
});

test("L= cuts, E= does not count", async () => {
  const server = await sink({});
  const mailer = testMailer({ argv: ["TCP", "[127.0.0.1]", String(server.port)], lineLimit: 60, eol: "\n" });
  await agent(server.port)({ mailer, body: `${"x".repeat(70)}\r\n` });
  expect(server.messages[0].data).toMatch(/\r\n\r\nx{59}!\r\n x{11}\r\n$/);
});

test("parameters that would be commands of their own, or other parameters, are left out", async () => {
  const server = await sink({ extensions: ["DSN", "AUTH PLAIN"] });
  const bad = ["x\r\nRCPT TO:<eve@b.test>", "x SIZE=1", "", "\xe9"];
  for (const value of bad) {
    const recipients = [{ orcpt: `rfc822;${value === "" ? "\t" : value}` }];
    const report = await agent(server.port)({ envelope: { envid: value, auth: value }, recipients });
    expect(report.statuses.get(0)?.action).toBe("relayed");
  }
  expect(server.messages.map(({ parameters, recipients }) => [parameters, recipients])).toEqual(
    bad.map(() => ["", ["jane@b.test"]]),
  );
  expect(server.messages.map(({ recipientParameters }) => recipientParameters)).toEqual(bad.map(() => [""]));
});

describe("EHLO", () => {
  test("refused for good: HELO", async () => {
    const server = await sink({ reply: ({ verb }) => (verb === "EHLO" ? "502 5.5.1 what?" : undefined) });
    expect(texts(await agent(server.port)())).toEqual([SENT]);
    expect(server.commands.slice(0, 3)).toEqual(["EHLO here.test", "HELO here.test", "MAIL FROM:<joe@a.test>"]);
  });

  test("refused for now: no HELO, the mail waits", async () => {
    const server = await sink({ reply: ({ verb }) => (verb === "EHLO" ? "450 4.3.2 busy" : undefined) });
    expect(texts(await agent(server.port)())).toEqual(["4.3.2 Deferred: 450 4.3.2 busy"]);
    expect(server.commands).not.toContain("HELO here.test");
  });

  test("LHLO refused: there is nothing else", async () => {
    const server = await sink({ lmtp: true, reply: ({ verb }) => (verb === "LHLO" ? "502 5.5.1 what?" : undefined) });
    const [outcome] = texts(await agent(server.port, { flags: "mz" })());
    expect(outcome).toMatch(/^5\.5\.1 /);
    expect(server.commands.filter((line) => /^(?:HELO|EHLO|MAIL)/.test(line))).toEqual([]);
  });
});
