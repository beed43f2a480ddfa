/** What every Resolver must do, run with the one there is against a real name server on loopback. */
import { createSocket } from "node:dgram";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Dns2Resolver } from "../../../src/dns/dns2-resolver.ts";
import { belongsTo, decodeReply, encodeQuery, validName } from "../../../src/dns/packet-codec.ts";
import { systemClock, type Clock } from "../../../src/sys/clock.ts";
import { isPromise } from "../../../src/sys/maybe-promise.ts";
import type { Machine } from "../../../src/sys/machine.ts";
import { type DnsServer, startDnsServer } from "../../support/dns-server.ts";

let server: DnsServer;
let now: number;
const clock: Clock = { now: () => now, after: (ms, action) => systemClock.after(ms, action) };

beforeEach(async () => {
  now = 1_000_000;
  server = await startDnsServer({
    "www.test": ["A 192.0.2.1", "AAAA 2001:db8::1"],
    "alias.test": ["60 CNAME www.test"],
    "second.test": ["CNAME alias.test"],
    "bare.test": ["CNAME www.test", "BARE"],
    "loop1.test": ["CNAME loop2.test", "BARE"],
    "loop2.test": ["CNAME loop1.test", "BARE"],
    "dangling.test": ["CNAME nowhere.test"],
    "mail.test": ["MX 20 b.test", "MX 10 a.test"],
    "text.test": ["TXT hello world"],
    "long.test": [`TXT ${"x".repeat(600)}`],
    "_smtp._tcp.test": ["SRV 1 2 25 host.test"],
    "_25._tcp.test": ["TLSA 030101ab", "SIGNED"],
    "cell.test": ["AFSDB 1 host.test"],
    "1.2.0.192.in-addr.arpa": ["PTR www.test"],
    "zone.test": ["NS ns.test"],
    "big.test": Array.from({ length: 40 }, (_, i) => `TXT ${i} ${"y".repeat(60)}`),
    "cut.test": ["TRUNCATE", "A 192.0.2.9"],
    "fails.test": ["SERVFAIL"],
    "refused.test": ["REFUSED"],
    "silent.test": ["DROP"],
    "old.test": ["NOEDNS", "A 192.0.2.7"],
    "none.test": ["NODATA"],
    "short.test": ["5 A 192.0.2.5"],
    "fresh.test": ["0 A 192.0.2.6"],
  });
});
afterEach(() => server.close());

function resolver(changes?: Partial<Machine>, trustAd = false) {
  return new Dns2Resolver({ machine: server.machine(changes), clock, trustAd });
}

describe("records", () => {
  const cases = [
    ["www.test", "A", ["192.0.2.1"]],
    ["www.test", "AAAA", ["2001:db8::1"]],
    ["mail.test", "MX", ["b.test", "a.test"]],
    ["text.test", "TXT", ["hello world"]],
    ["long.test", "TXT", ["x".repeat(600)]],
    ["_smtp._tcp.test", "SRV", ["host.test"]],
    ["_25._tcp.test", "TLSA", ["030101ab"]],
    ["cell.test", "AFSDB", ["host.test"]],
    ["1.2.0.192.in-addr.arpa", "PTR", ["www.test"]],
    ["zone.test", "NS", ["ns.test"]],
    ["alias.test", "CNAME", ["www.test"]],
  ] as const;
  test.each(cases)("%s %s", async (name, type, data) => {
    const answer = await resolver().query(name, type);
    expect(answer).toMatchObject({ kind: "found", canonicalName: name });
    expect(answer.kind === "found" && answer.records.map((record) => record.data)).toEqual(data);
  });

  test("fields beside the data are filled in", async () => {
    const mx = await resolver().query("mail.test", "MX");
    expect(mx.kind === "found" && mx.records.map((record) => record.preference)).toEqual([20, 10]);
    const srv = await resolver().query("_smtp._tcp.test", "SRV");
    expect(srv).toMatchObject({ records: [{ preference: 1, weight: 2, port: 25 }] });
    const tlsa = await resolver().query("_25._tcp.test", "TLSA");
    expect(tlsa).toMatchObject({ records: [{ octets: Buffer.from("030101ab", "hex") }] });
  });

  test("letter case and a final dot make no difference", async () => {
    expect(await resolver().query("WWW.Test.", "A")).toMatchObject({ kind: "found", canonicalName: "www.test" });
  });
});

describe("aliases", () => {
  test("a chain is followed to its end", async () => {
    expect(await resolver().query("second.test", "A")).toMatchObject({
      kind: "found",
      canonicalName: "www.test",
      records: [{ data: "192.0.2.1" }],
    });
  });

  test("a server that names only the alias is asked for its target", async () => {
    expect(await resolver().query("bare.test", "A")).toMatchObject({ kind: "found", canonicalName: "www.test" });
  });

  test("an alias of nothing does not exist", async () => {
    expect(await resolver().query("dangling.test", "A")).toEqual({ kind: "nxdomain" });
  });

  test("a loop ends, and is no proof that the name does not exist", async () => {
    expect(await resolver().query("loop1.test", "A")).toMatchObject({
      kind: "tempfail",
      reason: "loop1.test: aliases form a loop or a very long chain",
    });
  });
});

describe("outcomes", () => {
  test("no such name", async () => {
    expect(await resolver().query("nosuch.test", "A")).toEqual({ kind: "nxdomain" });
  });

  test("a name without such records", async () => {
    expect(await resolver().query("none.test", "A")).toEqual({ kind: "nodata", canonicalName: "none.test" });
  });

  test("a server that fails or refuses is no answer", async () => {
    expect(await resolver().query("fails.test", "A")).toEqual({ kind: "tempfail", reason: "127.0.0.1: SERVFAIL" });
    expect(await resolver().query("refused.test", "A")).toEqual({ kind: "tempfail", reason: "127.0.0.1: REFUSED" });
  });

  test("a server that stays silent is no answer", async () => {
    const answer = await resolver({ timeout: 0.02, attempts: 2 }).query("silent.test", "A");
    expect(answer).toEqual({ kind: "tempfail", reason: "127.0.0.1: no answer in time" });
    expect(server.asked).toEqual(["udp A silent.test", "udp A silent.test"]);
  });

  test("without name servers nothing is known", async () => {
    const answer = await resolver({ nameServers: [] }).query("www.test", "A");
    expect(answer).toEqual({ kind: "tempfail", reason: "no name servers are configured" });
  });

  test("what cannot be a name does not exist, and nobody is asked", () => {
    for (const name of ["", "a..b", ".a", `${"x".repeat(64)}.test`, "x.".repeat(127) + "xx"]) {
      expect(resolver().query(name, "A")).toEqual({ kind: "nxdomain" });
    }
    expect(server.asked).toEqual([]);
  });
});

describe("servers", () => {
  test("a long answer comes over TCP", async () => {
    expect(await resolver().query("cut.test", "A")).toMatchObject({ kind: "found", records: [{ data: "192.0.2.9" }] });
    expect(server.asked).toEqual(["udp A cut.test", "tcp A cut.test"]);
    const big = await resolver().query("big.test", "TXT");
    expect(big.kind === "found" && big.records.length).toBe(40);
  });

  test("the next server is asked when the first one fails", async () => {
    const first = await startDnsServer({ "www.test": ["SERVFAIL"] });
    const nameServers = [first, server].map(({ address, port }) => ({ address, port }));
    expect(await resolver({ nameServers }).query("www.test", "A")).toMatchObject({ kind: "found" });
    expect(first.asked).toEqual(["udp A www.test"]);
    await first.close();
    // Now nobody listens there.
    expect(await resolver({ nameServers, timeout: 0.2 }).query("www.test", "A")).toMatchObject({ kind: "found" });
  });

  test("a server without EDNS is asked again without it, and from then on", async () => {
    const one = resolver();
    expect(await one.query("old.test", "A")).toMatchObject({ kind: "found" });
    await one.query("old.test", "AAAA");
    expect(server.asked).toEqual(["udp A old.test", "udp A old.test", "udp AAAA old.test"]);
  });

  test("answers to another question and from the wrong sender are ignored", async () => {
    const liar = createSocket("udp4");
    await new Promise<void>((resolve) => liar.bind(0, "127.0.0.1", resolve));
    liar.on("message", (question, { port, address }) => {
      const send = (change: (reply: Buffer) => void): void => {
        const reply = Buffer.from(question);
        reply[2] |= 0x80;
        change(reply);
        liar.send(reply, port, address);
      };
      send((reply) => reply.writeUInt16BE((reply.readUInt16BE(0) + 1) & 0xffff, 0)); // id
      send((reply) => (reply[2] &= 0x7f)); // not a reply
      send((reply) => (reply[13] ^= 1)); // another name
      liar.send(Buffer.alloc(5), port, address);
    });
    const nameServers = [{ address: "127.0.0.1", port: liar.address().port }];
    const answer = await resolver({ nameServers, timeout: 0.05 }).query("www.test", "A");
    expect(answer).toEqual({ kind: "tempfail", reason: "127.0.0.1: no answer in time" });
    await new Promise<void>((resolve) => liar.close(resolve));
  });

  test("the AD bit counts from a server on this machine", async () => {
    expect(await resolver().query("_25._tcp.test", "TLSA")).toMatchObject({ secure: true });
    expect(await resolver().query("www.test", "A")).toMatchObject({ secure: false });
  });
});

describe("memory", () => {
  test("an answer is kept for its time to live and comes at once", async () => {
    const one = resolver();
    await one.query("short.test", "A");
    const again = one.query("short.test", "A");
    expect(isPromise(again)).toBe(false);
    now += 5_001;
    expect(isPromise(one.query("short.test", "A"))).toBe(true);
  });

  test("an alias is kept no longer than its shortest link", async () => {
    const one = resolver();
    await one.query("alias.test", "A");
    now += 59_000;
    expect(isPromise(one.query("alias.test", "A"))).toBe(false);
    now += 2_000;
    expect(isPromise(one.query("alias.test", "A"))).toBe(true);
  });

  test("that a name does not exist is kept as long as the zone says", async () => {
    const one = resolver();
    await one.query("nosuch.test", "A");
    expect(one.query("nosuch.test", "A")).toEqual({ kind: "nxdomain" });
    now += 30_001;
    expect(isPromise(one.query("nosuch.test", "A"))).toBe(true);
  });

  test("failures and answers without time to live are not kept", async () => {
    const one = resolver();
    for (const name of ["fails.test", "fresh.test"]) {
      await one.query(name, "A");
      expect(isPromise(one.query(name, "A"))).toBe(true);
    }
  });

  test("who asks the same at the same time shares one question", async () => {
    const one = resolver();
    await Promise.all([one.query("www.test", "A"), one.query("WWW.test", "A"), one.query("www.test.", "A")]);
    expect(server.asked).toEqual(["udp A www.test"]);
  });

  test("many questions at once wait for their turn", async () => {
    const one = resolver();
    const answers = await Promise.all(Array.from({ length: 600 }, async (_, i) => one.query(`n${i}.test`, "A")));
    expect(new Set(answers.map((answer) => answer.kind))).toEqual(new Set(["nxdomain"]));
  });
});

describe("foreign octets", () => {
  test("damaged replies never throw", () => {
    const query = encodeQuery("www.test", "A", true);
    const reply = Buffer.concat([query.octets, Buffer.alloc(40, 0xc0)]);
    reply[2] |= 0x80;
    let seed = 7;
    for (let round = 0; round < 3_000; round++) {
      const mutant = Buffer.from(reply.subarray(0, 12 + (round % (reply.length - 12))));
      for (let i = 0; i < 4; i++) {
        seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
        mutant[(seed >> 8) % mutant.length] = seed & 0xff;
      }
      belongsTo(mutant, query);
      expect(() => decodeReply(mutant)).not.toThrow();
    }
  });

  test("validName() knows the limits of RFC 1035", () => {
    expect(validName("a.b")).toBe(true);
    expect(validName("x".repeat(63))).toBe(true);
    expect(validName("x".repeat(64))).toBe(false);
    expect(validName("a.")).toBe(false);
    expect(validName("é.test")).toBe(true);
    expect(validName("日.test")).toBe(false);
  });
});
