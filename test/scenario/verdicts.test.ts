/** What the log says about rulesets that refuse, throw away or put aside, and where the rule that did it came from. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { SmtpClient } from "../support/smtp-client.ts";

const RULES = [
  "define(`confLOG_LEVEL', `12')dnl",
  "LOCAL_CONFIG",
  "HSubject: $>+CheckSubject",
  "HX-Drop: $>CheckDrop",
  "HX-Quarantine: $>CheckQuarantine",
  "LOCAL_RULESETS",
  "SLocal_check_mail",
  "R$* drop@ $*\t$#discard $: discard",
  "SLocal_check_rcpt",
  'R$* bob@ $*\t$#error $@ 5.7.1 $: "550 not bob"',
  "SCheckSubject",
  'R$* bad $*\t$#error $@ 5.7.1 $: "550 bad subject"',
  "SCheckDrop",
  "R$*\t$#discard $: discard",
  "SCheckQuarantine",
  "R$*\t$#error $@ quarantine $: looks odd",
  "",
].join("\n");

let dns: DnsServer;
let server: MailServer;

beforeAll(async () => {
  dns = await startDnsServer();
  server = await MailServer.start({ machine: dns.machine(), mc: RULES });
});
afterAll(async () => {
  await server.remove();
  await dns.close();
});

/** The one log line that matches, once it is there. */
async function logged(pattern: RegExp): Promise<string> {
  return eventually(`a log line like ${pattern}`, () => pattern.exec(server.log())?.[0]);
}

async function session(use: (client: SmtpClient) => Promise<void>): Promise<void> {
  const { client } = await SmtpClient.open(server.port);
  await client.command("EHLO client.test");
  await use(client);
  client.close();
}

test("a rule of the site's own that refuses is named with its line in the .mc file", async () => {
  await session(async (client) => {
    await client.command("MAIL FROM:<>");
    expect(await client.command("RCPT TO:<bob@mail.example.test>")).toMatch(/^550 5\.7\.1/);
  });
  await logged(
    /ruleset=check_rcpt, arg1=<bob@mail\.example\.test>, relay=.*, reject=550 5\.7\.1 <bob@.*>\.\.\. not bob$/m,
  );
  expect(await logged(/ruleset=check_rcpt, rule=\S+, origin=.*/)).toMatch(/sendmail\.cf:\d+, origin=\S+\.mc:\d+$/);
});

test("a check that throws a message away says so", async () => {
  await session(async (client) => {
    expect(await client.command("MAIL FROM:<drop@mail.example.test>")).toMatch(/^250/);
  });
  await logged(/ruleset=check_mail, arg1=<drop@mail\.example\.test>, relay=.*, discard$/m);
});

test("checks of header fields are logged by name, with the field's text and the queue id", async () => {
  await session(async (client) => {
    expect(await client.send("", ["alice@mail.example.test"], "Subject: a bad one\r\n\r\n")).toMatch(
      /^550 5\.7\.1 bad/,
    );
    expect(await client.send("", ["alice@mail.example.test"], "X-Drop: this\r\n and that\r\n\r\n")).toMatch(/^250/);
    expect(await client.send("", ["alice@mail.example.test"], "X-Quarantine: that\r\n\r\n")).toMatch(/^250/);
  });
  await logged(/ \w+: ruleset=CheckSubject, arg1= a bad one, relay=.*, reject=550 5\.7\.1 bad subject$/m);
  await logged(/ \w+: ruleset=CheckDrop, arg1= this\\n and that, relay=.*, discard$/m);
  await logged(/ \w+: ruleset=CheckQuarantine, arg1= that, relay=.*, quarantine=looks odd$/m);
  await logged(/ruleset=CheckSubject, rule=\S+, origin=\S+\.mc:\d+$/m);
});
