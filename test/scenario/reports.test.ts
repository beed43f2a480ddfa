/** Reports about failures, as programs read them (RFC 3464): one for each kind of recipient and moment of failure. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { sendMail } from "../support/smtp-client.ts";
import { SmtpSink } from "../support/smtp-sink.ts";

let dns: DnsServer;
let hop: SmtpSink;
let server: MailServer;

beforeAll(async () => {
  hop = await SmtpSink.start({
    host: "127.0.0.4",
    name: "mx.far.test",
    reply: ({ verb, line }) => (verb === "RCPT" && line.includes("bad@") ? "550 5.1.1 no such person" : undefined),
  });
  dns = await startDnsServer({
    "far.test": ["MX 10 mx.far.test"],
    "mx.far.test": ["A 127.0.0.4"],
    "example.test": ["A 127.0.0.2"],
    "mail.example.test": ["A 127.0.0.2"],
  });
  const lines = ["SMTP", "ESMTP", "RELAY"].map((name) => `define(\`${name}_MAILER_ARGS', \`TCP $h ${hop.port}')dnl`);
  server = await MailServer.start({
    mc: lines.join("\n"),
    machine: dns.machine(),
    aliases: [
      'prog: "|exit 67"',
      'says: "|echo no such box; exit 67"',
      "file: /nonexistent/folder/file",
      "elsewhere: bad@far.test",
      "gone: nosuchuser",
    ].join("\n"),
  });
});
afterAll(async () => {
  await server.remove();
  await hop.close();
  await dns.close();
});

/** The fields of the part for programs about one recipient, Last-Attempt-Date left out. */
async function reported(recipient: string): Promise<string[]> {
  const subject = `to ${recipient}`;
  const text = `From: alice@example.test\r\nSubject: ${subject}\r\n\r\nhello\r\n`;
  await sendMail(server.port, "alice@mail.example.test", [recipient], text);
  const found = await eventually("the report", () =>
    server.mailbox("alice").find((each) => each.includes(subject) && each.includes("message/delivery-status")),
  );
  // A report is made here, and for nobody in particular.
  expect(found).toMatch(/\nReceived: from localhost \(localhost\)\n\tby mail\.example\.test \([^)]*\) id \w+;\n\t/);
  const part = found.slice(found.indexOf("message/delivery-status")).split(/\n--/, 1)[0];
  return part
    .split("\n\n")[2]
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("Last-Attempt-Date: "));
}

describe("the part of a report for programs", () => {
  test.each([
    [
      "prog@mail.example.test",
      [
        "Final-Recipient: RFC822; prog@mail.example.test",
        "X-Actual-Recipient: X-Unix; |exit 67",
        "Action: failed",
        "Status: 5.1.1",
        "Diagnostic-Code: X-Unix; 67",
      ],
    ],
    [
      "says",
      [
        "Final-Recipient: RFC822; says@mail.example.test",
        "X-Actual-Recipient: X-Unix; |echo no such box; exit 67",
        "Action: failed",
        "Status: 5.1.1",
        "Diagnostic-Code: X-Unix; 67 no such box",
      ],
    ],
    [
      "file",
      [
        "Final-Recipient: RFC822; file@mail.example.test",
        "X-Actual-Recipient: X-Unix; /nonexistent/folder/file",
        "Action: failed",
        "Status: 5.3.0",
      ],
    ],
    [
      "elsewhere",
      [
        "Final-Recipient: RFC822; elsewhere@mail.example.test",
        "X-Actual-Recipient: rfc822; bad@far.test",
        "Action: failed",
        "Status: 5.1.1",
        "Remote-MTA: DNS; mx.far.test",
        "Diagnostic-Code: SMTP; 550 5.1.1 no such person",
      ],
    ],
    [
      "nobody@unknown.test",
      [
        "Final-Recipient: RFC822; nobody@unknown.test",
        "X-Actual-Recipient: rfc822; nobody@unknown.test",
        "Action: failed",
        "Status: 5.1.2",
      ],
    ],
  ])("%s", async (recipient, fields) => {
    expect(await reported(recipient)).toEqual(fields);
  });
});

test("a message with a time, passed on where nobody keeps to it: the sender hears of that", async () => {
  const lines = [
    "MAIL FROM:<alice@mail.example.test> BY=600;N",
    "RCPT TO:<good@far.test>",
    "DATA",
    "Subject: in ten minutes\r\n\r\nhi\r\n.",
    "QUIT",
  ];
  const { out } = await server.run("sendmail", ["-bs"], lines.map((line) => `${line}\r\n`).join(""));
  expect(out).toContain("Message accepted for delivery");
  const found = await eventually("the report", () =>
    server.mailbox("alice").find((each) => each.includes("in ten minutes") && each.includes("Return receipt")),
  );
  expect(found).toContain("\n<good@far.test>  (Deliver-By notify: relayed)\n");
  expect(found).toContain("\nAction: relayed (Deliver-By notify mode)\n");
  const [arrival, deadline] = ["Arrival-Date", "Deliver-By-Date"].map((name) =>
    Date.parse(new RegExp(`^${name}: (.*)$`, "m").exec(found)?.[1] ?? ""),
  );
  expect(deadline - arrival).toBe(600_000);
  const told = hop.messages.find(({ recipients }) => recipients.includes("good@far.test"));
  expect(told?.parameters).not.toContain("BY=");
  expect(told?.recipientParameters).toEqual([" NOTIFY=FAILURE,DELAY"]);
});
