/** For whom senders are looked at, and what becomes of fields that others wrote in our name. */
import { describe, expect, test } from "@jest/globals";
import type { SenderCheck } from "../../../src/config/sender-checks.ts";
import type { Resolver } from "../../../src/dns/resolver.ts";
import type { HeaderField } from "../../../src/mail/header.ts";
import { judge } from "../../../src/reception/judges.ts";
import { senderJudges } from "../../../src/reception/sender-checks.ts";
import { Transaction } from "../../../src/reception/transaction.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import type { Site } from "../../../src/site/site.ts";
import { isPublic } from "../../../src/smtpd/public-port.ts";
import { readNetworks } from "../../../src/sys/networks.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { zoneResolver } from "../../support/zone-resolver.ts";

interface Client {
  readonly address?: string;
  readonly fromAnywhere?: boolean;
  readonly login?: string;
  /** What the ruleset sender_checks selects; undefined: there is none. */
  readonly selected?: string;
  readonly checks?: readonly SenderCheck[];
  /** What came as Authentication-Results. */
  readonly results?: readonly string[];
}

const log = { enabled: () => false, write: () => undefined };

/** A message of this client: macros, the fields that are left, names that were asked for. */
async function sent({ address = "192.0.2.7", fromAnywhere = true, login = "", ...client }: Client) {
  const { selected, checks = ["spf"], results = [] } = client;
  const resolver = zoneResolver({ "TXT a.test": "v=spf1 ip4:192.0.2.7 ip6:2001:db8::7 -all" });
  const asked: string[] = [];
  const site = {
    senderChecks: {
      checks: new Set(checks),
      authservId: "mail.example.com",
      hostName: "mail.example.com",
      gateways: readNetworks("192.0.2.100"),
      timeLimit: 20_000,
    },
    hosts: { resolver },
    rules: {
      select: () => selected,
      check: (ruleset: string, args: readonly string[]) => {
        asked.push(`${ruleset} ${args.join(" ")}`);
        return { kind: "ok" };
      },
    },
  } as unknown as Site;
  const scope = new MacroScope(undefined, [
    ["client_addr", address],
    ["client_resolve", "OK"],
    ["client_ptr", "mx.a.test"],
    ["auth_type", login],
    ["s", "mx"],
  ]);
  const session = Transaction.ofSession(site, { relay: "x", fromAnywhere }, scope);
  const transaction = session.message({ sender: "joe@a.test", smtputf8: false, isReport: false });
  const court = { judges: senderJudges({ clock: new ManualClock() }), log };
  const fields: HeaderField[] = results.map((value) => ({ name: "Authentication-Results", value }));
  await judge(court, "mail", transaction, { path: "<joe@a.test>" });
  await judge(court, "sender", transaction, { fields });
  const left = transaction.edited(fields).map(({ value }) => value.replaceAll("\r\n", ""));
  return { spf: transaction.scope.get("spf"), asked, names: resolver.asked, left };
}

describe("who is looked at", () => {
  test.each<[string, Client, string | undefined]>([
    ["a stranger", {}, "pass"],
    ["a stranger with IPv6", { address: "IPv6:2001:db8::7" }, "pass"],
    ["another stranger", { address: "192.0.2.8" }, "fail"],
    ["where the ruleset says nothing", { selected: "" }, "pass"],
    ["where the ruleset names the check", { selected: "spf, dkim" }, "pass"],
    ["where the ruleset names others", { selected: "dkim" }, undefined],
    ["where the ruleset says none", { selected: "none" }, undefined],
    ["a login", { login: "PLAIN" }, undefined],
    ["a port for submission, LMTP", { fromAnywhere: false }, undefined],
    ["the loopback", { address: "127.0.0.1" }, undefined],
    ["the loopback of IPv6", { address: "IPv6:::1" }, undefined],
    ["a unix socket", { address: "[UNIX: localhost]" }, undefined],
    ["sendmail -bs", { address: "0" }, undefined],
    ["a gateway of ours", { address: "192.0.2.100" }, undefined],
    ["where only signatures matter", { checks: ["dkim"] }, undefined],
  ])("%s", async (_name, client, result) => {
    const { spf, names, asked } = await sent(client);
    expect(spf).toBe(result);
    const isAsked = result !== undefined;
    expect(names.length > 0).toBe(isAsked);
    expect(asked.filter((each) => each.startsWith("check_spf"))).toEqual(isAsked ? [`check_spf ${result} a.test`] : []);
  });

  test.each<[string, Parameters<typeof isPublic>[0]["modifiers"], Partial<Parameters<typeof isPublic>[0]>, boolean]>([
    ["port 25", new Set(), {}, true],
    ["M=a", new Set("Ea"), {}, false],
    ["the MSA", new Set("E"), { name: "MSA" }, false],
    ["port 587", new Set(), { port: 587 }, false],
    ["port 465", new Set("s"), { port: 465 }, false],
    ["LMTP", new Set("L"), {}, false],
    ["a unix socket", new Set(), { family: "local" }, false],
  ])("%s", (_name, modifiers, change, expected) => {
    const port = {
      name: "MTA",
      family: "inet",
      address: "",
      port: 25,
      modifiers,
      listen: 0,
      extra: new Map(),
    } as const;
    expect(isPublic({ ...port, ...change })).toBe(expected);
  });
});

describe("fields in our name", () => {
  const results = [" mail.example.com; spf=pass", " other.test; spf=pass"];

  test("go, whoever brings them; ours stands in front", async () => {
    const { left } = await sent({ results });
    expect(left).toEqual([
      " mail.example.com;\tiprev=pass (mx.a.test) policy.iprev=192.0.2.7;\tspf=pass smtp.mailfrom=a.test",
      " other.test; spf=pass",
    ]);
    expect((await sent({ results, login: "PLAIN" })).left).toEqual([" other.test; spf=pass"]);
    expect((await sent({ results, address: "127.0.0.1" })).left).toEqual([" other.test; spf=pass"]);
  });

  test("stay when a gateway of ours brings them", async () => {
    expect((await sent({ results, address: "192.0.2.100" })).left).toEqual(results);
  });

  test("a hundred thousand of them are no work", async () => {
    const many = Array.from({ length: 100_000 }, () => " mail.example.com; spf=pass");
    expect((await sent({ results: many })).left).toHaveLength(1);
  });
});

async function turns(count: number): Promise<false> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
  return false;
}

describe("a client whose mail is full of names that never answer", () => {
  const zone = {
    "TXT bank.test": "v=spf1 -all",
    "TXT _dmarc.bank.test": "v=DMARC1; p=reject",
    ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`TXT n${i}.silent.test`, "never"] as const)),
  };

  /** Flooded from there; what is said to a message of the bank from here. */
  async function flooded(checks: readonly SenderCheck[], from: string, here: string) {
    const clock = new ManualClock();
    const answers = zoneResolver(zone);
    // As over the network: nothing is known at once.
    const resolver: Resolver = { query: async (name, type) => answers.query(name, type) };
    const site = {
      senderChecks: {
        checks: new Set(checks),
        authservId: "mail.example.com",
        hostName: "mail.example.com",
        gateways: readNetworks(""),
        timeLimit: 20_000,
      },
      hosts: { resolver },
      statistics: { connection: () => undefined, stopped: () => undefined },
      rules: { select: () => undefined, check: () => ({ kind: "ok" }) },
    } as unknown as Site;
    const court = { judges: senderJudges({ clock }), log };
    const begin = (address: string, sender: string) => {
      const scope = new MacroScope(undefined, [
        ["client_addr", address],
        ["client_resolve", "OK"],
        ["s", "mx"],
      ]);
      const session = Transaction.ofSession(site, { relay: "x", fromAnywhere: true }, scope);
      const transaction = session.message({ sender, smtputf8: false, isReport: false });
      return { transaction, mail: judge(court, "mail", transaction, { path: `<${sender}>` }) };
    };
    // What does the work is loaded.
    await begin("192.0.2.1", "joe@bank.test").mail;
    for (let i = 0; i < 40; i++) void begin(from, `joe@n${i}.silent.test`).mail;
    const bank = begin(here, "joe@bank.test");
    const isKnown = await Promise.race([Promise.resolve(bank.mail).then(() => true), turns(1000)]);
    if (!isKnown) clock.advance(20_000);
    const atMail = await bank.mail;
    const fields = [{ name: "From", value: " joe@bank.test" }];
    const end = Promise.resolve(judge(court, "sender", bank.transaction, { fields }));
    if (!(await Promise.race([end.then(() => true), turns(1000)]))) clock.advance(20_000);
    const atEnd = await end;
    return { atMail, atEnd, dmarc: bank.transaction.scope.get("dmarc") };
  }

  test("is told to come later: what it did not let us find out is no reason to believe it", async () => {
    const { atMail } = await flooded(["spf"], "192.0.2.66", "192.0.2.66");
    expect(atMail).toMatchObject({ kind: "out", reply: { code: 451 } });
    const { atEnd } = await flooded(["spf", "dkim", "dmarc"], "192.0.2.66", "192.0.2.66");
    expect(atEnd).toMatchObject({ kind: "out", reply: { code: 451 } });
  });

  test("is no trouble for others", async () => {
    const { atMail, atEnd, dmarc } = await flooded(["spf", "dkim", "dmarc"], "192.0.2.66", "192.0.2.7");
    expect([atMail.kind, atEnd.kind]).toEqual(["in", "in"]);
    expect(dmarc).toBe("fail");
  });
});
