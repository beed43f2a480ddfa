/** Connections that are kept, closed or encrypted; hosts one after the other. */
import { createServer } from "node:net";
import { describe, expect, test } from "@jest/globals";
import type { PortOptions } from "../../../../src/config/config.ts";
import { testConfig, testMailer, testOptions, type Zone } from "../../../support/delivery-job.ts";
import { closing } from "../../../support/closing.ts";
import { agent, sink, sinkPair, texts, unusedPort } from "../../../support/smtp-delivery.ts";
import { type SinkScript, type SmtpSink } from "../../../support/smtp-sink.ts";

/** A server that says this to every RCPT. */
const saying = (reply: string): SinkScript => ({ reply: ({ verb }) => (verb === "RCPT" ? reply : undefined) });

describe("connections", () => {
  test("are kept and used again", async () => {
    const server = await sink();
    const deliver = agent(server.port);
    for (let count = 0; count < 3; count++) await deliver();
    expect(server.connections).toBe(1);
    expect(server.messages.length).toBe(3);
  });

  test("sixty messages at once share twenty connections at most, and all arrive", async () => {
    let open = 0;
    let most = 0;
    const server: SmtpSink = await sink({
      reply: ({ verb }) => {
        if (verb === "CONNECT") most = Math.max(most, ++open);
        return verb === "." ? { reply: "250 2.0.0 ok", delay: 5 } : undefined;
      },
    });
    const deliver = agent(server.port);
    const reports = await Promise.all(Array.from({ length: 60 }, () => deliver()));
    expect(reports.flatMap(texts)).toEqual(Array.from({ length: 60 }, () => "2.0.0 Sent (ok)"));
    expect(most).toBeLessThanOrEqual(20);
    expect(server.messages).toHaveLength(60);
  });

  test("one to any of several equal hosts serves the next message, whatever the draw says", async () => {
    const [one, two] = await sinkPair();
    const zone = {
      "MX b.test": ["10 mx1.b.test", "10 mx2.b.test"],
      "MX c.test": ["10 mx2.b.test", "10 mx1.b.test"],
      "A mx1.b.test": ["127.0.0.1"],
      "A mx2.b.test": ["127.0.0.2"],
    };
    const deliver = agent(one.port, { zone });
    for (let count = 0; count < 12; count++) await deliver({ host: count % 2 === 0 ? "b.test" : "c.test" });
    expect([one.connections + two.connections, one.messages.length + two.messages.length]).toEqual([1, 12]);
  });

  test("m= limits the messages of one connection", async () => {
    const server = await sink();
    const mailer = testMailer({ argv: ["TCP", "[127.0.0.1]", String(server.port)], maxMessages: 2 });
    const deliver = agent(server.port);
    for (let count = 0; count < 3; count++) await deliver({ mailer });
    expect(server.messages.map(({ connection }) => connection)).toEqual([0, 0, 1]);
  });

  test("a kept connection that the server has closed is replaced", async () => {
    const server = await sink();
    const deliver = agent(server.port);
    await deliver();
    server.dropConnections();
    expect(texts(await deliver())).toEqual(["2.0.0 Sent (ok queued as 2)"]);
  });

  test.each([
    ["MAIL", "421 4.3.2 enough"],
    ["RCPT", "421 4.3.2 enough"],
    ["DATA", "421 4.3.2 enough"],
    ["RSET", "421 4.3.2 enough"],
  ])("a kept connection that answers %s with %s is replaced at once", async (verb, reply) => {
    const kept = (command: { connection: number; verb: string }) =>
      command.connection === 0 && server.commands.length > 4;
    const server: SmtpSink = await sink({
      reply: (command) => {
        if (verb === "RSET" && server.messages.length === 0 && command.verb === "." && command.connection === 0) {
          return "554 5.6.0 no";
        }
        return kept(command) && command.verb === verb ? reply : undefined;
      },
    });
    const deliver = agent(server.port);
    await deliver();
    expect(texts(await deliver())).toEqual([`2.0.0 Sent (ok queued as ${server.messages.length})`]);
    expect(server.connections).toBe(2);
  });

  test("a fresh connection that is closed with 421 is a reason to wait", async () => {
    const server = await sink({ reply: ({ verb }) => (verb === "MAIL" ? "421 4.3.2 enough" : undefined) });
    expect(texts(await agent(server.port)())).toEqual(["4.3.2 Deferred: 421 4.3.2 enough"]);
    expect(server.connections).toBe(1);
  });

  test("size 0 keeps none", async () => {
    const server = await sink();
    const deliver = agent(server.port, { config: testConfig(testOptions({ ConnectionCacheSize: 0 })) });
    await deliver();
    await deliver();
    expect(server.connections).toBe(2);
  });

  test("STARTTLS is used when it is offered", async () => {
    const server = await sink({ extensions: ["STARTTLS", "PIPELINING"] });
    const lines: string[] = [];
    const log = { enabled: () => true, write: (_level: number, { text }: { text: string }) => void lines.push(text) };
    expect(texts(await agent(server.port, { log })())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
    expect(server.messages[0].encrypted).toBe(true);
    expect(lines).toEqual([
      "STARTTLS=client, relay=[127.0.0.1], version=TLSv1.3, verify=FAIL, cipher=TLS_AES_256_GCM_SHA384, bits=256/256",
      "STARTTLS=client, cert-subject=/CN=sink.test, cert-issuer=/CN=sink.test, verifymsg=depth zero self signed cert",
    ]);
    expect(server.commands.filter((line) => line.startsWith("EHLO")).length).toBe(2);
  });

  test("a refused STARTTLS means plain text", async () => {
    const server = await sink({
      extensions: ["STARTTLS"],
      reply: ({ verb }) => (verb === "STARTTLS" ? "454 4.7.0 not now" : undefined),
    });
    await agent(server.port)();
    expect(server.messages[0].encrypted).toBe(false);
  });

  test("a handshake that fails means a new connection in plain text, if the configuration allows it", async () => {
    const script: SinkScript = {
      extensions: ["STARTTLS"],
      reply: ({ verb }) => (verb === "STARTTLS" ? { reply: "220 go", drop: true } : undefined),
    };
    const server = await sink(script);
    expect(texts(await agent(server.port)())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
    expect(server.messages).toMatchObject([{ encrypted: false, connection: 1 }]);
    const strict = await sink(script);
    const options = testOptions({ TLSFallbacktoClear: false });
    const report = await agent(strict.port, { config: testConfig(options) })();
    expect(report.statuses.get(0)).toMatchObject({ action: "delayed", status: "4.7.5" });
  });
});

describe("a server that breaks off at STARTTLS", () => {
  const script: SinkScript = {
    extensions: ["STARTTLS"],
    reply: ({ verb }) => (verb === "STARTTLS" ? { drop: true } : undefined),
  };

  test.each([
    [true, "2.0.0 Sent (ok queued as 1)", 2],
    [false, "4.7.5 Deferred: STARTTLS with [127.0.0.1] failed: connection closed", 1],
  ])("is in the log as such (TLSFallbacktoClear %s)", async (fallback, text, connections) => {
    const server = await sink(script);
    const lines: string[] = [];
    const log = { enabled: () => true, write: (_level: number, line: { text: string }) => void lines.push(line.text) };
    const config = testConfig(testOptions({ TLSFallbacktoClear: fallback }));
    expect(texts(await agent(server.port, { log, config })())).toEqual([text]);
    expect(server.connections).toBe(connections);
    expect(lines).toEqual(["STARTTLS=client, error: relay=[127.0.0.1], reason=connection closed"]);
  });

  test("leaves the mail to the next host", async () => {
    const [good] = await sinkPair(undefined, script);
    const zone = { "A b.test": ["127.0.0.2", "127.0.0.1"] };
    const config = testConfig(testOptions({ TLSFallbacktoClear: false }));
    expect(texts(await agent(good.port, { zone, config })())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
  });
});

/** MX b.test is mx1; the fallback host listens at 127.0.0.1. Resolves with the action. */
async function withFallback(option: string, mx1: SinkScript | "down", zone: Zone = {}): Promise<string | undefined> {
  const last = mx1 === "down" ? await sink() : (await sinkPair(undefined, mx1))[0];
  const config = testConfig(testOptions({ [option]: "[127.0.0.1]" }));
  const known = { "MX b.test": ["10 mx1.b.test"], "A mx1.b.test": ["127.0.0.2"] };
  const report = await agent(last.port, { config, zone: { ...known, ...zone } })();
  return report.statuses.get(0)?.action;
}

function says(verb: string, reply: string): SinkScript {
  return { reply: (command) => (command.verb === verb ? reply : undefined) };
}

describe("hosts", () => {
  test("a refused connection is a reason to wait", async () => {
    const port = await unusedPort();
    expect(texts(await agent(port)())).toEqual(["4.4.1 Deferred: Connection refused by [127.0.0.1]"]);
  });

  test("an outcome tells what each of the other hosts said", async () => {
    const [one, two] = await sinkPair(saying("451 4.3.0 full"), saying("452 4.2.2 later"));
    const zone = {
      "MX b.test": ["10 mx1.b.test", "20 mx2.b.test", "30 mx3.b.test"],
      "A mx1.b.test": ["127.0.0.1"],
      "A mx2.b.test": ["127.0.0.3"],
      "A mx3.b.test": ["127.0.0.2"],
    };
    const report = await agent(one.port, { zone })({ host: "b.test" });
    const { text, others = [] } = report.statuses.get(0)!;
    expect([one.connections, two.connections]).toEqual([1, 1]);
    const told = [text, ...others].join("\n");
    expect(told).toContain("mx2.b.test. [127.0.0.3]: Connection refused by mx2.b.test.");
    expect(others.join("\n")).toContain("mx1.b.test. [127.0.0.1]: 451 4.3.0 full");
    expect(told).toContain("452 4.2.2 later");
    expect(others).toHaveLength(2);
  });

  test("mail exchangers are tried in order of preference until one answers", async () => {
    const server = await sink();
    const zone = {
      "MX b.test": ["20 mx2.b.test", "10 mx1.b.test"],
      "A mx1.b.test": ["127.0.0.2"],
      "A mx2.b.test": ["127.0.0.1"],
    };
    const report = await agent(server.port, { zone })();
    expect(report.statuses.get(0)).toMatchObject({ action: "relayed", relay: "mx2.b.test. [127.0.0.1]" });
  });

  test("every address of a host is tried", async () => {
    const server = await sink();
    const zone = { "A b.test": ["127.0.0.2", "127.0.0.3", "127.0.0.1"] };
    expect(texts(await agent(server.port, { zone })())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
  });

  test("a host that greets with 4xx or 5xx leaves the mail to the next one", async () => {
    const bad = await sink({ host: "127.0.0.2", reply: ({ verb }) => (verb === "CONNECT" ? "554 no" : undefined) });
    const zone = { "MX b.test": ["10 mx1.b.test"], "A mx1.b.test": ["127.0.0.2"] };
    expect(texts(await agent(bad.port, { zone })())).toEqual(["5.0.0 Service unavailable"]);
  });

  test.each([
    ["an unknown host", {}, "5.1.2 Host unknown (Name server: b.test.: host not found)", "failed"],
    [
      "a name server in trouble",
      { "MX b.test": "tempfail" },
      "4.4.3 Deferred: Name server: b.test.: host name lookup failure",
      "delayed",
    ],
    ["a null MX", { "MX b.test": ["0 ."] }, expect.stringMatching(/^5\.1\.10 .*null MX/), "failed"],
    [
      "ourselves as best MX",
      { "MX b.test": ["10 here.test"] },
      expect.stringMatching(/^5\.3\.5 .*loops back/),
      "failed",
    ],
  ] as const)("%s", async (_name, zone, text, action) => {
    const report = await agent(1, { zone })();
    expect(texts(report)).toEqual([text]);
    expect(report.statuses.get(0)?.action).toBe(action);
  });

  // As sendmail 8.17 answered.
  test.each([
    ["refuses connections", "down", "relayed", "relayed"],
    ["greets with 4xx", says("CONNECT", "451 4.3.0 later"), "relayed", "delayed"],
    ["greets with 5xx", says("CONNECT", "554 5.3.2 no"), "relayed", "failed"],
    ["answers MAIL with 4xx", says("MAIL", "451 4.3.0 later"), "relayed", "delayed"],
    ["answers MAIL with 5xx", says("MAIL", "554 5.7.1 no"), "failed", "failed"],
    ["answers RCPT with 4xx", says("RCPT", "451 4.3.0 later"), "relayed", "delayed"],
    ["answers the message with 4xx", says(".", "451 4.3.0 later"), "relayed", "delayed"],
  ] as const)("a host that %s: FallbackMXhost, FallbackSmartHost", async (_name, mx1, mxHost, smartHost) => {
    expect(await withFallback("FallbackMXhost", mx1)).toBe(mxHost);
    expect(await withFallback("FallbackSmartHost", mx1)).toBe(smartHost);
  });

  test.each([
    ["an unknown name", { "MX b.test": undefined, "A mx1.b.test": undefined }, "relayed"],
    ["an MX without address", { "A mx1.b.test": undefined }, "relayed"],
    ["a name server in trouble", { "MX b.test": "tempfail" }, "relayed"],
    ["a null MX", { "MX b.test": ["0 ."] }, "failed"],
    ["ourselves as best MX", { "MX b.test": ["10 here.test"] }, "failed"],
  ] as const)("%s: FallbackMXhost and FallbackSmartHost alike", async (_name, changes, action) => {
    for (const option of ["FallbackMXhost", "FallbackSmartHost"]) {
      expect(await withFallback(option, "down", changes as unknown as Zone)).toBe(action);
    }
  });

  test("a server that greets with our own name is ourselves", async () => {
    const server = await sink({ name: "here.test" });
    expect((await agent(server.port)()).statuses.get(0)).toMatchObject({ action: "failed", status: "5.3.5" });
    const report = await agent(server.port, { flags: "mk" })();
    expect(report.statuses.get(0)?.action).toBe("relayed");
  });

  test("a connection that breaks before the message was taken leaves the mail to the next host", async () => {
    const good = await sink();
    const zone = { "A b.test": ["127.0.0.2", "127.0.0.1"] };
    const broken = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => broken.listen(good.port, "127.0.0.2", resolve));
    closing.push(() => new Promise((resolve) => broken.close(() => resolve())));
    expect(texts(await agent(good.port, { zone })())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
  });

  test("a connection that breaks after the message is sent is a reason to try again later", async () => {
    const server = await sink({ reply: ({ verb }) => (verb === "." ? { drop: true } : undefined) });
    const report = await agent(server.port)();
    expect(report.statuses.get(0)).toMatchObject({ action: "delayed", status: "4.4.2" });
  });

  test("every step has its own timeout", async () => {
    const server = await sink({ extensions: [], reply: ({ verb }) => (verb === "RCPT" ? {} : undefined) });
    const config = testConfig(testOptions({ "Timeout.rcpt": 50 }));
    const report = await agent(server.port, { config })();
    expect(texts(report)).toEqual(["4.4.2 Deferred: Connection timed out with [127.0.0.1] during RCPT"]);
  });

  test("an aborted delivery stops waiting", async () => {
    const abort = new AbortController();
    const server = await sink({
      reply: ({ verb }) => {
        if (verb === "DATA") abort.abort();
        return verb === "DATA" ? {} : undefined;
      },
    });
    const report = await agent(server.port)({ signal: abort.signal });
    expect(texts(report)).toEqual(["4.3.2 Deferred: delivery interrupted"]);
  });
});

function ports(values: Partial<PortOptions>): PortOptions[] {
  return [
    { name: "", family: "inet", address: "", port: 0, modifiers: new Set(), listen: 0, extra: new Map(), ...values },
  ];
}

// As a genuine sendmail does it, between addresses of its machine.
describe("DaemonPortOptions of the port that a message came in by", () => {
  const zone = {
    "A b.test": ["127.0.0.1"],
    "PTR 58.0.0.127.in-addr.arpa": ["in.far.test"],
    "PTR 1.0.0.127.in-addr.arpa": ["home.far.test"],
  };

  test.each([
    ["nothing", { daemon_flags: "", if_addr: "127.0.0.58" }, "127.0.0.1", "here.test"],
    ["M=b", { daemon_flags: "c b u", if_addr: "127.0.0.58" }, "127.0.0.58", "here.test"],
    ["M=h", { daemon_flags: "h", if_addr: "127.0.0.58" }, "127.0.0.1", "home.far.test"],
    ["M=bh", { daemon_flags: "b h", if_addr: "127.0.0.58" }, "127.0.0.58", "in.far.test"],
    ["M=b of a port on loopback", { daemon_flags: "b" }, "127.0.0.1", "here.test"],
    ["M=b of an IPv6 port", { daemon_flags: "b", if_addr: "IPv6:::1" }, "127.0.0.1", "here.test"],
    ["M=b of an address that is not ours", { daemon_flags: "b", if_addr: "192.0.2.1" }, "127.0.0.1", "here.test"],
    ["M=b of a unix socket", { daemon_flags: "b", if_addr: "[UNIX: /x]" }, "127.0.0.1", "here.test"],
    ["no b among other letters", { daemon_flags: "CC bb", if_addr: "127.0.0.58" }, "127.0.0.1", "here.test"],
  ])("%s", async (_what, macros, address, name) => {
    const server = await sink();
    const from: string[] = [];
    server.onConnect = (each) => void from.push(each);
    await agent(server.port, { zone })({ envelope: { macros } });
    expect([from, server.commands[0]]).toEqual([[address], `EHLO ${name}`]);
  });

  test("counts more than ClientPortOptions, and its connections are used for no other mail", async () => {
    const server = await sink();
    const from: string[] = [];
    server.onConnect = (each) => void from.push(each);
    const config = { ...testConfig(), clientPorts: ports({ address: "127.0.0.57" }) };
    const deliver = agent(server.port, { config, zone });
    const macros = { daemon_flags: "b", if_addr: "127.0.0.58" };
    for (const each of [{ envelope: { macros } }, {}, { envelope: { macros } }, {}]) await deliver(each);
    expect(from).toEqual(["127.0.0.58", "127.0.0.57"]);
  });
});

describe("ClientPortOptions", () => {
  test.each([
    ["an address", "127.0.0.55", "127.0.0.55"],
    ["a name of ours", "out.here.test", "127.0.0.56"],
  ])("says from where to connect: %s", async (_what, address, expected) => {
    const server = await sink();
    const from: string[] = [];
    server.onConnect = (each) => void from.push(each);
    const config = { ...testConfig(), clientPorts: ports({ address }) };
    const zone = { "A b.test": ["127.0.0.1"], "A out.here.test": ["127.0.0.56"] };
    expect(texts(await agent(server.port, { config, zone })())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
    expect(from).toEqual([expected]);
  });

  test("says from which port; an address that is not ours makes the mail wait", async () => {
    const server = await sink();
    const port = await unusedPort();
    const from: number[] = [];
    server.onConnect = (_address, each) => void from.push(each);
    const config = { ...testConfig(), clientPorts: ports({ port }) };
    await agent(server.port, { config })();
    expect(from).toEqual([port]);
    const wrong = { ...testConfig(), clientPorts: ports({ address: "192.0.2.1" }) };
    expect((await agent(server.port, { config: wrong })()).statuses.get(0)?.action).toBe("delayed");
    const noName = { ...testConfig(), clientPorts: ports({ address: "nowhere.test" }) };
    expect((await agent(server.port, { config: noName })()).statuses.get(0)?.action).toBe("delayed");
  });

  test.each([
    ["its full name", "out.far.test", "out.far.test"],
    ["not a name without domain", "out", "here.test"],
    ["not one that would be more than a name", "x.test\tSIZE=1", "here.test"],
    ["not an address", "[127.0.0.57]", "here.test"],
    ["ours, when it has none", undefined, "here.test"],
  ])("M=h greets with the name of the address that we connect from: %s", async (_what, name, expected) => {
    const server = await sink();
    const config = { ...testConfig(), clientPorts: ports({ address: "127.0.0.57", modifiers: new Set("h") }) };
    const zone = {
      "A b.test": ["127.0.0.1"],
      "PTR 57.0.0.127.in-addr.arpa": name === undefined ? "nodata" : [name],
    } as const;
    await agent(server.port, { config, zone })();
    expect(server.commands[0]).toBe(`EHLO ${expected}`);
  });
});
