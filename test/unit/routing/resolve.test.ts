import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Config } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { createMailRules } from "../../../src/routing/resolve.ts";
import type { MailRules } from "../../../src/routing/mail-rules.ts";
import { isPromise } from "../../../src/sys/maybe-promise.ts";
import { configEnvironment } from "../../support/config-environment.ts";

const folder = mkdtempSync(join(tmpdir(), "rulemail-rules-"));
let config: Config;
let rules: MailRules;

beforeAll(async () => {
  const file = join(folder, "rules.cf");
  writeFileSync(
    file,
    [
      "V10",
      "O OperatorChars=.:%@!^/[]+",
      "O BlankSub=.",
      "Mlocal, P=/bin/mail, F=ls, R=20, A=mail $u",
      "Msmtp, P=[IPC], F=u, S=11, A=TCP $h",
      "Scanonify=3",
      "R$* < $+ > $*\t$2",
      "Rround@$+\t$>canonify round@$1",
      "Sparse=0",
      "Rcircle@$+\t$>parse circle@$1",
      'Rnobody@$+\t$#error $@ 5.1.1 $: "550 5.1.1 nobody here"',
      'Rbusy@$+\t$#error $@ 4.7.1 $: "451 4.7.1 come back"',
      "Rplain@$+\t$#error $@ 5.1.1 $: 550 no mail here",
      "Rdrop\t$#discard $: drop",
      "Rkind@$*\t$#smtp $@ kinds $: $&{addr_type}",
      "R$+@$+\t$#smtp $@ $2 $: $1@$2",
      "R$+\t$#local $: $1",
      "S11",
      "Rkind@$*\t$@ $&{addr_type}",
      "R$*\t$@ out.$1",
      "S20",
      "R$*\t$@ box.$1",
      "S5",
      "Rjoe\t$#smtp $@ hub $: joe@hub",
      "Scheck_mail",
      'Rbad@$*\t$#error $@ 5.7.1 $: "550 Access denied"',
      "Rhold@$*\t$#error $@ quarantine $: looks odd",
      "Rsink@$*\t$#discard $: discard",
      "Rcircle@$*\t$>check_mail circle@$1",
      "Scheck_relay",
      'R$* $| 192.0.2.1\t$#error $: "421 4.7.0 too many"',
      "Scheck_subject",
      'R$* spam $*\t$#error $@ 5.7.1 $: "550 spam " $1',
      'R$*\t$#error $@ 5.7.1 $: "550 other " $1',
      "Sgreet_pause",
      "R$*\t$# 5000",
    ].join("\n"),
  );
  const loaded = await loadConfig(file, configEnvironment);
  expect(loaded.messages).toEqual([]);
  config = loaded.config!;
  rules = createMailRules(config);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("resolve()", () => {
  test("answers at once with the triple; the user keeps its case only with F=u", () => {
    expect(rules.resolve("Joe@Example.ORG", config.macros)).toEqual({
      kind: "triple",
      triple: { mailer: "smtp", host: "example.org", user: "Joe@Example.ORG" },
      canonical: "Joe@Example.ORG",
    });
    expect(rules.resolve("<Joe> (him)", config.macros)).toMatchObject({
      triple: { mailer: "local", host: "", user: "box.joe" },
    });
  });

  test("$#error becomes the reply its text describes", () => {
    expect(rules.resolve("nobody@a.test", config.macros)).toEqual({
      kind: "error",
      reply: { code: 550, enhanced: "5.1.1", lines: ["nobody here"], exit: 67 },
    });
    expect(rules.resolve("plain@a.test", config.macros)).toMatchObject({ reply: { lines: ["no mail here"] } });
    expect(rules.resolve("busy@a.test", config.macros)).toMatchObject({ reply: { code: 451, enhanced: "4.7.1" } });
  });

  test("rules that call each other without end are a temporary failure, wherever they stand", () => {
    for (const address of ["round@a.test", "circle@a.test"]) {
      const later = rules.resolve(address, config.macros);
      expect(later).toMatchObject({ reply: { code: 451, enhanced: "4.3.5" } });
    }
    expect(rules.check("check_mail", ["circle@a.test"], config.macros)).toMatchObject({
      kind: "defer",
      reply: { code: 451 },
    });
    const { sender } = config.mailers.get("smtp")!;
    expect(sender.envelope).toBeGreaterThan(0);
    const role = { role: "sender", part: "envelope" } as const;
    expect(rules.rewrite(config.mailers.get("smtp")!, "round@a.test", role, config.macros)).toMatchObject({
      kind: "tempfail",
    });
  });

  test("$#discard discards", () => {
    expect(rules.resolve("drop", config.macros)).toEqual({ kind: "discard" });
  });
});

function local(user: string): ReturnType<MailRules["localAddress"]> {
  return rules.localAddress({ mailer: "local", host: "", user }, config.macros);
}

test("localAddress() gives ruleset 5 the user, and nothing when it stays", () => {
  expect(local("joe")).toMatchObject({ kind: "triple", triple: { mailer: "smtp", host: "hub", user: "joe@hub" } });
  expect(local("jane")).toBeUndefined();
});

test("check() tells the verdicts apart and accepts when there is no such ruleset", () => {
  const check = (...args: string[]) => rules.check("check_mail", args, config.macros);
  expect(check("good@a")).toEqual({ kind: "ok" });
  expect(check("bad@a")).toMatchObject({ kind: "refuse", reply: { code: 550, enhanced: "5.7.1" } });
  expect(check("hold@a")).toMatchObject({ kind: "quarantine", reason: "looks odd" });
  expect(check("sink@a")).toMatchObject({ kind: "discard" });
  expect(rules.check("check_relay", ["host.test", "192.0.2.1"], config.macros)).toMatchObject({
    kind: "defer",
    reply: { code: 421 },
  });
  expect(rules.check("check_nothing", ["x"], config.macros)).toEqual({ kind: "ok" });
});

// As a genuine sendmail answered to Subject: fields.
test.each([
  ["x spam", "spam x", "spam x"],
  ["x\xc3\xbc spam", "spam x\xc3\xbc", "spam x\xc3\xbc"],
  ["x\xc3\x9f spam", "spam x\xc3\x9f", "spam x\xc3\x9f"],
  ["\xd0\x98\xd0\xb2 spam", "spam \xd0\x98\xd0\xb2", "spam \xd0\x98\xd0\xb2"],
  ["(a) spam", "spam ", "spam (a)"],
  ["(only)", undefined, "other (only)"],
  ["", undefined, undefined],
  ["  ", undefined, undefined],
  ["a) spam", "spam a", "spam a)"],
  ["$# error spam", "spam $# error", "spam $# error"],
  [`${"w".repeat(300)} spam`, undefined, undefined],
  [`${"a . ".repeat(700)} spam`, undefined, undefined],
  // Octets that mean something inside rulesets mean nothing when a stranger writes them.
  ["\x9a spam", "spam ?", "spam ?"],
  ["\xff\x9a spam", "spam ?\x9a", "spam ?\x9a"],
  ["\x92 error spam", "spam ? error", "spam ? error"],
])("checkText() of %j: %j, with comments %j", (text, stripped, kept) => {
  const ask = (keepComments: boolean) => {
    const verdict = rules.checkText("check_subject", text, { keepComments, notes: { left: 1 } }, config.macros);
    if (isPromise(verdict) || verdict.kind === "ok") return undefined;
    return verdict.kind === "refuse" ? verdict.reply.lines.join() : verdict.kind;
  };
  expect([ask(false), ask(true)]).toEqual([stripped, kept]);
});

test("select() returns the text after $#", () => {
  expect(rules.select("greet_pause", ["a", "b"], config.macros)).toBe("5000");
  expect(rules.select("srv_features", ["a"], config.macros)).toBeUndefined();
});

test("rewrite() applies S= to senders and keeps phrase and comments in headers", () => {
  const smtp = config.mailers.get("smtp")!;
  expect(rules.rewrite(smtp, "a@b", { role: "sender", part: "envelope" }, config.macros)).toEqual({
    kind: "address",
    text: "out.a@b",
  });
});

/** The blank of its two letters is a BlankSub here. */
describe("{addr_type} in rules", () => {
  test.each([
    [undefined, "e.r"],
    ["recipient", "e.r"],
    ["sender", "e.s"],
  ] as const)("where mail goes, asked about a %s", async (role, kind) => {
    const resolution = await rules.resolve("kind@x", config.macros.child(), undefined, role);
    expect(resolution).toMatchObject({ kind: "triple", triple: { user: kind } });
  });

  test.each([
    ["sender", "envelope", "e.s"],
    ["sender", "header", "h.s"],
  ] as const)("of the name that a %s has in the %s", async (role, part, kind) => {
    expect(
      await rules.rewrite(config.mailers.get("smtp")!, "kind@x", { role, part }, config.macros.child()),
    ).toMatchObject({ text: kind });
  });
});
