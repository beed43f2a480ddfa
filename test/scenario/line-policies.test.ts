/** The whole program under published policies: DANE, REQUIRETLS, and what its log and its reports say. */
import { connect as connectTls } from "node:tls";
import { createConnection, type Socket } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { LEAF, LEAF_KEY, LINE_INTERMEDIATE, LINE_ROOT, OTHER_NAME } from "../support/line-certificates.ts";
import { tlsa } from "../support/line-site.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { sendMail } from "../support/smtp-client.ts";
import { SmtpSink, type SinkScript } from "../support/smtp-sink.ts";

let dns: DnsServer;
let good: SmtpSink;
let home: SmtpSink;
let server: MailServer;

const tls = (certificate: string): SinkScript["tls"] => ({
  cert: [certificate, LINE_INTERMEDIATE, LINE_ROOT].join("\n"),
  key: LEAF_KEY,
});

beforeAll(async () => {
  good = await SmtpSink.start({ host: "127.0.0.6", extensions: ["STARTTLS"], tls: tls(LEAF) });
  const other = { host: "127.0.0.7", extensions: ["STARTTLS", "REQUIRETLS"], tls: tls(OTHER_NAME) };
  home = await SmtpSink.start(other, good.port);
  const port = `_${good.port}._tcp`;
  dns = await startDnsServer({
    "good.test": ["SIGNED", "MX 10 mx.good.test"],
    "mx.good.test": ["SIGNED", "A 127.0.0.6"],
    [`${port}.mx.good.test`]: ["SIGNED", tlsa("3 1 1", LEAF)],
    "home.test": ["SIGNED", "MX 10 mx.home.test"],
    "mx.home.test": ["SIGNED", "A 127.0.0.7"],
    [`${port}.mx.home.test`]: ["SIGNED", tlsa("3 0 1", OTHER_NAME)],
    "wrong.test": ["SIGNED", "MX 10 mx.wrong.test"],
    "mx.wrong.test": ["SIGNED", "A 127.0.0.6"],
    [`${port}.mx.wrong.test`]: ["SIGNED", tlsa("3 0 1", OTHER_NAME)],
  });
  const mailers = ["SMTP", "ESMTP", "RELAY"].map((name) => `define(\`${name}_MAILER_ARGS', \`TCP $h ${good.port}')dnl`);
  const mc = [...mailers, "define(`confDANE', `true')dnl", "define(`confREQUIRE_TLS', `true')dnl"].join("\n");
  server = await MailServer.start({ mc, machine: dns.machine(), certified: true });
});

afterAll(async () => {
  await server.remove();
  await good.close();
  await home.close();
  await dns.close();
});

const TEXT = "From: alice@home.test\r\nSubject: line\r\n\r\nsecret\r\n";

test("the log names the policy of what was sent, and the reason of what waits", async () => {
  await sendMail(server.port, "alice@home.test", ["x@good.test", "x@wrong.test"], TEXT);
  await good.received(1);
  expect(good.messages[0]).toMatchObject({ recipients: ["x@good.test"], encrypted: true });
  await eventually("the log", () => /to=<x@good\.test>, .*, dane=3-1-1, dsn=2\.0\.0, stat=Sent/.test(server.log()));
  await eventually("the other one", () =>
    /to=<x@wrong\.test>, .*dsn=4\.7\.5, stat=Deferred: .*DANE check failed: no TLSA record is about/.test(server.log()),
  );
  expect(server.log()).toMatch(/STARTTLS=client, relay=mx\.good\.test\., .*verify=TRUSTED, .*dane=3-1-1/);
});

/** Says these lines inside TLS, each after the answer to the one before. */
async function saySecurely(lines: readonly string[]): Promise<string[]> {
  const plain = createConnection(server.port, "127.0.0.1");
  const answers: string[] = [];
  const ask = async (socket: Socket, line: string | undefined): Promise<void> => {
    if (line !== undefined) socket.write(`${line}\r\n`);
    let answer = "";
    while (!/^\d{3} .*\r\n$/m.test(answer)) answer += String((await once(socket, "data"))[0]);
    answers.push(answer);
  };
  for (const line of [undefined, "EHLO client.test", "STARTTLS"]) await ask(plain, line);
  plain.removeAllListeners("data");
  const secure = connectTls({ socket: plain, rejectUnauthorized: false });
  await once(secure, "secureConnect");
  for (const line of lines) await ask(secure, line);
  secure.destroy();
  return answers.slice(3);
}

test("REQUIRETLS goes on to who offers it, and comes back from who does not, without the text", async () => {
  const answers = await saySecurely([
    "EHLO client.test",
    "MAIL FROM:<alice@home.test> REQUIRETLS",
    "RCPT TO:<x@good.test>",
    "RCPT TO:<y@home.test>",
    "DATA",
    `${TEXT}.`,
  ]);
  expect(answers.map((each) => each.slice(0, 3))).toEqual(["250", "250", "250", "250", "354", "250"]);
  await home.received(2);
  const [report, mail] = home.messages.toSorted((a, b) => a.sender.length - b.sender.length);
  expect(mail).toMatchObject({ recipients: ["y@home.test"], parameters: " REQUIRETLS" });
  expect(report).toMatchObject({ sender: "", recipients: ["alice@home.test"], parameters: " REQUIRETLS" });
  expect(report.data).toContain("Status: 5.7.30");
  expect(report.data).toMatch(/REQUIRETLS: mx\.good\.test\. does not offer REQUIRETLS/);
  expect(report.data).not.toContain("secret");
});
