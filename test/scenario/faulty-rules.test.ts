/** Tables that lead in circles: nobody is told that such an address can be delivered, and nothing leaves for it. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { MailServer } from "../support/mail-server.ts";
import { SmtpClient } from "../support/smtp-client.ts";
import { runMakemap } from "../../src/cli/makemap.ts";
import { runCommand } from "../support/command.ts";

let server: MailServer;

beforeAll(async () => {
  const home = mkdtempSync(join(tmpdir(), "mail-"));
  const table = [
    "self@virt.example.test self@virt.example.test",
    "one@virt.example.test two@virt.example.test",
    "two@virt.example.test one@virt.example.test",
    "away@virt.example.test error:nouser 550 gone away",
    "",
  ].join("\n");
  expect(await runCommand(runMakemap, ["hash", join(home, "virtusertable")], table)).toMatchObject({ status: 0 });
  writeFileSync(join(home, "aliases"), "list: alice, self@virt.example.test\n");
  const mc = [
    "VIRTUSER_DOMAIN(`virt.example.test')dnl",
    "FEATURE(`nocanonify')dnl",
    "FEATURE(`accept_unresolvable_domains')dnl",
    "define(`SMART_HOST', `[127.0.0.1]')dnl",
    "define(`confPRIVACY_FLAGS', `')dnl",
  ];
  server = await MailServer.start({ home, mc: mc.join("\n"), users: ["alice"] });
});
afterAll(() => server.remove());

const LOOPS = ["self@virt.example.test", "one@virt.example.test", "two@virt.example.test"];
const RECURSION = "rewrite: excessive recursion (max 50), ruleset";

test.each(LOOPS)("RCPT and VRFY of %s are refused", async (address) => {
  const { client } = await SmtpClient.open(server.port);
  await client.command("EHLO client.test");
  await client.command("MAIL FROM:<>");
  expect(await client.command(`RCPT TO:<${address}>`)).toContain(`554 5.0.0 ${RECURSION}`);
  expect(await client.command(`VRFY ${address}`)).toContain(RECURSION);
  client.close();
});

test("a sender in such a circle is refused, and one that the table refuses", async () => {
  const { client } = await SmtpClient.open(server.port);
  await client.command("EHLO client.test");
  expect(await client.command(`MAIL FROM:<${LOOPS[0]}>`)).toContain(RECURSION);
  expect(await client.command("MAIL FROM:<away@virt.example.test>")).toMatch(/^550 5\.\d\.\d <away@.*gone away$/);
  client.close();
});

test.each(LOOPS)("-bv does not call %s deliverable", async (address) => {
  const asked = await server.run("sendmail", ["-C", join(server.home, "sendmail.cf"), "-bv", address]);
  expect(asked.out).not.toContain("deliverable");
  expect(asked.out + asked.err).toContain(RECURSION);
  expect(asked.code).not.toBe(0);
});

test("an alias that names one fails for that name only", async () => {
  const asked = await server.run("sendmail", ["-C", join(server.home, "sendmail.cf"), "-bv", "list"]);
  expect(asked.out).toContain("alice... deliverable: mailer local");
  expect(asked.out).toContain(RECURSION);
  expect(asked.code).not.toBe(0);
});
