/** A message to thousands: the server is killed in the middle of the list, and goes on where it was. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { SmtpClient } from "../support/smtp-client.ts";
import { SmtpSink } from "../support/smtp-sink.ts";

const MEMBERS = 4_000;
/** After so many deliveries the server is killed. */
const KILLS = [300, 1_500, 3_000];
/** Recipients of one transaction; there are at most 20 transactions. */
const TOGETHER = 5;
/** Deliveries that are written down together. */
const RECORD = 200;

test("kill -9 in the middle of a list forgets nobody and repeats little", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lists-"));
  chmodSync(folder, 0o755);
  const members = Array.from({ length: MEMBERS }, (_, at) => `m${at}@far.test`);
  writeFileSync(join(folder, "list"), `${members.join("\n")}\n`, { mode: 0o644 });
  const dns = await startDnsServer();
  await using sink = await SmtpSink.start();
  const mc = [
    "define(`SMART_HOST', `esmtp:[127.0.0.1]')dnl",
    `define(\`ESMTP_MAILER_ARGS', \`TCP $h ${sink.port}')dnl`,
    `define(\`SMTP_MAILER_MAXRCPTS', \`${TOGETHER}')dnl`,
  ].join("\n");
  // Half of it in an alias, that is in a list that is opened when the first one is: both are half done at a kill.
  const half = MEMBERS / 2;
  writeFileSync(join(folder, "rest"), `${members.slice(half).join("\n")}\n`, { mode: 0o644 });
  writeFileSync(join(folder, "list"), `:include:${folder}/rest\n${members.slice(0, half).join("\n")}\n`);
  const aliases = `club: :include:${folder}/list\nMAILER-DAEMON: alice\n`;
  let server = await MailServer.start({ machine: dns.machine(), mc, aliases });
  const { home } = server;
  const served = (): string[] => sink.messages.flatMap(({ recipients }) => recipients);

  const { client } = await SmtpClient.open(server.port);
  await client.command("EHLO client.test");
  expect(await client.send("", ["club@mail.example.test"], "Subject: news\r\n\r\nto all")).toMatch(/^250 2\.0\.0/);
  client.close();
  for (const count of KILLS) {
    await eventually("deliveries", () => served().length >= count, 60_000);
    await server.kill();
    server = await MailServer.start({ machine: dns.machine(), home });
    await server.run("sendmail", ["-q"]);
  }
  await eventually("everybody", () => new Set(served()).size === MEMBERS, 60_000);
  await server.emptied(60_000);
  expect(served().filter((each) => !members.includes(each))).toEqual([]);
  expect(served().length - MEMBERS).toBeLessThanOrEqual(KILLS.length * (20 * TOGETHER + 2 * RECORD));
  await server.remove();
  await dns.close();
  rmSync(folder, { recursive: true });
}, 240_000);
