import { beforeEach, describe, expect, test } from "@jest/globals";
import type { DeliveryEnvironment } from "../../../../src/delivery/environment.ts";
import { ACCEPTED } from "../../../../src/routing/verdict.ts";
import { allowed, readPolicy, wayOf } from "../../../../src/delivery/smtp/pace.ts";
import { testEnvironment, testJob } from "../../../support/delivery-job.ts";
import { closing } from "../../../support/closing.ts";
import { agent, sink, sinkPair, texts } from "../../../support/smtp-delivery.ts";
import { createAgents } from "../../../../src/delivery/agents.ts";
import { testMailer } from "../../../support/delivery-job.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { smtpSite } from "../../../support/smtp-site.ts";

/** The words that the ruleset destination_policy selects; what it was asked. */
let words = "";
let asked: (readonly string[])[] = [];
const rules: NonNullable<DeliveryEnvironment["rules"]> = {
  check: () => ACCEPTED,
  text: () => undefined,
  select(ruleset, args) {
    if (ruleset !== "destination_policy") return undefined;
    asked.push(args);
    return words;
  },
};
beforeEach(() => {
  words = "";
  asked = [];
});

describe("readPolicy()", () => {
  test("reads every word; of words for one thing the first counts", () => {
    const text =
      "connections=2 messages_per_minute=300,messages_per_connection=20 family=prefer4 source4=192.0.2.7 " +
      "source6=2001:db8::7 TLS=Verify backoff=1h30m connections=9";
    expect(readPolicy(text)).toEqual({
      policy: {
        connections: 2,
        messagesPerMinute: 300,
        messagesPerConnection: 20,
        family: "prefer4",
        source4: "192.0.2.7",
        source6: "2001:db8::7",
        tls: "verify",
        backoff: 5_400_000,
      },
      unknown: [],
    });
  });

  test("a text in which a ruleset has put BlankSub for blanks is the same", () => {
    const text = "connections=20.messages_per_minute=600.source4=192.0.2.9.tls=none,,.,family=4";
    expect(readPolicy(text).policy).toEqual({
      connections: 20,
      messagesPerMinute: 600,
      source4: "192.0.2.9",
      tls: "none",
      family: "4",
    });
  });

  test.each([
    "connections=0",
    "connections=-1",
    "connections=many",
    "family=5",
    "source4=::1",
    "tls=yes",
    "backoff=x",
    "backoff=-5m",
    "backoff=1mm",
    "backoff=53w",
    "backoff=999999999999999999w",
    `backoff=${"1".repeat(60)}x`,
    "messages_per_minute=0.5",
    "messages_per_minute=1e9",
    "constructor=1",
    "word",
  ])("%s says nothing, and the rest counts", (word) => {
    expect(readPolicy(`${word} connections=3`)).toEqual({ policy: { connections: 3 }, unknown: [word] });
  });
});

test("allowed() leaves the family that is wanted, or puts it first", () => {
  const addresses = [{ family: 6 }, { family: 4 }, { family: 6 }] as const;
  const families = (family?: "4" | "6" | "prefer4" | "prefer6") =>
    allowed(addresses, family === undefined ? {} : { family }).map((each) => each.family);
  expect([families(), families("4"), families("6"), families("prefer4"), families("prefer6")]).toEqual([
    [6, 4, 6],
    [4],
    [6, 6],
    [4, 6, 6],
    [6, 6, 4],
  ]);
  expect([wayOf({}), wayOf({ connections: 3 }), wayOf({ family: "4" })]).toEqual(["", "", "4"]);
});

/** An agent whose environment the test sees, for jobs to `port` of 127.0.0.1. */
function limited(port: number) {
  const clock = new ManualClock();
  const environment = testEnvironment({ clock, rules });
  const agents = createAgents(environment);
  closing.push(() => agents.close());
  const mailer = testMailer({ argv: ["TCP", "[127.0.0.1]", String(port)] });
  const deliver = (said: string) => {
    words = said;
    return agents.agentFor(mailer).deliver(testJob({ mailer }));
  };
  return { clock, deliver, destinations: environment.destinations };
}

describe("a policy", () => {
  test("is asked for with the next hop, its best host, the sender's domain, the mailer and the queue group", async () => {
    const server = await sink();
    const zone = { "MX b.test": ["10 mx1.b.test", "20 mx2.b.test"], "A mx1.b.test": ["127.0.0.1"] };
    await agent(server.port, { zone, rules })();
    expect(asked).toEqual([["b.test", "mx1.b.test", "a.test", "esmtp", "mqueue"]]);
  });

  test("limits connections, and messages on each", async () => {
    const server = await sink();
    const { deliver } = limited(server.port);
    await Promise.all(Array.from({ length: 24 }, () => deliver("connections=3 messages_per_connection=4")));
    expect(server.messages).toHaveLength(24);
    const each = Map.groupBy(server.messages, ({ connection }) => connection);
    expect(Math.max(...[...each.values()].map((messages) => messages.length))).toBe(4);
  });

  test("chooses the address to connect from, and the family", async () => {
    const from: string[] = [];
    const server = await sink();
    server.onConnect = (address) => from.push(address);
    const zone = { "A b.test": ["127.0.0.1"], "AAAA b.test": ["::1"] };
    const deliver = agent(server.port, { zone, rules });
    words = "family=4 source4=127.0.0.77";
    expect(texts(await deliver())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
    // What is kept was made another way.
    words = "family=4 source4=127.0.0.78";
    await deliver();
    expect(from).toEqual(["127.0.0.77", "127.0.0.78"]);
    words = "family=6";
    const none = await agent(server.port, { zone: { "A b.test": ["127.0.0.1"] }, rules })();
    expect(texts(none)).toEqual(["4.4.1 Deferred: b.test: no address that may be used (family=6)"]);
  });

  test("demands encryption: a host without is left to the next one, and nothing goes out in clear", async () => {
    const [plain, safe] = await sinkPair(undefined, { extensions: ["STARTTLS"] });
    const zone = {
      "MX b.test": ["10 mx1.b.test", "20 mx2.b.test"],
      "A mx1.b.test": ["127.0.0.1"],
      "A mx2.b.test": ["127.0.0.2"],
    };
    const deliver = agent(plain.port, { zone, rules });
    words = "tls=encrypt";
    expect(texts(await deliver())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
    expect([plain.messages.length, safe.messages[0].encrypted]).toEqual([0, true]);
    words = "tls=verify";
    expect(texts(await deliver())).toEqual([
      "4.7.4 Deferred: the certificate of the server cannot be verified (tls=verify)",
    ]);
    words = "tls=none";
    await deliver();
    expect(plain.messages).toHaveLength(1);
  });

  test.each([
    ["RCPT", "451 4.7.1 slow down"],
    ["MAIL", "421 4.3.2 too much"],
    ["CONNECT", "421 4.7.0 too many of you"],
  ])("leaves a destination alone that answers %s with %s, as long as it says", async (verb, reply) => {
    const server = await sink({ reply: (command) => (command.verb === verb ? reply : undefined) });
    const { clock, deliver, destinations } = limited(server.port);
    await deliver("backoff=10m");
    const { connections } = server;
    const report = await deliver("backoff=10m");
    expect(report.again).toBe(clock.now() + 600_000);
    expect(texts(report)).toEqual([expect.stringContaining(reply)]);
    expect(server.connections).toBe(connections);
    expect(destinations.whyNot("esmtp b.test")).toContain(reply);
    clock.advance(600_000);
    expect(destinations.whyNot("esmtp b.test")).toBeUndefined();
    await deliver("");
    expect(server.connections).toBeGreaterThan(connections);
  });

  test("without a back-off, such answers are no reason to leave others waiting", async () => {
    const server = await sink({ reply: ({ verb }) => (verb === "RCPT" ? "451 4.7.1 greylisted" : undefined) });
    const { deliver, destinations } = limited(server.port);
    await deliver("");
    expect(destinations.whyNot("esmtp b.test")).toBeUndefined();
  });

  test("messages per minute: who is too early is told when to come again, and is not tried", async () => {
    const server = await sink();
    const { clock, deliver } = limited(server.port);
    expect((await deliver("messages_per_minute=6")).again).toBeUndefined();
    const report = await deliver("messages_per_minute=6");
    expect([report.again, texts(report)]).toEqual([clock.now() + 10_000, ["4.4.5 Deferred: 6 messages per minute"]]);
    clock.advance(10_000);
    await deliver("messages_per_minute=6");
    expect(server.messages).toHaveLength(2);
  });

  test("messages per minute: others to whom no limit, or another one, applies do not lift it", async () => {
    const server = await sink();
    const { clock, deliver } = limited(server.port);
    const slow = async () => (await deliver("messages_per_minute=6")).again;
    expect(await slow()).toBeUndefined();
    for (const other of ["", "messages_per_minute=60", "messages_per_minute=5", ""]) {
      await deliver(other);
      expect(await slow()).toBeGreaterThan(clock.now());
    }
    clock.advance(10_000);
    expect(await slow()).toBeUndefined();
    expect(await slow()).toBeGreaterThan(clock.now());
  });
});

/** Keys of the table, each with an address of its own, in the order in which they count. */
const KEYS = ["To:mx.b.test", "MX:b.test", "From:a.test", "Queue:bulk", "Mailer:esmtp", "Default:"];

test.each(KEYS.map((key, at) => [key, at] as const))(
  "FEATURE(destination_policy): %s says from where to connect when no key before it does",
  async (_key, at) => {
    const server = await sink();
    const from: string[] = [];
    server.onConnect = (address) => from.push(address);
    const destinations = KEYS.slice(at).map((key, below) => `${key}|source4=127.0.0.${100 + at + below}\n`);
    const map = "FEATURE(`destination_policy', `text -o -k0 -v1 -z| @DIR@/destinations')";
    const site = await smtpSite([map], server.port, { destinations: destinations.join("") });
    expect(texts(await site.deliver({ group: "bulk" }))).toEqual(["2.0.0 Sent (ok queued as 1)"]);
    expect(from).toEqual([`127.0.0.${100 + at}`]);
  },
);

test("nothing goes to a suspended host, its domains or what it exchanges mail for; what is resumed goes on", async () => {
  const server = await sink();
  const environment = testEnvironment({
    zone: { "MX b.test": ["10 mx1.big.test"], "A mx1.big.test": ["127.0.0.1"] },
  });
  const { destinations } = environment;
  const agents = createAgents(environment);
  closing.push(() => agents.close());
  const mailer = testMailer({ argv: ["TCP", "$h", String(server.port)] });
  const deliver = async () => agents.agentFor(mailer).deliver(testJob({ mailer }));
  const blocked = new Set<string>();
  destinations.queue = (key, isBlocked) => void (isBlocked ? blocked.add(key) : blocked.delete(key));
  for (const host of ["b.test", "test", "big.test", "mx1.big.test"]) {
    destinations.suspend([host]);
    const report = await deliver();
    expect([texts(report), report.again]).toEqual([[`4.4.5 Deferred: suspended by an operator: ${host}`], Infinity]);
    expect(destinations.admit("esmtp b.test")).toBeUndefined();
    expect(destinations.whyNot("esmtp b.test")).toBe(`suspended by an operator: ${host}`);
    expect(blocked).toEqual(new Set(["esmtp b.test"]));
  }
  destinations.suspend(["a.b.test", "best"]);
  expect(blocked).toEqual(new Set());
  expect(texts(await deliver())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
});
