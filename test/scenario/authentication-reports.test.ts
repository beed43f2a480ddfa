/** A whole server counts for reports what its configuration says, and what it has counted is there when it has ended. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { sendMail } from "../support/smtp-client.ts";
import { SmtpSink } from "../support/smtp-sink.ts";

let dns: DnsServer;
let sink: SmtpSink;
beforeAll(async () => {
  sink = await SmtpSink.start({ host: "127.0.0.4", name: "mx.far.test" });
  dns = await startDnsServer({
    "far.test": ["MX 5 mx.far.test"],
    "mx.far.test": ["A 127.0.0.4"],
    "example.test": ["A 127.0.0.2"],
  });
});
afterAll(async () => {
  await sink.close();
  await dns.close();
});

test.each([
  ["counted", "define(`confCOLLECT_REPORTS', `tls')dnl", true],
  ["not counted", "dnl", false],
])("sessions with other hosts are %s: %s", async (_, line, isCounted) => {
  sink.messages.length = 0;
  const port = `define(\`ESMTP_MAILER_ARGS', \`TCP $h ${sink.port}')dnl`;
  const server = await MailServer.start({ mc: `${port}\n${line}`, machine: dns.machine() });
  try {
    await sendMail(server.port, "alice@example.test", ["joe@far.test"], "Subject: x\r\n\r\nx\r\n");
    await sink.received(1);
    await eventually("the log", () => server.log().includes("stat=Sent"));
    await server.stop();
    const folder = join(server.home, "queue", "reports");
    expect(existsSync(folder)).toBe(isCounted);
    if (!isCounted) return;
    const file = join(folder, `${new Date().toISOString().slice(0, 10)}.counts`);
    const [, row] = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(JSON.parse(row)).toMatchObject({
      what: {
        kind: "tls",
        domain: "far.test",
        policy: { type: "no-policy-found" },
        detail: { type: "starttls-not-supported", receivingMx: "mx.far.test", receivingIp: "127.0.0.4" },
      },
      count: 1,
    });
  } finally {
    await server.remove();
  }
});
