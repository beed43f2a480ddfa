/**
 * What others wrote never moves the cursor of whoever reads it: commands, reports and the log show it as text. And it
 * fills no log.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { sendMail, SmtpClient } from "../support/smtp-client.ts";
import { type SinkCommand, SmtpSink } from "../support/smtp-sink.ts";

/** Clears the screen, sets the title, in seven bits, in eight and in UTF-8; goes back; turns the text around. */
const HOSTILE = "\x1b[2J\x1b]0;x\x07\x9b2J\xc2\x9b2J\b\b\xe2\x80\xae";
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]|[\x80-\xc1]2J|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]/;

/** A next hop that refuses with a text that is meant for terminals. */
function refusal({ verb, line }: SinkCommand): string | undefined {
  return verb === "RCPT" ? `${line.includes("later") ? "451 4.3.0" : "550 5.1.1"} ${HOSTILE} no` : undefined;
}

let dns: DnsServer;
let hop: SmtpSink;
let server: MailServer;

beforeAll(async () => {
  hop = await SmtpSink.start({ host: "127.0.0.4", reply: refusal });
  dns = await startDnsServer({
    "far.test": ["MX 10 mx.far.test"],
    "mx.far.test": ["A 127.0.0.4"],
    "example.test": ["A 127.0.0.2"],
    "mail.example.test": ["A 127.0.0.2"],
  });
  const lines = ["SMTP", "ESMTP", "RELAY"].map((name) => `define(\`${name}_MAILER_ARGS', \`TCP $h ${hop.port}')dnl`);
  server = await MailServer.start({ mc: lines.join("\n"), machine: dns.machine(), aliases: "team: alice\n" });
});
afterAll(async () => {
  await server.remove();
  await hop.close();
  await dns.close();
});

test("mailq, the log and the report of a refusal", async () => {
  const { client } = await SmtpClient.open(server.port);
  await client.command("EHLO client.test");
  await client.command("MAIL FROM:<alice@mail.example.test>");
  for (const user of ["never", "later"]) await client.command(`RCPT TO:<${user}@far.test>`);
  await client.command("DATA");
  client.write(
    `From: ${HOSTILE} <alice@mail.example.test>\r\nMessage-Id: <${HOSTILE}@x>\r\nSubject: x\r\n\r\nx\r\n.\r\n`,
  );
  expect(await client.reply()).toMatch(/^250 /);
  await client.command(`MAIL FROM:<"${HOSTILE}"@far.test>`);
  await client.command(`VRFY ${HOSTILE}`);
  await client.command(HOSTILE);
  await client.command("QUIT");
  const [report] = await eventually("the report", () => {
    const found = server.mailbox("alice").filter((text) => text.includes("delivery-status"));
    return found.length > 0 && found;
  });
  // The message that is returned is its sender's own.
  expect(report.slice(0, report.indexOf("message/rfc822"))).not.toMatch(CONTROLS);
  await eventually("the log", () => /to=<later@far\.test>.*stat=Deferred/.test(server.log()));
  expect(server.log()).toContain("\\033[2J");
  expect(server.log()).not.toMatch(CONTROLS);
  for (const args of [[], ["-v"]]) {
    const { out, err } = await server.run("mailq", args);
    expect(out).toContain("2J");
    expect(out + err).not.toMatch(CONTROLS);
  }
});

test("sendmail -bv, and a submission that is refused", async () => {
  for (const args of [["-bv"], []]) {
    const { out, err } = await server.run(
      "sendmail",
      [...args, `nobody${HOSTILE.replaceAll("\0", "")}`],
      "Subject: x\n\n",
    );
    expect(out + err).toContain("nobody");
    expect(out + err).not.toMatch(CONTROLS);
  }
});

test("praliases", async () => {
  const aliases = join(server.home, "aliases");
  writeFileSync(
    aliases,
    `${readFileSync(aliases, "latin1")}evil: "${HOSTILE}"@far.test\nutf: j\xc3\xbcrg@far.test\n`,
    "latin1",
  );
  await server.run("newaliases", []);
  for (const words of [[], ["evil", "utf"]]) {
    const { out, err } = await server.run("praliases", words);
    expect(out).toContain("evil:");
    expect(out).toContain("j\xc3\xbcrg@far.test");
    expect(out + err).not.toMatch(CONTROLS);
  }
});

test.each(["(", ")", "<", ">,", '"', "\\", "a ("])(
  "30 KB of %s in header fields are some lines of the log",
  async (piece) => {
    const before = server.log().length;
    const field = piece.repeat(15_000 / piece.length);
    const text = `From: ${field}\r\nTo: ${field}\r\nSubject: flood ${piece}\r\n\r\nx`;
    expect(await sendMail(server.port, "ann@far.test", ["bob@mail.example.test"], text)).toMatch(/^250 /);
    await eventually("the message", () =>
      server.mailbox("bob").some((each) => each.includes(`Subject: flood ${piece}\n`)),
    );
    await eventually("the log", () => server.log().slice(before).includes("stat=Sent"));
    const lines = server.log().slice(before).trimEnd().split("\n");
    // from=, to=, and one for each field.
    expect(lines.length).toBeLessThanOrEqual(4);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(600);
  },
);
