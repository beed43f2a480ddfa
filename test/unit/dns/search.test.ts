import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { bracketedAddress, literalAddress, canonicalAddress, reverseName } from "../../../src/dns/address.ts";
import { addressesOf, confirms, nameOfAddress } from "../../../src/dns/addresses.ts";
import { Dns2Resolver } from "../../../src/dns/dns2-resolver.ts";
import { openNames, type NameSources } from "../../../src/dns/names.ts";
import { canonify, candidates } from "../../../src/dns/search.ts";
import { systemClock } from "../../../src/sys/clock.ts";
import { isPromise } from "../../../src/sys/maybe-promise.ts";
import { type DnsServer, startDnsServer } from "../../support/dns-server.ts";

const folder = mkdtempSync(join(tmpdir(), "names-"));
const hostsFile = join(folder, "hosts");
let server: DnsServer;
let names: NameSources;

function open(options: Parameters<typeof openNames>[2] = {}): NameSources {
  const machine = server.machine({ hostsFile });
  return openNames(machine, new Dns2Resolver({ machine, clock: systemClock }), options);
}

beforeAll(async () => {
  writeFileSync(
    hostsFile,
    `127.0.0.1 localhost
192.0.2.50 alpha beta.other.test gamma
192.0.2.52 Eps.Test eps
2001:db8:0::7 seven
`,
  );
  server = await startDnsServer({
    "mail.example.test": ["A 192.0.2.1"],
    "www.example.test": ["CNAME mail.example.test"],
    "dotted.name.example.test": ["A 192.0.2.2"],
    "mxonly.test": ["MX 10 mail.example.test"],
    "v6.test": ["AAAA 2001:db8::6"],
    "both.test": ["A 192.0.2.12", "AAAA 2001:db8::12"],
    "mxalias.test": ["CNAME mxonly.test"],
    "half.test": ["AAAA 2001:db8::9"],
    "fails.test": ["SERVFAIL"],
    "sf.example.test": ["SERVFAIL"],
    "none.test": ["NODATA"],
    tld: ["A 192.0.2.9"],
    "x.y": ["A 192.0.2.3"],
    "10.2.0.192.in-addr.arpa": ["PTR host.remote.test"],
    "host.remote.test": ["A 192.0.2.10"],
    "66.2.0.192.in-addr.arpa": ["PTR forged.test"],
    "forged.test": ["A 192.0.2.67"],
    "99.2.0.192.in-addr.arpa": ["SERVFAIL"],
    [reverseName("2001:db8::6")]: ["PTR v6.test"],
  });
  names = open();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

describe("canonify()", () => {
  const cases: readonly [string, string, object][] = [
    ["a complete name", "mail.example.test", { kind: "found", name: "mail.example.test" }],
    ["a short name by the search list", "mail", { kind: "found", name: "mail.example.test" }],
    ["a name with dots by the search list", "dotted.name", { kind: "found", name: "dotted.name.example.test" }],
    ["an alias", "www.example.test", { kind: "found", name: "mail.example.test" }],
    ["a short alias", "www", { kind: "found", name: "mail.example.test" }],
    ["a name with nothing but MX", "mxonly.test", { kind: "found", name: "mxonly.test" }],
    ["an alias of such a name", "mxalias.test", { kind: "found", name: "mxonly.test" }],
    ["a name with nothing but AAAA", "v6.test", { kind: "found", name: "v6.test" }],
    ["a final dot", "x.y.", { kind: "found", name: "x.y" }],
    ["a top-level domain without dot", "tld", { kind: "missing" }],
    ["no such name", "nosuch.invalid", { kind: "missing" }],
    ["a name without records", "none.test", { kind: "missing" }],
    ["nonsense", "x..y", { kind: "missing" }],
    ["a blank", "a b", { kind: "missing" }],
    ["a failing name", "fails.test", { kind: "tempfail", reason: "127.0.0.1: SERVFAIL" }],
    ["a failing name of the search list", "sf", { kind: "tempfail", reason: "127.0.0.1: SERVFAIL" }],
    ["a name of the hosts file, by its name with a dot", "alpha", { kind: "found", name: "beta.other.test" }],
    ["the spelling of the hosts file", "EPS", { kind: "found", name: "Eps.Test" }],
    ["a short name of the hosts file, with our domain", "localhost", { kind: "found", name: "localhost.example.test" }],
  ];
  test.each(cases)("%s: %s", async (_, name, expected) => {
    expect(await canonify(names, name)).toEqual(expected);
  });

  test("comes at once when the cache knows", async () => {
    await canonify(names, "www");
    expect(isPromise(canonify(names, "www"))).toBe(false);
  });

  test("keeps aliases when told to", async () => {
    expect(await canonify(open({ keepAliases: true }), "www.example.test")).toMatchObject({ name: "www.example.test" });
  });

  test("takes no MX for a proof when a wildcard MX exists", async () => {
    expect(await canonify(open({ wildcardMx: true }), "mxonly.test")).toEqual({ kind: "missing" });
  });

  test("a domain with exchangers costs one question, and they are what is asked for next; others two or three", async () => {
    for (const [name, types] of [
      ["mxonly.test", ["MX"]],
      ["x.y", ["MX", "A"]],
      ["half.test", ["MX", "A", "AAAA"]],
      ["nosuch.test.", ["MX"]],
    ] as const) {
      const before = server.asked.length;
      await canonify(open(), name);
      expect(server.asked.slice(before)).toEqual(types.map((type) => `udp ${type} ${name.replace(/\.$/, "")}`));
    }
  });

  test("asks in the order of the service switch", async () => {
    expect(await canonify(open({ services: ["files"] }), "mail.example.test")).toEqual({ kind: "missing" });
    expect(await canonify(open({ services: ["files", "dns"] }), "gamma")).toMatchObject({ name: "beta.other.test" });
  });
});

test("candidates() puts the search list first for names with few dots", () => {
  const machine = { search: ["a.test", "b.test"], ndots: 2 };
  expect(candidates("x.y", machine)).toEqual(["x.y.a.test", "x.y.b.test", "x.y"]);
  expect(candidates("x.y.z", machine)).toEqual(["x.y.z", "x.y.z.a.test", "x.y.z.b.test"]);
  expect(candidates("x", machine)).toEqual(["x.a.test", "x.b.test"]);
  expect(candidates("x.y.", machine)).toEqual(["x.y"]);
});

describe("addressesOf()", () => {
  test("both families", async () => {
    expect(await addressesOf(names, "both.test")).toEqual({
      kind: "found",
      addresses: [
        { address: "2001:db8::12", family: 6 },
        { address: "192.0.2.12", family: 4 },
      ],
      canonicalName: "both.test",
      secure: false,
    });
    expect(isPromise(addressesOf(names, "both.test"))).toBe(false);
  });

  test("hosts file and addresses as text need no DNS", () => {
    expect(addressesOf(names, "alpha")).toMatchObject({ addresses: [{ address: "192.0.2.50", family: 4 }] });
    expect(addressesOf(names, "192.0.2.99")).toMatchObject({ addresses: [{ address: "192.0.2.99", family: 4 }] });
  });

  test("outcomes without an address", async () => {
    expect(await addressesOf(names, "mxonly.test")).toEqual({ kind: "nodata" });
    expect(await addressesOf(names, "nosuch.test")).toEqual({ kind: "nxdomain" });
    expect(await addressesOf(names, "fails.test")).toMatchObject({ kind: "tempfail" });
    expect(await addressesOf(open({ services: ["files"] }), "both.test")).toEqual({ kind: "nxdomain" });
  });

  test("a changed hosts file is read again", () => {
    const file = join(folder, "changing");
    writeFileSync(file, "192.0.2.1 one\n");
    const changing = open({ hostsFile: file, services: ["files"] });
    expect(addressesOf(changing, "two")).toEqual({ kind: "nxdomain" });
    writeFileSync(file, "192.0.2.1 one\n192.0.2.2 two\n");
    expect(addressesOf(changing, "two")).toMatchObject({ kind: "found" });
  });
});

describe("reverse names", () => {
  test("reverseName() writes both families", () => {
    expect(reverseName("192.0.2.10")).toBe("10.2.0.192.in-addr.arpa");
    expect(reverseName("2001:db8::6")).toBe(`6.${"0.".repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`);
  });

  test("nameOfAddress() asks hosts file and DNS", async () => {
    expect(await nameOfAddress(names, "192.0.2.10")).toEqual({ kind: "found", name: "host.remote.test" });
    expect(await nameOfAddress(names, "2001:db8:0:0:0:0:0:6")).toEqual({ kind: "found", name: "v6.test" });
    expect(await nameOfAddress(names, "192.0.2.50")).toEqual({ kind: "found", name: "alpha" });
    expect(await nameOfAddress(names, "192.0.2.11")).toEqual({ kind: "missing" });
    expect(await nameOfAddress(names, "192.0.2.99")).toMatchObject({ kind: "tempfail" });
    expect(await nameOfAddress(names, "nonsense")).toEqual({ kind: "missing" });
  });

  test("confirms() finds a forged name out", async () => {
    expect(await confirms(names, "host.remote.test", "192.0.2.10")).toBe(true);
    expect(await confirms(names, "v6.test", "2001:DB8::6")).toBe(true);
    expect(await confirms(names, "forged.test", "192.0.2.66")).toBe(false);
    expect(await confirms(names, "fails.test", "192.0.2.66")).toBe("tempfail");
  });
});

test("bracketedAddress() reads what the C library reads", () => {
  expect(bracketedAddress("[127.1]")).toBe("127.0.0.1");
  expect(bracketedAddress("[0x7f.0.0.010]")).toBe("127.0.0.8");
  expect(bracketedAddress("[2130706433 ]x")).toBe("127.0.0.1");
  expect(bracketedAddress("[IPv6:2001:DB8::1]")).toBe("2001:db8::1");
  for (const none of ["[]", "[1.2.3.256]", "[1.2.3.4", "127.1", "[1.2.3.4.5]", "[09]", "[host]"]) {
    expect(bracketedAddress(none)).toBeUndefined();
  }
});

test("literalAddress() reads what stands in brackets", () => {
  expect(literalAddress("[192.0.2.1]")).toBe("192.0.2.1");
  expect(literalAddress("[IPv6:2001:DB8::1]")).toBe("2001:db8::1");
  expect(literalAddress("[2001:db8:0:0:0:0:0:1]")).toBe("2001:db8::1");
  expect(literalAddress("[mail.test]")).toBeUndefined();
  expect(literalAddress("192.0.2.1")).toBeUndefined();
  expect(canonicalAddress("fe80::1%eth0")).toBeUndefined();
});
