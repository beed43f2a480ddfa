import { Readable } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { composeReport, type ReportRequest } from "../../../src/dsn/compose.ts";
import type { ReportedRecipient, ReportPlan } from "../../../src/dsn/decide.ts";
import type { Envelope } from "../../../src/envelope/envelope.ts";
import type { MessageReader } from "../../../src/envelope/message.ts";
import type { Recipient } from "../../../src/envelope/recipient.ts";
import type { RecipientStatus } from "../../../src/envelope/status.ts";
import { rfc5322Date } from "../../../src/mail/date.ts";

const HOUR = 3_600_000;
const arrived = Date.UTC(2026, 10, 20, 14);
const now = arrived + 4 * HOUR;

function message(text: string, inMemory = true): MessageReader {
  const octets = Buffer.from(text, "latin1");
  return {
    size: octets.length,
    bytes: async () => (inMemory ? octets : undefined),
    stream: () => Readable.from([octets.subarray(0, 3), octets.subarray(3)]),
  };
}

const ENVELOPE: Envelope = {
  id: "5AKold",
  sender: "joe@a.test",
  recipients: [
    { given: "eve@b.test", state: "failed" },
    { given: "list@a.test", state: "expanded", orcpt: "rfc822;list+2B1@a.test" },
    { given: "|/bin/false", state: "failed", parent: 1 },
    { given: "sam@c.test", state: "deferred" },
  ],
  headers: [
    { name: "Return-Path", value: " <joe@a.test>", flags: "P" },
    { name: "Received", value: " from x\r\n\tby y" },
    { name: "Subject", value: " hello" },
  ],
  bodySize: 6,
  eightBit: false,
  smtputf8: false,
  envid: "id+2B1",
  arrived,
  macros: { _: "client.test [192.0.2.1]", client_name: "client.test", client_port: "4711" },
  isReport: false,
  messageClass: 0,
};

const REFUSED: RecipientStatus = {
  action: "failed",
  status: "5.1.1",
  text: "User unknown",
  diagnostic: { type: "smtp", text: "550 5.1.1 no\r\nsuch \x1buser" },
  asked: "RCPT TO:<eve@b.test>",
  remoteMta: "mx.b.test.",
  at: now,
};
const EXITED: RecipientStatus = {
  action: "failed",
  status: "5.3.0",
  text: "unknown mailer error 1",
  diagnostic: { type: "x-unix", text: "1" },
  at: now,
};
const WAITING: RecipientStatus = { action: "delayed", status: "4.4.1", text: "Deferred: Connection refused", at: now };

const done = (action: "delivered" | "relayed" | "expanded"): RecipientStatus => ({
  action,
  status: "2.1.5",
  text: "Sent",
  at: now,
});

function reported(index: number, status: RecipientStatus, more: Partial<Recipient> = {}): ReportedRecipient {
  const recipient = ENVELOPE.recipients[index];
  return { index, status, recipient: Object.keys(more).length > 0 ? { ...recipient, ...more } : recipient };
}

function request(plan: Partial<ReportPlan>, changes: Partial<ReportRequest> = {}): ReportRequest {
  return {
    plan: { kind: "notice", to: ["joe@a.test"], headersOnly: false, failed: [], delayed: [], delivered: [], ...plan },
    envelope: ENVELOPE,
    message: message("body\r\n"),
    id: "5AKnew",
    now,
    host: "mx.a.test",
    daemonName: "MAILER-DAEMON",
    warnAfter: 4 * HOUR,
    giveUpAfter: 120 * HOUR,
    ...changes,
  };
}

async function read(report: ReportRequest): Promise<string> {
  const { headers, body } = composeReport(report);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const header = headers.map(({ name, value }) => `${name}:${value}\r\n`).join("");
  return `${header}\r\n${Buffer.concat(chunks).toString("latin1")}`;
}

test("lines of the returned header are folded before somebody cuts them", async () => {
  const list = Array.from({ length: 200 }, (_each, index) => `user${index}@a.test`);
  const headers = [
    { name: "To", value: ` ${list.join(",")}` },
    { name: "Subject", value: ` ${"word ".repeat(400)}x` },
  ];
  const text = await read(request({ failed: [reported(0, REFUSED)] }, { envelope: { ...ENVELOPE, headers } }));
  const lines = text.split("\r\n");
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(990);
  expect(text.replaceAll("\r\n\t", "")).toContain(`To: ${list.join(",")}\r\n`);
});

test("a report of failures has three parts that people and programs can read", async () => {
  const text = await read(request({ failed: [reported(0, REFUSED), reported(2, EXITED)] }));
  const seconds = Math.floor(now / 1000);
  expect(text.replaceAll("\r\n", "\n")).toBe(`Date: ${rfc5322Date(now)}
From: Mail Delivery Subsystem <MAILER-DAEMON@mx.a.test>
Message-Id: <202611201800.5AKnew@mx.a.test>
To: <joe@a.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="5AKnew.${seconds}/mx.a.test"
Subject: Returned mail: see transcript for details
Auto-Submitted: auto-generated (failure)

This is a report about mail, in MIME format.

--5AKnew.${seconds}/mx.a.test
Content-Type: text/plain; charset=us-ascii

The original message was received at ${rfc5322Date(arrived)}
from client.test [192.0.2.1]

Your message has not reached <eve@b.test>: nobody there has this address.
Look for typing errors in it, or ask for the right address in another way;
sending it again does not help.

Your message has not reached <list@a.test>: the program that was to take it
there did not. What the program said stands below; whoever runs the mail of
the recipient can do something about it.

   ----- The following addresses had permanent fatal errors -----
<eve@b.test>
    (reason: 550 5.1.1 no such  user)
"|/bin/false"
    (reason: unknown mailer error 1)
    (expanded from: <list@a.test>)

   ----- Transcript of session follows -----
... while talking to mx.b.test.:
>>> RCPT TO:<eve@b.test>
<<< 550 5.1.1 no such  user
550 5.1.1 <eve@b.test>... User unknown
550 5.3.0 "|/bin/false"... unknown mailer error 1

--5AKnew.${seconds}/mx.a.test
Content-Type: message/delivery-status

Original-Envelope-Id: id+1
Reporting-MTA: dns; mx.a.test
Received-From-MTA: DNS; client.test
Arrival-Date: ${rfc5322Date(arrived)}

Final-Recipient: RFC822; eve@b.test
X-Actual-Recipient: rfc822; eve@b.test
Action: failed
Status: 5.1.1
Remote-MTA: DNS; mx.b.test
Diagnostic-Code: SMTP; 550 5.1.1 no such  user
Last-Attempt-Date: ${rfc5322Date(now)}

Original-Recipient: rfc822;list+1@a.test
Final-Recipient: RFC822; list@a.test
X-Actual-Recipient: X-Unix; |/bin/false
Action: failed
Status: 5.3.0
Diagnostic-Code: X-Unix; 1
Last-Attempt-Date: ${rfc5322Date(now)}

--5AKnew.${seconds}/mx.a.test
Content-Type: message/rfc822

Return-Path: <joe@a.test>
Received: from x
	by y
Subject: hello

body

--5AKnew.${seconds}/mx.a.test--
`);
});

test("without MIME the message stands behind the text", async () => {
  const failed = [reported(0, REFUSED)];
  const text = await read(request({ failed }, { plain: true }));
  expect(text).not.toMatch(/^(?:MIME-Version|Content-Type|Final-Recipient|--)/m);
  expect(text).toContain(
    "\r\n\r\n   ----- Original message follows -----\r\n\r\nReturn-Path: <joe@a.test>\r\nReceived: from x\r\n\tby y\r\nSubject: hello\r\n\r\nbody\r\n",
  );
  const header = await read(request({ failed, headersOnly: true }, { plain: true }));
  expect(header).toContain("   ----- Message header follows -----\r\n\r\nReturn-Path: ");
  expect(header).toMatch(/hello\r\n\r\n {3}----- Message body suppressed -----\r\n$/);
});

test("a warning says how long it took and how long it will be tried", async () => {
  const text = await read(request({ delayed: [reported(3, WAITING)] }));
  expect(text).toContain("Subject: Warning: could not send message for past 4 hours\r\n");
  expect(text).toContain("Auto-Submitted: auto-generated (warning-timeout)\r\n");
  expect(text).toContain("There is no need to send it again.");
  expect(text).toContain("<sam@c.test>... Deferred: Connection refused\r\n");
  expect(text).toContain(
    "Warning: message still undelivered after 4 hours\r\nWill keep trying until message is 5 days old\r\n",
  );
  expect(text).toContain("Action: delayed\r\nStatus: 4.4.1\r\n");
  expect(text).toContain(`Will-Retry-Until: ${rfc5322Date(arrived + 120 * HOUR)}\r\n`);
});

test("a message that was given up is said to be deleted", async () => {
  const text = await read(request({ failed: [reported(3, { ...WAITING, action: "failed", status: "4.4.7" })] }));
  expect(text).toContain("Message could not be delivered for 5 days\r\nMessage will be deleted from queue\r\n");
});

test("a receipt tells how the message was delivered, with the header alone", async () => {
  const delivered = [reported(0, done("delivered")), reported(1, done("expanded")), reported(3, done("relayed"))];
  const text = await read(request({ delivered, headersOnly: true }));
  expect(text).toContain("Subject: Return receipt\r\n");
  expect(text).toContain("<eve@b.test>  (successfully delivered to mailbox)\r\n");
  expect(text).toContain("<list@a.test>  (expanded by alias)\r\n");
  expect(text).toContain("<sam@c.test>  (relayed to non-DSN-aware mailer)\r\n");
  expect(text).toContain("Action: relayed (to non-DSN-aware mailer)\r\n");
  expect(text).toContain(
    "Content-Type: text/rfc822-headers\r\n\r\nReturn-Path: <joe@a.test>\r\nReceived: from x\r\n\tby y\r\nSubject: hello\r\n\r\n--",
  );
  expect(text).not.toContain("body\r\n");
});

describe("the returned message", () => {
  const failed = [reported(0, REFUSED)];

  test("is streamed when it does not lie in memory", async () => {
    const text = await read(request({ failed }, { message: message("streamed body\r\n", false) }));
    expect(text).toContain("\r\n\r\nstreamed body\r\n\r\n--");
  });

  test("keeps its octets above 127, and the report says so", async () => {
    const envelope = { ...ENVELOPE, eightBit: true };
    const eight = request({ failed }, { envelope, message: message("caf\xe9\r\n") });
    expect(composeReport(eight).eightBit).toBe(true);
    const text = await read(eight);
    expect(text).toContain("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
    expect(text).toContain("caf\xe9\r\n");
  });

  test("with UTF-8 addresses has the types of RFC 6533", async () => {
    const given = "j\xc3\xb6@b.test";
    const envelope: Envelope = { ...ENVELOPE, smtputf8: true, recipients: [{ given, state: "failed" }] };
    const international = request(
      { failed: [{ index: 0, recipient: envelope.recipients[0], status: REFUSED }] },
      { envelope },
    );
    expect(composeReport(international)).toMatchObject({ eightBit: true });
    const text = await read(international);
    expect(text).toContain("message/global-delivery-status");
    expect(text).toContain(`Final-Recipient: utf-8; ${given}\r\n`);
  });
});

test("double bounces and copies for the postmaster say so", async () => {
  const failed = [reported(0, REFUSED)];
  const double = await read(request({ kind: "double-bounce", failed }, { envelope: { ...ENVELOPE, isReport: true } }));
  expect(double).toContain("Subject: Postmaster notify: see transcript for details\r\n");
  expect(double).toContain("with id 5AKold\r\n\r\nYou get this as the postmaster: the message below has no sender");
  expect(await read(request({ kind: "postmaster-copy", failed }))).toContain("(postmaster-notification)");
});

test("site text stands above ours; actual recipients can be hidden; nothing foreign forges a field", async () => {
  const failed = [reported(2, EXITED)];
  const text = await read(request({ failed }, { siteText: ["Ask help@a.test."], hideActual: true }));
  expect(text).toContain("[192.0.2.1]\r\n\r\nAsk help@a.test.\r\n\r\nYour message");
  expect(text).not.toContain("X-Actual-Recipient");
  const forged = { ...REFUSED, text: "x\r\nFinal-Recipient: RFC822; other\xe9", remoteMta: "a\r\nStatus: 2.0.0" };
  const report = await read(request({ failed: [reported(0, forged)], to: ["a@b\r\nBcc: c@d"] }));
  expect(report).not.toMatch(/^(?:Bcc|Status: 2)/m);
  expect(report).toContain("x Final-Recipient: RFC822; other?");
});
