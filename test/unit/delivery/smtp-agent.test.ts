import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { Job, Report } from "../../../src/delivery/agent.ts";
import { createAgents } from "../../../src/delivery/agents.ts";
import type { DeliveryEnvironment } from "../../../src/delivery/environment.ts";
import {
  type JobValues,
  testConfig,
  testEnvironment,
  testJob,
  testMailer,
  testMessage,
  testOptions,
  type Zone,
} from "../../support/delivery-job.ts";
import { SmtpSink, type SinkScript } from "../../support/smtp-sink.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function sink(script?: SinkScript): Promise<SmtpSink> {
  const started = await SmtpSink.start(script);
  closing.push(() => started.close());
  return started;
}

type Deliver = (values?: JobValues) => Promise<Report>;

/** Delivers to `port` of 127.0.0.1, whatever the host; with `zone`, to the hosts it names. */
function agent(port: number, values: Partial<DeliveryEnvironment> & { zone?: Zone; flags?: string } = {}): Deliver {
  const { flags, ...rest } = values;
  const agents = createAgents(testEnvironment(rest));
  closing.push(() => agents.close());
  const argv = ["TCP", values.zone === undefined ? "[127.0.0.1]" : "$h", String(port)];
  const mailer = testMailer({ argv, ...(flags === undefined ? {} : { flags }) });
  return (job = {}) => {
    const made: Job = testJob({ mailer, ...job });
    return agents.agentFor(made.mailer).deliver(made);
  };
}

function texts(report: Report): string[] {
  return [...report.statuses].toSorted(([a], [b]) => a - b).map(([, { status, text }]) => `${status} ${text}`);
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("a transaction", () => {
  test("sends header and body and reports the server's answer", async () => {
    const server = await sink();
    const report = await agent(server.port)({ body: "Hello\r\n.dot\r\nlast line" });
    expect(report.statuses.get(0)).toMatchObject({
      action: "relayed",
      status: "2.0.0",
      text: "Sent (ok queued as 1)",
      relay: "[127.0.0.1] [127.0.0.1]",
      passedOn: true,
      diagnostic: { type: "smtp", text: "250 2.0.0 ok queued as 1" },
    });
    expect(server.messages).toMatchObject([
      {
        sender: "joe@a.test",
        recipients: ["jane@b.test"],
        data: "From: joe@a.test\r\nSubject: test\r\n\r\nHello\r\n.dot\r\nlast line\r\n",
      },
    ]);
    expect(server.commands).toEqual([
      "EHLO here.test",
      expect.stringMatching(/^MAIL FROM:<joe@a\.test> SIZE=\d+$/),
      "RCPT TO:<jane@b.test>",
      "DATA",
    ]);
  });

  test("goes step by step with a server that has no PIPELINING", async () => {
    const server = await sink({ extensions: [] });
    const report = await agent(server.port)({ users: ["a@b.test", "c@b.test"] });
    expect(texts(report)).toEqual(["2.0.0 Sent (ok queued as 1)", "2.0.0 Sent (ok queued as 1)"]);
    expect(server.messages[0].recipients).toEqual(["a@b.test", "c@b.test"]);
  });

  test("falls back to HELO", async () => {
    const server = await sink({ reply: ({ verb }) => (verb === "EHLO" ? "502 5.5.1 unknown command" : undefined) });
    expect(texts(await agent(server.port)())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
    expect(server.commands.slice(0, 3)).toEqual(["EHLO here.test", "HELO here.test", "MAIL FROM:<joe@a.test>"]);
  });

  test("streams a body that does not lie in memory", async () => {
    const server = await sink();
    const line = `${"x".repeat(70)}\r\n.${"y".repeat(50)}\r\n`;
    const body = line.repeat(20_000);
    await agent(server.port)({ message: testMessage(body, false) });
    expect(server.messages[0].data.endsWith(body)).toBe(true);
    expect(server.messages[0].data.length).toBe("From: joe@a.test\r\nSubject: test\r\n\r\n".length + body.length);
  });

  test("does not let a body that cannot be read pass for a whole one", async () => {
    const server = await sink();
    const message = testMessage("x", false);
    const broken = {
      ...message,
      stream: () => {
        const stream = message.stream();
        stream.destroy(new Error("disk is gone"));
        return stream;
      },
    };
    expect(texts(await agent(server.port)({ message: broken }))).toEqual([
      "4.3.0 Deferred: cannot read the message: disk is gone",
    ]);
    expect(server.messages).toEqual([]);
  });

  test("writes addresses as octets", async () => {
    const server = await sink({ extensions: ["PIPELINING", "SMTPUTF8"] });
    await agent(server.port)({ users: ["j\xc3\xb6rg@b.test"], envelope: { smtputf8: true } });
    expect(server.messages[0].recipients).toEqual(["j\xc3\xb6rg@b.test"]);
    expect(server.messages[0].parameters).toBe(" SMTPUTF8");
  });
});

function byRecipient({ line }: { readonly line: string }): string | undefined {
  if (line.includes("<no@")) return "550 5.1.1 no such user";
  return line.includes("<later@") ? "450 4.2.1 try\nlater" : undefined;
}

describe("replies", () => {
  for (const extensions of [["PIPELINING"], []]) {
    test(`each recipient has its own outcome ${extensions.length > 0 ? "with" : "without"} PIPELINING`, async () => {
      const server = await sink({ extensions, reply: byRecipient });
      const report = await agent(server.port)({ users: ["a@b.test", "no@b.test", "later@b.test", "z@b.test"] });
      expect(texts(report)).toEqual([
        "2.0.0 Sent (ok queued as 1)",
        "5.1.1 User unknown",
        "4.2.1 Deferred: 450 4.2.1 try later",
        "2.0.0 Sent (ok queued as 1)",
      ]);
      expect(report.statuses.get(1)).toMatchObject({
        action: "failed",
        diagnostic: { text: "550 5.1.1 no such user" },
      });
      expect(server.messages[0].recipients).toEqual(["a@b.test", "z@b.test"]);
    });

    test(`nobody accepted ends the transaction ${extensions.length > 0 ? "with" : "without"} PIPELINING`, async () => {
      const server = await sink({ extensions, reply: byRecipient });
      const deliver = agent(server.port);
      expect(texts(await deliver({ users: ["no@b.test"] }))).toEqual(["5.1.1 User unknown"]);
      expect(texts(await deliver())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
      expect(server.connections).toBe(1);
      expect(server.commands).toContain("RSET");
    });
  }

  test("a server that takes DATA for nobody gets an empty message", async () => {
    const server = await sink({
      reply: ({ verb, line }) => (line.includes("<no@") ? "550 no" : verb === "DATA" ? "354 go on" : undefined),
    });
    const deliver = agent(server.port);
    expect(texts(await deliver({ users: ["no@b.test"] }))).toEqual(["5.1.1 User unknown"]);
    expect(texts(await deliver())[0]).toMatch(/^2\.0\.0 Sent/);
  });

  test.each([
    ["MAIL", "550 5.7.1 go away", "5.7.1 Service unavailable"],
    ["MAIL", "451 4.7.1 greylisted", "4.7.1 Deferred: 451 4.7.1 greylisted"],
    ["RCPT", "552 full", "5.2.2 Service unavailable"],
    ["DATA", "554 5.6.0 no", "5.6.0 Service unavailable"],
    ["DATA", "451 wait", "4.3.0 Deferred: 451 wait"],
    [".", "554 5.7.1 spam", "5.7.1 Service unavailable"],
    [".", "452 4.3.1 disk full", "4.3.1 Deferred: 452 4.3.1 disk full"],
    ["MAIL", "421 4.3.2 shutting down", "4.3.2 Deferred: 421 4.3.2 shutting down"],
    ["RCPT", "421 4.3.2 shutting down", "4.3.2 Deferred: 421 4.3.2 shutting down"],
    ["RCPT", "550 4.2.1 confused", "5.1.1 User unknown"],
  ])("%s answered with %j is %j", async (verb, reply, expected) => {
    const server = await sink({ reply: (command) => (command.verb === verb ? reply : undefined) });
    expect(texts(await agent(server.port)())).toEqual([expected]);
  });

  test("control characters of the peer do not reach log and reports", async () => {
    const server = await sink({ reply: ({ verb }) => (verb === "RCPT" ? "550 bad\x1b[31m\rthing" : undefined) });
    const status = (await agent(server.port)()).statuses.get(0);
    expect(status?.diagnostic?.text).toBe("550 bad [31m thing");
  });
});

describe("replies that are no answer", () => {
  test.each(["250 2.0.0 ok", "220 ready", "334 go on", "150 wait"])(
    "%j to DATA: the message was not taken, and is not sent as commands",
    async (reply) => {
      for (const flags of ["m", "mz"]) {
        const server = await sink({ reply: ({ verb }) => (verb === "DATA" ? reply : undefined) });
        const report = await agent(server.port, { flags })({ users: ["a@b.test", "c@b.test"] });
        const text = `4.5.0 Deferred: [127.0.0.1]: unexpected reply "${reply}" during DATA`;
        expect(texts(report)).toEqual([text, text]);
        expect(server.messages).toEqual([]);
        expect(server.commands.at(-1)).toBe("DATA");
      }
    },
  );

  test("a greeting that refuses with 2xx in its text is no delivery", async () => {
    const server = await sink({ reply: ({ verb }) => (verb === "CONNECT" ? "354 250 ok" : undefined) });
    expect((await agent(server.port)()).statuses.get(0)).toMatchObject({ action: "delayed", status: "4.5.0" });
  });

  test("a yes in the middle of a message is none to the whole of it", async () => {
    // The rest of the body is there when the connection has ended.
    const { promise: ended, resolve: go } = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      socket.write("220 eager.test\r\n");
      socket.on("data", (chunk: Buffer) => {
        const text = chunk.toString("latin1");
        if (text.startsWith("EHLO") || /^(?:MAIL|RCPT)/.test(text)) socket.write("250 2.0.0 ok\r\n");
        else if (text.startsWith("DATA")) socket.write("354 go on\r\n");
        else if (text.includes("begin")) socket.write("250 2.0.0 thanks\r\n");
      });
      socket.on("close", () => go());
      socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    const { port } = server.address() as { port: number };
    const message = {
      ...testMessage("begin\r\nend\r\n", false),
      stream: () =>
        Readable.from(
          (async function* () {
            yield Buffer.from("begin\r\n");
            await ended;
            yield Buffer.from("end\r\n");
          })(),
        ),
    };
    expect((await agent(port)({ message })).statuses.get(0)).toMatchObject({ action: "delayed", status: "4.5.0" });
  });
});

function thirdGets(reply: string): SinkScript {
  return { reply: ({ line }) => (/<[cd]@/.test(line) ? reply : undefined) };
}

describe("a refusal in the middle of a message", () => {
  test.each([true, false])("ends it, and the connection with it (body in memory: %s)", async (inMemory) => {
    let connections = 0;
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      connections++;
      sockets.push(socket);
      let inData = false;
      socket.write("220 full.test\r\n");
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        const text = chunk.toString("latin1");
        if (inData) {
          // What else comes stays where it is.
          socket.pause();
          socket.write("552 5.3.4 too large\r\n");
        } else if (text.startsWith("DATA")) {
          inData = true;
          socket.write("354 go on\r\n");
        } else socket.write("250 2.0.0 ok\r\n");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    const deliver = agent((server.address() as AddressInfo).port);
    const message = testMessage(Buffer.alloc(30_000_000, `${"x".repeat(70)}\r\n`), inMemory);
    for (let count = 1; count <= 2; count++) {
      expect(texts(await deliver({ message }))).toEqual(["5.3.4 Service unavailable"]);
      expect(connections).toBe(count);
    }
  });
});

describe("too many recipients", () => {
  const users = ["a@b.test", "b@b.test", "c@b.test", "d@b.test"];

  test.each([
    ["552 too many recipients", "4.5.3 Deferred: 552 too many recipients"],
    ["552 5.5.3 too many recipients", "4.5.3 Deferred: 552 5.5.3 too many recipients"],
    ["452 4.5.3 too many recipients", "4.5.3 Deferred: 452 4.5.3 too many recipients"],
    ["552 5.2.2 mailbox full", "5.2.2 Service unavailable"],
    ["553 no such user", "5.1.3 User unknown"],
  ])("%j behind accepted ones is %j", async (reply, expected) => {
    const server = await sink(thirdGets(reply));
    const found = texts(await agent(server.port)({ users }));
    expect(found).toEqual([...Array<string>(2).fill("2.0.0 Sent (ok queued as 1)"), expected, expected]);
  });

  test("552 to the first one is about that one", async () => {
    const server = await sink(thirdGets("552 too much"));
    expect(texts(await agent(server.port)({ users: ["c@b.test"] }))).toEqual(["5.2.2 Service unavailable"]);
  });

  test("a reply with both meanings is the same behind a pipelined and a plain RCPT", async () => {
    const server = await sink({ ...thirdGets("552 too many"), extensions: [] });
    const found = texts(await agent(server.port)({ users }));
    expect(found.slice(2)).toEqual(Array(2).fill("4.5.3 Deferred: 552 too many"));
  });
});

describe("parameters", () => {
  test("DSN parameters go with each recipient, if the server knows them", async () => {
    const job: JobValues = {
      users: ["a@b.test", "c@b.test"],
      recipients: [{ notify: ["FAILURE", "DELAY"], orcpt: "rfc822;a+2Bb@b.test" }, { notify: ["NEVER"] }],
      envelope: { ret: "HDRS", envid: "id+2B1" },
    };
    const knows = await sink({ extensions: ["DSN"] });
    await agent(knows.port)(job);
    expect(knows.messages[0]).toMatchObject({
      parameters: " RET=HDRS ENVID=id+2B1",
      recipientParameters: [" NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb@b.test", " NOTIFY=NEVER"],
    });
    const ignorant = await sink({ extensions: [] });
    const report = await agent(ignorant.port)(job);
    expect(ignorant.messages[0]).toMatchObject({ parameters: "", recipientParameters: ["", ""] });
    expect(report.statuses.get(0)?.passedOn).toBeUndefined();
  });

  test("8BITMIME is announced for a body that needs it", async () => {
    const server = await sink({ extensions: ["8BITMIME"] });
    await agent(server.port)({ envelope: { eightBit: true }, body: "gr\xfc\xdfe\r\n" });
    expect(server.messages[0]).toMatchObject({
      parameters: " BODY=8BITMIME",
      data: expect.stringContaining("gr\xfc\xdfe"),
    });
  });

  test("a message larger than the server's SIZE is not offered to it", async () => {
    const server = await sink({ extensions: ["SIZE 100"] });
    expect(texts(await agent(server.port)({ body: "x".repeat(200) }))).toEqual([
      "5.2.3 Message is too large; 100 bytes max",
    ]);
    expect(server.commands).toEqual(["EHLO here.test"]);
  });

  test("an address that needs SMTPUTF8 is returned when the server lacks it, the others go", async () => {
    const server = await sink();
    const report = await agent(server.port)({ users: ["j\xc3\xb6rg@b.test", "jane@b.test"] });
    expect(report.statuses.get(0)).toMatchObject({ action: "failed", status: "5.6.7" });
    expect(report.statuses.get(1)).toMatchObject({ action: "relayed" });
  });

  test("a line end in an address is never sent", async () => {
    const server = await sink();
    const report = await agent(server.port)({ users: ["a@b.test>\r\nRCPT TO:<evil@c.test"] });
    expect(report.statuses.get(0)).toMatchObject({ action: "failed", status: "5.1.3" });
    expect(server.messages).toEqual([]);
  });

  test("the null reverse-path stays null, except for mailers with F=g", async () => {
    const server = await sink();
    const deliver = agent(server.port);
    await deliver({ envelope: { sender: "" } });
    await deliver({
      envelope: { sender: "" },
      mailer: testMailer({ argv: ["TCP", "[127.0.0.1]", String(server.port)], flags: "mg" }),
    });
    expect(server.messages.map(({ sender }) => sender)).toEqual(["", "MAILER-DAEMON"]);
  });

  test("mail for members of a list comes from the list's owner", async () => {
    const server = await sink();
    await agent(server.port)({ recipients: [{ owner: "owner-list@a.test" }] });
    expect(server.messages[0].sender).toBe("owner-list@a.test");
  });
});

describe("connections", () => {
  test("are kept and used again", async () => {
    const server = await sink();
    const deliver = agent(server.port);
    for (let count = 0; count < 3; count++) await deliver();
    expect(server.connections).toBe(1);
    expect(server.messages.length).toBe(3);
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
    const good = await sink();
    const bad = await SmtpSink.start({ ...script, host: "127.0.0.2" }, good.port);
    closing.push(() => bad.close());
    const zone = { "A b.test": ["127.0.0.2", "127.0.0.1"] };
    const config = testConfig(testOptions({ TLSFallbacktoClear: false }));
    expect(texts(await agent(good.port, { zone, config })())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
  });
});

describe("hosts", () => {
  test("a refused connection is a reason to wait", async () => {
    const port = await unusedPort();
    expect(texts(await agent(port)())).toEqual(["4.4.1 Deferred: Connection refused by [127.0.0.1]"]);
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

describe("LMTP", () => {
  test("every recipient has its own reply after the message", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lmtp-"));
    closing.push(() => rm(folder, { recursive: true }));
    const path = join(folder, "socket");
    await sink({
      path,
      lmtp: true,
      reply: ({ verb, recipient }) => (verb === "." && recipient === "full" ? "452 4.2.2 mailbox full" : undefined),
    });
    const mailer = testMailer({ argv: ["FILE", path], flags: "lmz" });
    const report = await agent(0)({ mailer, users: ["ann", "full"] });
    expect(texts(report)).toEqual(["2.1.5 Sent (<ann> stored)", "4.2.2 Deferred: 452 4.2.2 mailbox full"]);
    expect(report.statuses.get(0)).toMatchObject({ action: "delivered", relay: path });
  });
});

describe("programs that speak LMTP on standard input and output", () => {
  const script = `
    process.stdout.write("220 local LMTP\\r\\n");
    let text = "", data = false, count = 0;
    process.stdin.on("end", () => process.exit(0)).on("data", (chunk) => {
      text += chunk;
      for (let end = text.indexOf("\\r\\n"); end >= 0; end = text.indexOf("\\r\\n")) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (data && line !== ".") continue;
        if (line === ".") { data = false; for (; count > 0; count--) process.stdout.write("250 2.1.5 stored\\r\\n"); continue; }
        if (line.startsWith("LHLO")) process.stdout.write("250-local\\r\\n250 PIPELINING\\r\\n");
        else if (line === "DATA") { data = true; process.stdout.write("354 go on\\r\\n"); }
        else { if (line.startsWith("RCPT")) count++; process.stdout.write("250 2.0.0 ok\\r\\n"); }
      }
    });`;

  test("are started once for several messages", async () => {
    const mailer = testMailer({ name: "local", path: process.execPath, argv: ["lmtp", "-e", script], flags: "lmz" });
    // The script is no macro text.
    const config = { ...testConfig(), expand: (text: string) => text };
    const deliver = agent(0, { config });
    for (let count = 0; count < 2; count++) {
      const report = await deliver({ mailer, users: ["ann", "bob"], body: "x\r\n".repeat(100_000) });
      expect(texts(report)).toEqual(["2.1.5 Sent (stored)", "2.1.5 Sent (stored)"]);
      expect(report.statuses.get(0)).toMatchObject({ action: "delivered", relay: "local" });
    }
  });

  test("a program that is not there is a reason to wait", async () => {
    const mailer = testMailer({ path: "/nonexistent/program", argv: ["program", "-l"], flags: "lmz" });
    expect(texts(await agent(0)({ mailer }))).toEqual([
      "4.4.1 Deferred: /nonexistent/program: No such file or directory",
    ]);
  });

  test("a program that says nothing is given up", async () => {
    const mailer = testMailer({ path: "/bin/sleep", argv: ["sleep", "100"], flags: "lmz" });
    const config = testConfig(testOptions({ "Timeout.initial": 50 }));
    const report = await agent(0, { config })({ mailer });
    expect(report.statuses.get(0)).toMatchObject({ action: "delayed", status: "4.4.2" });
  });
});
