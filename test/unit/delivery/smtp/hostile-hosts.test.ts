/** Hosts that give nothing and never end: octets that make no reply, connections that are one too many. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import type { DeliveryEnvironment } from "../../../../src/delivery/environment.ts";
import { ACCEPTED } from "../../../../src/routing/verdict.ts";
import { NAMELESS_CERTIFICATE, NAMELESS_KEY } from "../../../support/authority.ts";
import { smtpSite } from "../../../support/smtp-site.ts";
import { testConfig, testMessage, testOptions } from "../../../support/delivery-job.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { closing } from "../../../support/closing.ts";
import { agent, sink, sinkPair, texts } from "../../../support/smtp-delivery.ts";

/** A server on a free port of 127.0.0.1; what it opened ends with the test. */
async function serve(talk: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    talk(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** An octet now and then, for as long as the connection is there. */
function drip(socket: Socket, octets: string): void {
  let at = 0;
  const timer = setInterval(() => socket.write(octets[at++ % octets.length]), 20);
  socket.on("close", () => clearInterval(timer));
}

const SHORT = Object.fromEntries(
  ["initial", "helo", "lhlo", "mail", "rcpt", "datainit", "datablock", "datafinal", "starttls", "quit"].map((name) => [
    `Timeout.${name}`,
    200,
  ]),
);

test("a certificate without a subject is one like others", async () => {
  const server = await sink({ extensions: ["STARTTLS"], tls: { cert: NAMELESS_CERTIFICATE, key: NAMELESS_KEY } });
  const policy = ["LOCAL_CONFIG", "LOCAL_RULESETS", "Sdestination_policy", "R$*\t\t\t$# tls=verify"];
  const trusting = ["define(`confCACERT', `@DIR@/ca.pem')", ...policy];
  const site = await smtpSite(trusting, server.port, { "ca.pem": NAMELESS_CERTIFICATE });
  expect(texts(await site.deliver())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
  expect(site.log[0]).toContain("verify=OK");
  expect(server.messages[0].encrypted).toBe(true);
});

test("a fault in the middle of an attempt is not forgotten, and nobody who has the message gets it again", async () => {
  const [first, second] = await sinkPair(
    { reply: ({ line }) => (line.startsWith("RCPT TO:<b@") ? "451 4.2.1 later" : undefined) },
    { extensions: ["STARTTLS"] },
  );
  const zone = {
    "MX b.test": ["10 mx1.b.test", "20 mx2.b.test"],
    "A mx1.b.test": ["127.0.0.1"],
    "A mx2.b.test": ["127.0.0.2"],
  };
  const rules: NonNullable<DeliveryEnvironment["rules"]> = {
    check: () => ACCEPTED,
    text: () => undefined,
    select: (ruleset, [name]) => {
      if (ruleset === "clt_features" && name === "mx2.b.test") throw new Error("a fault");
      return undefined;
    },
  };
  const report = await agent(first.port, { zone, rules })({ users: ["a@b.test", "b@b.test"] });
  expect([first.messages.length, second.messages.length]).toEqual([1, 0]);
  expect([report.statuses.get(0)?.action, report.statuses.get(1)?.action]).toEqual(["relayed", "delayed"]);
});

test.each([
  "SIZE 1e1",
  "SIZE 0x10",
  "SIZE -1",
  "SIZE 10 20",
  "SIZE=10",
  "SIZE=abc",
  "SIZE abc",
  "SIZE 99999999999999999999999999",
  "PIPELINING PIPELINING",
  "AUTH",
  "AUTH=",
  "DELIVERBY x",
  "\xff\xfe",
  "250-SIZE 1",
  "SIZE\t",
  "=",
  "__proto__ x",
  "\0",
  "8BITMIME\tx",
])("EHLO with %j is no reason to return mail", async (keyword) => {
  const server = await sink({ extensions: [keyword, "SIZE"] });
  expect(texts(await agent(server.port)())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
  const other = await sink({ extensions: [keyword] });
  expect(texts(await agent(other.port)())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
});

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

describe("what comes behind 220 is no handshake", () => {
  test.each<[string, Buffer]>([
    ["nothing at all, and the end", latin1("")],
    ["text", latin1("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["replies", latin1("250 ok\r\n".repeat(100))],
    ["the beginning of a record", latin1("\x16\x03\x03\x40\x00")],
    ["a record that is too long", latin1(`\x16\x03\x03\xff\xff${"x".repeat(70_000)}`)],
    ["an alert", latin1("\x15\x03\x03\x00\x02\x02\x28")],
    ["a hello of a client", latin1("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00")],
    ["octets of all kinds", Buffer.from(Array.from({ length: 5_000 }, (_, at) => (at * 7919) % 251))],
  ])("%s: the next connection is one without", async (_, answer) => {
    let connections = 0;
    const taken: string[] = [];
    const port = await serve((socket) => {
      const number = ++connections;
      let text = "";
      let inData = false;
      socket.write("220 hop.test\r\n");
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
        for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
          const line = text.slice(0, end);
          text = text.slice(end + 2);
          if (inData && line !== ".") continue;
          if (line === "STARTTLS") {
            socket.removeAllListeners("data").resume();
            socket.write("220 go\r\n");
            // Behind the client's first words, and then the end: a host that stays silent is another case.
            socket.once("data", () => socket.end(answer));
            return;
          }
          if (line === ".") taken.push(`by connection ${number}`);
          inData = line === "DATA";
          socket.write(
            line.startsWith("EHLO") ? "250-hop.test\r\n250 STARTTLS\r\n" : inData ? "354 go\r\n" : "250 ok\r\n",
          );
        }
      });
    });
    expect(texts(await agent(port)())).toEqual(["2.0.0 Sent (ok)"]);
    expect(taken).toEqual(["by connection 2"]);
  });
});

describe("a host that says one octet after the other and never ends its reply is given up in time", () => {
  test.each([
    ["the greeting", "", "2"],
    ["the greeting", "", "wait\n"],
    ["EHLO", "EHLO", "250-x\r\n"],
    ["STARTTLS", "STARTTLS", "2"],
    ["MAIL", "MAIL", "250-wait\r\n"],
    ["RCPT", "RCPT", "w"],
    ["DATA", "DATA", "354-"],
    ["the message", ".", "please wait\r\n"],
  ])("at %s", async (_moment, verb, octets) => {
    const extensions = verb === "STARTTLS" ? "250-hop.test\r\n250 STARTTLS\r\n" : "250 hop.test\r\n";
    const port = await serve((socket) => {
      if (verb === "") return drip(socket, octets);
      socket.write("220 hop.test\r\n");
      let buffer = "";
      let inData = false;
      socket.on("data", (chunk) => {
        buffer += chunk.toString("latin1");
        for (let end = buffer.indexOf("\r\n"); end >= 0; end = buffer.indexOf("\r\n")) {
          const line = buffer.slice(0, end);
          buffer = buffer.slice(end + 2);
          if (inData && line !== ".") continue;
          if (line.startsWith(verb)) return drip(socket, octets);
          inData = line === "DATA";
          socket.write(line.startsWith("EHLO") ? extensions : inData ? "354 go\r\n" : "250 ok\r\n");
        }
      });
    });
    const report = await agent(port, { config: testConfig(testOptions(SHORT)) })();
    // The handshake did not come about: the next connection is one without.
    expect(report.statuses.get(0)?.action).toBe(verb === "STARTTLS" ? "relayed" : "delayed");
  });

  test("in the middle of a message that it does not read", async () => {
    const port = await serve((socket) => {
      socket.write("220 hop.test\r\n250 hop.test\r\n".slice(0, 14));
      socket.on("data", (chunk) => {
        if (!chunk.toString("latin1").startsWith("DATA")) return void socket.write("250 ok\r\n");
        socket.pause();
        socket.write("354 go\r\n");
        drip(socket, "x");
      });
    });
    const block = Buffer.from("line of a message\r\n".repeat(4_000));
    const body = { ...testMessage(""), size: 1e9, bytes: async () => undefined, stream: () => endless(block) };
    const report = await agent(port, { config: testConfig(testOptions(SHORT)) })({ message: body });
    expect(report.statuses.get(0)).toMatchObject({ action: "delayed" });
  });
});

function endless(block: Buffer): Readable {
  return new Readable({
    read() {
      this.push(block);
    },
  });
}

test("a host that takes three connections and says 421 to others gets all messages by these", async () => {
  const server = await sink({ reply: ({ verb }) => (verb === "." ? { reply: "250 2.0.0 ok", delay: 5 } : undefined) });
  let [open, refused] = [0, 0];
  const port = await serve((socket) => {
    if (open >= 3) {
      refused++;
      return void socket.end("421 4.7.0 too many connections from you\r\n");
    }
    open++;
    const behind = connect(server.port, "127.0.0.1");
    socket.pipe(behind).pipe(socket);
    behind.on("error", () => socket.destroy());
    socket.on("close", () => {
      open--;
      behind.destroy();
    });
  });
  const clock = new ManualClock();
  const deliver = agent(port, { clock });
  const late: string[] = [];
  for (let left = 80; left > 0;) {
    const reports = await Promise.all(Array.from({ length: left }, () => deliver()));
    left = reports.filter((report) => report.again !== undefined).length;
    late.push(...reports.flatMap((report) => (report.again === undefined ? texts(report) : [])));
    clock.advance(1_000);
  }
  expect(new Set(late)).toEqual(new Set(["2.0.0 Sent (ok)"]));
  expect(server.messages).toHaveLength(80);
  // Those few that were there while the first refusal came.
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThan(20);
});

test("a host that is full is no reason to ask the next one every second", async () => {
  let [isFull, left] = [false, 1];
  const [first, second] = await sinkPair(
    {
      reply({ verb }) {
        if (verb === "CONNECT" && isFull && left-- <= 0) return "421 4.7.0 too many";
        return verb === "." && isFull ? { reply: "250 2.0.0 ok", delay: 500 } : undefined;
      },
    },
    { reply: ({ verb }) => (verb === "RCPT" ? "451 4.7.1 greylisted" : undefined) },
  );
  const zone = {
    "MX b.test": ["10 mx1.b.test", "20 mx2.b.test"],
    "A mx1.b.test": ["127.0.0.1"],
    "A mx2.b.test": ["127.0.0.2"],
  };
  const deliver = agent(first.port, { zone, config: testConfig(testOptions({ ConnectionCacheSize: 0 })) });
  await Promise.all([deliver(), deliver(), deliver()]);
  isFull = true;
  const before = first.commands.length;
  const talking = deliver();
  while (!first.commands.slice(before).includes("DATA")) await new Promise((resolve) => setImmediate(resolve));
  const other = await deliver();
  const one = await talking;
  expect(texts(one)[0]).toMatch(/^2\.0\.0 Sent/);
  expect([texts(other), other.again]).toEqual([["4.7.1 Deferred: 451 4.7.1 greylisted"], undefined]);
  expect(second.connections).toBe(1);
});

test("a host that talks to nobody any more is down, whatever it did before", async () => {
  let isFull = false;
  const server = await sink({ reply: ({ verb }) => (verb === "CONNECT" && isFull ? "421 4.3.2 no more" : undefined) });
  const deliver = agent(server.port, { config: testConfig(testOptions({ ConnectionCacheSize: 0 })) });
  await Promise.all(Array.from({ length: 20 }, () => deliver()));
  isFull = true;
  const { connections } = server;
  const reports = await Promise.all(Array.from({ length: 20 }, () => deliver()));
  expect(reports.flatMap(texts).filter((text) => !text.startsWith("4.3.2"))).toEqual([]);
  expect(reports.every((report) => report.again === undefined)).toBe(true);
  expect(server.connections - connections).toBeLessThan(21);
  expect(texts(await deliver())).toEqual(["4.3.2 Deferred: 421 4.3.2 no more"]);
});
