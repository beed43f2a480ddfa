/** Mail that leaves: MX records from a name server on loopback, several hosts, retries, reports, smart host, null client. */
import { createHash, randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { hasLongLine } from "../../src/mail/fold.ts";
import { findField, parseHeader } from "../../src/mail/header.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { meaningOf } from "../support/mailbox-list.ts";
import { type HopScript, ScriptedHop } from "../support/scripted-hop.ts";
import { sendMail } from "../support/smtp-client.ts";
import { SmtpSink } from "../support/smtp-sink.ts";

let dns: DnsServer;
let sink: SmtpSink;
/** With the plain configuration, for tests that leave nothing behind that another could see. */
let shared: MailServer | undefined;
const servers: MailServer[] = [];

beforeAll(async () => {
  sink = await SmtpSink.start({ host: "127.0.0.4", name: "mx2.far.test" });
  dns = await startDnsServer({
    "far.test": ["MX 10 mx1.far.test", "MX 20 mx2.far.test"],
    // Nothing listens at this address.
    "mx1.far.test": ["A 127.0.0.3"],
    "mx2.far.test": ["A 127.0.0.4"],
    "plain.test": ["A 127.0.0.4"],
    "wrong.test": ["A 127.0.0.5"],
    "nomail.test": ["MX 0 ."],
    "broken.test": ["SERVFAIL"],
    "example.test": ["A 127.0.0.2"],
    "mail.example.test": ["A 127.0.0.2"],
  });
});
afterAll(async () => {
  await shared?.remove();
  await sink.close();
  await dns.close();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.remove()));
  sink.messages.length = 0;
  sink.script = { host: "127.0.0.4", name: "mx2.far.test" };
});

async function start(mc = "", port = sink.port): Promise<MailServer> {
  const server = await begin(mc, port);
  servers.push(server);
  return server;
}

async function begin(mc: string, port: number): Promise<MailServer> {
  const lines = ["SMTP", "ESMTP", "RELAY"].map((name) => `define(\`${name}_MAILER_ARGS', \`TCP $h ${port}')dnl`);
  return MailServer.start({ mc: [...lines, mc].join("\n"), machine: dns.machine() });
}

async function plain(): Promise<MailServer> {
  return (shared ??= await begin("", sink.port));
}

function digest(octets: string): string {
  return createHash("sha256").update(octets, "latin1").digest("hex");
}

const text = (subject: string): string => `From: alice@example.test\r\nSubject: ${subject}\r\n\r\nhello\r\n.dot\r\n`;

const BUSY: HopScript = ({ line }) => (line.includes("<later@") ? [{ say: "451 4.3.1 disk full" }] : undefined);
const WRONG: HopScript = ({ moment }) => (moment === "DATA" ? [{ say: "250 2.0.0 ok" }] : undefined);

describe("remote delivery", () => {
  test("goes to the second MX when the first refuses connections", async () => {
    const server = await plain();
    await sendMail(server.port, "alice@example.test", ["x@far.test"], text("second"));
    await sink.received(1);
    const [message] = sink.messages;
    expect(message.sender).toBe("alice@example.test");
    expect(message.recipients).toEqual(["x@far.test"]);
    expect(message.data).toMatch(/^Received: from client\.test /);
    expect(message.data).toMatch(/\r\n\tfor <x@far\.test>; /);
    expect(message.data).toContain("\r\n\r\nhello\r\n.dot\r\n");
    await eventually("the log", () =>
      /to=<x@far\.test>, .*mailer=esmtp, .*relay=mx2\.far\.test\. \[127\.0\.0\.4\], dsn=2\.0\.0, stat=Sent/.test(
        server.log(),
      ),
    );
  });

  test("a list of addresses on one line of 1,900 octets arrives with all of them", async () => {
    const server = await plain();
    const fields = {
      To: Array.from({ length: 120 }, (_each, i) => `user${i}@a.test`).join(", "),
      Cc: Array.from({ length: 120 }, (_each, i) => `"User, ${i}" <user${i}@a.test>`).join(","),
      "Reply-To": `friends: ${Array.from({ length: 120 }, (_each, i) => `user${i}@a.test`).join(" , ")};`,
    };
    const header = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    await sendMail(server.port, "alice@example.test", ["x@plain.test"], header.join("") + text("long"));
    await sink.received(1);
    const [{ data }] = sink.messages;
    const sent = parseHeader(data.slice(0, data.indexOf("\r\n\r\n") + 2)).fields;
    for (const [name, value] of Object.entries(fields)) {
      const field = findField(sent, name)!;
      expect(meaningOf(field.value)).toEqual(meaningOf(value));
      expect(hasLongLine(field.value, name.length + 1, 78)).toBe(false);
    }
  });

  test("goes to the second MX at once for whom the first has no time", async () => {
    await using first = await ScriptedHop.start({ host: "127.0.0.3", port: sink.port, script: BUSY });
    const server = await start();
    await sendMail(server.port, "alice@example.test", ["now@far.test", "later@far.test"], text("both"));
    await sink.received(1);
    expect(sink.messages[0].recipients).toEqual(["later@far.test"]);
    expect(first.taken.map(({ recipient }) => recipient)).toEqual(["now@far.test"]);
    await eventually("an empty queue", () =>
      /far\.test.* stat=Sent(?:.*\n)*.*far\.test.* stat=Sent/.test(server.log()),
    );
  });

  test("a host that answers DATA with 250 has not taken the message: it waits", async () => {
    await using host = await ScriptedHop.start({ host: "127.0.0.5", port: sink.port, script: WRONG });
    const server = await start();
    await sendMail(server.port, "alice@example.test", ["x@wrong.test"], text("not taken"));
    await eventually("the log", () => /to=<x@wrong\.test>.*stat=/.test(server.log()));
    expect(server.log()).toMatch(
      /to=<x@wrong\.test>.*dsn=4\.5\.0, stat=Deferred: .*unexpected reply "250 2\.0\.0 ok" during DATA/,
    );
    expect(host.taken).toEqual([]);
  });

  test("recipients of one message at one host travel together; 500 of them arrive", async () => {
    const server = await plain();
    const to = Array.from({ length: 500 }, (_, i) => `user${i}@plain.test`);
    await sendMail(server.port, "alice@example.test", to, text("many"));
    await eventually("all recipients", () => sink.messages.flatMap(({ recipients }) => recipients).length === 500);
    expect(new Set(sink.messages.flatMap(({ recipients }) => recipients))).toEqual(new Set(to));
    expect(sink.messages.length).toBeLessThanOrEqual(10);
  });

  test("a body of 10 MB arrives octet for octet", async () => {
    const server = await plain();
    const attachment = randomBytes(7_500_000).toString("base64").replace(/.{76}/g, "$&\r\n");
    const body = `${attachment}\r\n`;
    const answer = await sendMail(
      server.port,
      "alice@example.test",
      ["x@plain.test"],
      `Subject: big\r\n\r\n${attachment}`,
    );
    expect(answer).toMatch(/^250 /);
    await sink.received(1);
    const { data } = sink.messages[0];
    const received = data.slice(data.indexOf("\r\n\r\n") + 4);
    expect(received.length).toBe(body.length);
    expect(digest(received)).toBe(digest(body));
  });

  test("a refused recipient comes back as a report with the peer's words; the other is delivered", async () => {
    sink.script = {
      ...sink.script,
      reply: ({ verb, line }) => (verb === "RCPT" && line.includes("bad@") ? "550 5.1.1 no such person" : undefined),
    };
    const server = await plain();
    await sendMail(server.port, "alice@mail.example.test", ["bad@plain.test", "good@plain.test"], text("half"));
    await sink.received(1);
    expect(sink.messages[0].recipients).toEqual(["good@plain.test"]);
    const [report] = await eventually(
      "the report",
      () => server.mailbox("alice").length > 0 && server.mailbox("alice"),
    );
    expect(report).toMatch(/^From: Mail Delivery Subsystem <MAILER-DAEMON@mail\.example\.test>/m);
    expect(report).toMatch(/^Subject: Returned mail: see transcript for details/m);
    expect(report).toMatch(/^Final-Recipient: RFC822; bad@plain\.test/im);
    expect(report).toMatch(/^Action: failed/m);
    expect(report).toMatch(/^Status: 5\.1\.1/m);
    expect(report).toMatch(/^Diagnostic-Code: SMTP; 550 5\.1\.1 no such person/im);
    expect(report).toContain("Subject: half");
    await server.emptied();
  });

  test("domains that take no mail or do not exist come back; a name server's failure waits", async () => {
    const server = await start("define(`confBIND_OPTS', `')dnl");
    await server.run("sendmail", ["-f", "alice@mail.example.test", "x@nomail.test"], "Subject: null mx\n\n");
    await server.run("sendmail", ["-f", "alice@mail.example.test", "x@nowhere.test"], "Subject: no host\n\n");
    await server.run("sendmail", ["-f", "alice@mail.example.test", "x@broken.test"], "Subject: servfail\n\n");
    await eventually("two reports", () => server.mailbox("alice").length === 2);
    const statuses = server.mailbox("alice").map((report) => /^Status: (\S+)/m.exec(report)?.[1]);
    expect(new Set(statuses)).toEqual(new Set(["5.1.10", "5.1.2"]));
    await eventually("the deferral", () => /to=<?x@broken\.test>?, .*stat=Deferred/.test(server.log()));
    const { out } = await server.run("mailq", []);
    expect(out).toContain("x@broken.test");
    expect(out).toContain("Total requests: 1");
  });

  test("a temporary refusal is tried again on a queue run, and then delivered", async () => {
    let refused = 0;
    sink.script = {
      ...sink.script,
      reply: ({ verb }) => (verb === "RCPT" && refused++ === 0 ? "451 4.2.1 come back later" : undefined),
    };
    const server = await start("define(`confMIN_QUEUE_AGE', `0')dnl");
    await sendMail(server.port, "alice@example.test", ["x@plain.test"], text("later"));
    await eventually("the deferral", () => /stat=Deferred: 451 4\.2\.1 come back later/.test(server.log()));
    const { out } = await server.run("mailq", []);
    expect(out).toMatch(/451 4\.2\.1 come back later/);
    expect((await server.run("sendmail", ["-q"], "")).code).toBe(0);
    await sink.received(1);
    await server.emptied();
    expect(server.mailbox("alice")).toEqual([]);
  });

  test("a message that waited too long comes back, and a failing report ends there", async () => {
    const server = await start("define(`confTO_QUEUERETURN', `1s')dnl\ndefine(`confDOUBLE_BOUNCE_ADDRESS', `')dnl", 1);
    await server.run("sendmail", ["-f", "alice@mail.example.test", "x@plain.test"], "Subject: stuck\n\n");
    await server.run("sendmail", ["-f", "y@plain.test", "x@plain.test"], "Subject: stuck too\n\n");
    await eventually("the deferrals", () => server.log().match(/stat=Deferred/g)?.length === 2);
    await eventually("the report", async () => {
      await server.runQueue();
      return server.mailbox("alice").length === 1;
    });
    expect(server.mailbox("alice")[0]).toMatch(/^Status: 4\.4\.7/m);
    // The report to y@plain.test cannot be delivered either; it must not be reported to anybody.
    await eventually("an empty queue", async () => {
      await server.runQueue();
      return (await server.waiting()) === 0;
    });
    expect(server.mailbox("alice")).toHaveLength(1);
  });
});

describe("other configurations", () => {
  test("a smart host gets what is not ours", async () => {
    const server = await start("define(`SMART_HOST', `esmtp:[127.0.0.4]')dnl");
    await sendMail(server.port, "alice@example.test", ["x@far.test", "alice@mail.example.test"], text("smart"));
    await sink.received(1);
    expect(sink.messages[0].recipients).toEqual(["x@far.test"]);
    await eventually("local mail", () => server.mailbox("alice").length === 1);
    await eventually("the log", () => server.log().includes("relay=[127.0.0.4]"));
  });

  test("a null client sends everything to its hub, local users too", async () => {
    const mc = [
      "OSTYPE(`linux')dnl",
      "define(`confDOMAIN_NAME', `client.example.test')dnl",
      "define(`QUEUE_DIR', `SERVER_HOME/queue')dnl",
      "define(`confPID_FILE', `SERVER_HOME/pid')dnl",
      `define(\`RELAY_MAILER_ARGS', \`TCP $h ${sink.port}')dnl`,
      "DAEMON_OPTIONS(`Name=MTA, Port=0, Addr=127.0.0.1')dnl",
      "FEATURE(`no_default_msa')dnl",
      "FEATURE(`nullclient', `[127.0.0.4]')dnl",
      "",
    ].join("\n");
    const server = await MailServer.start({ wholeMc: mc, machine: dns.machine() });
    servers.push(server);
    expect((await server.run("sendmail", ["root", "x@far.test"], "Subject: null\n\nhi\n")).code).toBe(0);
    await eventually("both", () => sink.messages.flatMap(({ recipients }) => recipients).length === 2);
    expect(sink.messages.flatMap(({ recipients }) => recipients).toSorted()).toEqual([
      "root@[127.0.0.4]",
      "x@far.test",
    ]);
  });
});
