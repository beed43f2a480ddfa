import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Dns2Resolver } from "../../../src/dns/dns2-resolver.ts";
import { listMx, mailHosts, type MailHosts, type MxOptions, splitHostList } from "../../../src/dns/mx.ts";
import { openNames, type NameSources } from "../../../src/dns/names.ts";
import { systemClock } from "../../../src/sys/clock.ts";
import { type DnsServer, startDnsServer } from "../../support/dns-server.ts";

let server: DnsServer;
let names: NameSources;

beforeAll(async () => {
  server = await startDnsServer({
    "big.test": ["MX 30 d.test", "MX 10 a.test", "MX 10 b.test", "MX 20 mail.example.test", "MX 20 c.test"],
    "best.test": ["MX 5 mail.example.test", "MX 10 z.test"],
    "tie.test": ["MX 5 a.test", "MX 5 mail.example.test"],
    "bestaddress.test": ["MX 5 mail.example.test", "A 192.0.2.8"],
    "null.test": ["MX 0 ."],
    "both.test": ["MX 0 .", "MX 10 a.test"],
    "odd.test": ["MX 5 mx\r\nX-Evil:.b.test", "MX 5 m\x01\x1b[0m.test", "MX 5 [192.0.2.1]", "MX 10 a_b-c.test"],
    "useless.test": ["MX 5 mx\r\n.b.test", "A 192.0.2.9"],
    "twice.test": ["MX 20 a.test", "MX 10 a.test"],
    "host.test": ["A 192.0.2.1"],
    "alias.test": ["CNAME big.test"],
    "none.test": ["NODATA"],
    "fails.test": ["SERVFAIL"],
    "a.test": ["A 192.0.2.2"],
  });
  const machine = server.machine();
  names = openNames(machine, new Dns2Resolver({ machine, clock: systemClock }));
});
afterAll(() => server.close());

const isOwn = (name: string): boolean => name.toLowerCase() === "mail.example.test";

async function hosts(name: string, options: MxOptions = {}): Promise<string[] | string> {
  return shown(await mailHosts(names, name, options));
}

/** Draws these lots, in this order. */
const lots = (values: number[]) => () => values.shift() ?? 0;

function shown(answer: MailHosts): string[] | string {
  return answer.kind === "hosts" ? answer.hosts.map((host) => host.name) : answer.kind;
}

describe("mailHosts()", () => {
  test("orders by preference and drops our own host with all that are not better", async () => {
    const list = await hosts("big.test", { isOwn });
    expect(list).toHaveLength(2);
    expect(new Set(list)).toEqual(new Set(["a.test", "b.test"]));
  });

  test("draws lots among equals", async () => {
    const low = [0.9, 0.9, 0.1, 0.5, 0.4];

    expect(await hosts("big.test", { random: lots([...low]) })).toEqual([
      "b.test",
      "a.test",
      "c.test",
      "mail.example.test",
      "d.test",
    ]);
    expect(await hosts("big.test", { random: lots([0.9, 0.1, 0.9, 0.4, 0.5]) })).toEqual([
      "a.test",
      "b.test",
      "mail.example.test",
      "c.test",
      "d.test",
    ]);
  });

  test("finds out that mail would come back here", async () => {
    expect(await hosts("best.test", { isOwn })).toBe("self");
    expect(await hosts("tie.test", { isOwn })).toBe("self");
  });

  test("tries the address of the name instead, when told to", async () => {
    expect(await hosts("bestaddress.test", { isOwn, tryNullMxList: true })).toEqual(["bestaddress.test"]);
    expect(await hosts("best.test", { isOwn, tryNullMxList: true })).toBe("self");
  });

  test("a domain can refuse all mail", async () => {
    expect(await hosts("null.test")).toBe("nullmx");
    expect(await hosts("both.test")).toEqual(["a.test"]);
  });

  test("a host that is named twice is tried once, at its better place", async () => {
    expect(await hosts("twice.test")).toEqual(["a.test"]);
  });

  test("without MX the name itself takes the mail, if it has an address", async () => {
    expect(await hosts("host.test.")).toEqual(["host.test"]);
    expect(await hosts("none.test")).toBe("unknown");
    expect(await hosts("nosuch.test")).toBe("unknown");
  });

  test("an alias has the exchangers of what it points to", async () => {
    expect(await hosts("alias.test", { isOwn })).toHaveLength(2);
  });

  test("a failure is no unknown host", async () => {
    expect(await mailHosts(names, "fails.test")).toEqual({ kind: "tempfail", reason: "127.0.0.1: SERVFAIL" });
    expect(await hosts("fails.test", { useMx: false })).toBe("tempfail");
  });

  test("brackets and F=0 ask for no MX", async () => {
    expect(await hosts("[big.test]")).toEqual(["big.test"]);
    expect(await hosts("host.test", { useMx: false })).toEqual(["host.test"]);
    expect(await hosts("big.test", { useMx: false })).toBe("unknown");
    expect(await mailHosts(names, "[192.0.2.1]")).toMatchObject({
      hosts: [{ name: "[192.0.2.1]", address: "192.0.2.1" }],
    });
    expect(await mailHosts(names, "[IPv6:2001:DB8::1]")).toMatchObject({ hosts: [{ address: "2001:db8::1" }] });
  });

  test("FallbackMXhost comes last, and helps when DNS fails", async () => {
    expect(await hosts("host.test", { fallback: "twice.test" })).toEqual(["host.test", "a.test"]);
    expect(await hosts("fails.test", { fallback: "[192.0.2.7]" })).toEqual(["[192.0.2.7]"]);
    expect(await hosts("nosuch.test", { fallback: "twice.test" })).toEqual(["a.test"]);
    expect(await hosts("nosuch.test", { fallback: "nosuch.test" })).toBe("unknown");
    expect(await hosts("host.test", { fallback: "nosuch.test" })).toEqual(["host.test"]);
  });
});

test("listMx() lists everything, our own host before its equals", async () => {
  expect(await listMx(names, "tie.test", isOwn)).toEqual({ kind: "hosts", hosts: ["mail.example.test.", "a.test."] });
  expect(await listMx(names, "best.test", isOwn)).toEqual({ kind: "hosts", hosts: ["mail.example.test.", "z.test."] });
  expect(await listMx(names, "[127.1]x", isOwn)).toEqual({ kind: "hosts", hosts: ["[127.1]x"] });
  expect(await listMx(names, "192.0.2.1", isOwn)).toEqual({ kind: "nobody", exists: false });
  expect(await listMx({ ...names, services: ["files"] }, "tie.test", isOwn)).toEqual({ kind: "nobody", exists: true });
});

test("splitHostList() knows brackets", () => {
  expect(splitHostList("a.test:b.test,c.test")).toEqual(["a.test", "b.test", "c.test"]);
  expect(splitHostList("[192.0.2.1]: [IPv6:2001:db8::1]:a.test.")).toEqual([
    "[192.0.2.1]",
    "[IPv6:2001:db8::1]",
    "a.test.",
  ]);
  expect(splitHostList("2001:db8::1")).toEqual(["2001:db8::1"]);
  expect(splitHostList("")).toEqual([]);
  expect(splitHostList("::")).toEqual(["::"]);
});

test("names of exchangers that are no host names are left out, and nothing stands in for them", async () => {
  expect(await hosts("odd.test")).toEqual(["a_b-c.test"]);
  expect(await hosts("useless.test")).toBe("unknown");
});
