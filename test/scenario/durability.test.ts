/** A 250 means: on stable storage. The server is killed without warning, again and again, under load. */
import { expect, test } from "@jest/globals";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { SmtpClient } from "../support/smtp-client.ts";

/** Thousands of other moments: `npm run crash-test`. */
const KILLS = 5;
const SESSIONS = 5;

/** Sends numbered messages until the connection breaks; the numbers that were acknowledged go to `acknowledged`. */
async function load(port: number, next: () => number, acknowledged: Set<number>): Promise<void> {
  const { client } = await SmtpClient.open(port);
  try {
    if ((await client.command("EHLO client.test")) === "") return;
    for (;;) {
      const number = next();
      const user = number % 2 === 0 ? "alice" : "bob";
      const message = `Subject: number ${number}\r\n\r\n${"x".repeat(200)}\r\nend of ${number}`;
      const answer = await client.send("", [`${user}@mail.example.test`], message);
      if (answer.startsWith("250 2.0.0")) acknowledged.add(number);
      else return;
    }
  } finally {
    client.close();
  }
}

function delivered(server: MailServer): Set<number> {
  const numbers = new Set<number>();
  for (const text of [...server.mailbox("alice"), ...server.mailbox("bob")]) {
    const number = /^Subject: number (\d+)/m.exec(text)?.[1];
    // A message without its end would be a torn one.
    expect(text).toContain(`end of ${number}\n`);
    numbers.add(Number(number));
  }
  return numbers;
}

test("kill -9 at any moment loses no acknowledged message", async () => {
  const dns: DnsServer = await startDnsServer();
  let server = await MailServer.start({ machine: dns.machine() });
  const { home } = server;
  const acknowledged = new Set<number>();
  let counter = 0;
  // Deterministic "random" moments: how many acknowledgements to wait for before each kill.
  let seed = 12345;
  for (let round = 0; round < KILLS; round++) {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    const wanted = acknowledged.size + 1 + (seed % 60);
    const running = Array.from({ length: SESSIONS }, () => load(server.port, () => counter++, acknowledged));
    await eventually("acknowledgements", () => acknowledged.size >= wanted);
    await server.kill();
    await Promise.all(running);
    server = await MailServer.start({ machine: dns.machine(), home });
  }
  await eventually("all mail in mailboxes", async () => {
    const there = delivered(server);
    return [...acknowledged].every((number) => there.has(number));
  });
  await server.emptied();
  expect(acknowledged.size).toBeGreaterThan(KILLS);
  await server.remove();
  await dns.close();
}, 120_000);

test("mail left while no server runs is delivered when one starts", async () => {
  const dns = await startDnsServer();
  const first = await MailServer.start({ machine: dns.machine() });
  const { home } = first;
  expect(await first.stop()).toBe(0);
  const { code, err } = await first.run("sendmail", ["alice", "nobody"], "Subject: left\n\nwhile away\n");
  expect([code, err]).toEqual([0, ""]);
  const second = await MailServer.start({ machine: dns.machine(), home });
  await eventually("the mail", () => second.mailbox("alice").some((text) => text.includes("Subject: left")));
  await second.remove();
  await dns.close();
});

test("a second server for the same queue is refused and harms nothing", async () => {
  const dns = await startDnsServer();
  const server = await MailServer.start({ machine: dns.machine() });
  await expect(MailServer.start({ machine: dns.machine(), home: server.home })).rejects.toThrow(
    /process \d+ is using it/,
  );
  const { client } = await SmtpClient.open(server.port);
  await client.command("EHLO client.test");
  expect(await client.send("", ["alice@mail.example.test"], "Subject: still here\r\n\r\n")).toMatch(/^250/);
  client.close();
  await server.remove();
  await dns.close();
});

test("SIGHUP takes a new configuration, and keeps the old one when the new one is broken", async () => {
  const dns = await startDnsServer();
  const server = await MailServer.start({ machine: dns.machine() });
  const { readFileSync, writeFileSync } = await import("node:fs");
  const file = `${server.home}/sendmail.cf`;
  const good = readFileSync(file, "latin1");
  writeFileSync(file, `${good}\nO MaxMessageSize=12345\n`);
  server.signal("SIGHUP");
  await eventually("the new limit", async () => {
    const { client } = await SmtpClient.open(server.port);
    const answer = await client.command("EHLO client.test");
    client.close();
    return answer.includes("SIZE 12345");
  });
  writeFileSync(file, "O DeliveryMode=nonsense\n");
  server.signal("SIGHUP");
  await eventually("the complaint", () => /broken: the old configuration stays/.test(server.log()));
  writeFileSync(file, `${good}\nSbroken\nR$* no tab here\n`);
  server.signal("SIGHUP");
  await eventually("the next one", () => server.log().match(/broken: the old configuration stays/g)?.length === 2);
  const { client } = await SmtpClient.open(server.port);
  expect(await client.command("EHLO client.test")).toContain("SIZE 12345");
  client.close();
  expect(await server.stop()).toBe(0);
  await server.remove();
  await dns.close();
});
