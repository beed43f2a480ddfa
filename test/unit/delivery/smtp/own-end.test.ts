/** {if_addr_out}, {if_name_out}, {if_family_out}: values as a genuine sendmail 8.17 has them for the same addresses. */
import { expect, test } from "@jest/globals";
import { OwnEnd } from "../../../../src/delivery/smtp/own-end.ts";
import { shownAddress } from "../../../../src/delivery/smtp/socket.ts";
import { RulesetTable } from "../../../../src/rewriting/rulesets.ts";
import { testEnvironment } from "../../../support/delivery-job.ts";
import { sink } from "../../../support/smtp-delivery.ts";
import { smtpSite } from "../../../support/smtp-site.ts";

const ZONE = {
  "PTR 1.2.0.192.in-addr.arpa": ["out.a.test"],
  "PTR 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": ["six.a.test."],
  "PTR 9.2.0.192.in-addr.arpa": ["not a name"],
};
const { names } = testEnvironment({ zone: ZONE });

/** Rules that read these macros. */
function reading(...macros: readonly string[]): { rulesets: RulesetTable } {
  const rulesets = new RulesetTable();
  const { number } = rulesets.define("tls_server");
  const rhs = macros.map((name) => ({ kind: "macro", name }) as const);
  const at = { file: "test.cf", line: 1, column: 1 };
  rulesets.add(number!, { lhs: [{ kind: "any" }], rhs, control: "once", wildcards: 1, at });
  return { rulesets };
}

const ALL = reading("if_addr_out", "if_name_out", "if_family_out");

test.each([
  ["192.0.2.1", "192.0.2.1", "2", "out.a.test"],
  ["::ffff:192.0.2.1", "192.0.2.1", "2", "out.a.test"],
  ["2001:db8::1", "IPv6:2001:db8::1", "10", "six.a.test"],
  ["192.0.2.2", "192.0.2.2", "2", "[192.0.2.2]"],
  ["::1", undefined, undefined, "[IPv6:::1]"],
  ["127.0.0.5", undefined, undefined, "[127.0.0.5]"],
])("of a connection from %s", async (localAddress, address, family, name) => {
  const values = new Map(await new OwnEnd(ALL, names).macros({ localAddress }));
  expect(values.get("if_addr_out")).toBe(address);
  expect(values.get("if_family_out")).toBe(family);
  expect(values.get("if_name_out")).toBe(name);
});

test("a unix socket and a program have none", () => {
  expect(new OwnEnd(ALL, names).macros({})).toEqual([]);
});

test.each([
  [{ kind: "tcp", address: "192.0.2.1", port: 25 } as const, "192.0.2.1"],
  [{ kind: "tcp", address: "2001:db8::1", port: 25 } as const, "IPv6:2001:db8::1"],
  [{ kind: "unix", path: "/run/lmtp" } as const, ""],
])("{server_addr} of %j is %j, as keys of access tables are", (target, shown) => {
  expect(shownAddress({ target, peer: { name: "mx.b.test", relay: "mx.b.test" }, serverName: "mx.b.test" })).toBe(
    shown,
  );
});

test("the name is asked for where a rule reads it, and nowhere else", async () => {
  const asked: string[] = [];
  const counting = {
    ...names,
    resolver: {
      query: (name: string, type: "PTR") => {
        asked.push(name);
        return names.resolver.query(name, type);
      },
    },
  } as typeof names;
  const from = { localAddress: "192.0.2.1" };
  expect(await new OwnEnd(reading("server_name"), counting).macros(from)).toEqual([]);
  await new OwnEnd(reading("if_addr_out"), counting).macros(from);
  expect(asked).toEqual([]);
  await new OwnEnd(reading("if_name_out"), counting).macros(from);
  expect(asked).toEqual(["1.2.0.192.in-addr.arpa"]);
});

test("EHLO says only what is a full name", async () => {
  const own = new OwnEnd(reading(), names);
  expect(await own.helloName({ localAddress: "192.0.2.1" })).toBe("out.a.test");
  for (const localAddress of ["192.0.2.9", "192.0.2.2", "127.0.0.1"]) {
    expect(await own.helloName({ localAddress })).toBeUndefined();
  }
});

test.each(["TRY_TLS", "TLS_SERVER", "TLS_RCPT"])("rules of %s see them at the first connection", async (ruleset) => {
  const server = await sink({ extensions: ["STARTTLS"] });
  const show = 'R$*\t\t\t$#error $@ 4.7.0 $: "450 " a=$&{if_addr_out} f=$&{if_family_out} n=$&{if_name_out}';
  const zone = { "A mx.b.test": ["127.0.0.1"], "PTR 1.0.0.127.in-addr.arpa": ["here.a.test"] };
  const site = await smtpSite([`LOCAL_${ruleset}`, show], server.port, {}, zone);
  await site.deliver();
  const line = site.log.find((each) => each.startsWith(`ruleset=${ruleset.toLowerCase()},`)) ?? "";
  // On loopback, only the name.
  expect(line.replaceAll(" ", "")).toMatch(/reject=450(?:4\.7\.0)?a=f=n=here\.a\.test$/);
});
