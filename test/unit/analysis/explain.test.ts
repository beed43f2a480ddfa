import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { readArguments } from "../../../src/cli/arguments.ts";
import { runExplain } from "../../../src/cli/explain.ts";
import { Output } from "../../../src/cli/output.ts";
import { runTestMode } from "../../../src/cli/test-mode.ts";
import type { Explanation } from "../../../src/analysis/explain.ts";
import { runCommand } from "../../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "rulemail-explain-"));
const file = join(folder, "mail.cf");
const before = process.env.RULEMAIL_MACHINE;

const CF = `V10
O OperatorChars=.:%@!^/[]+
Mlocal, P=/bin/mail, F=lsm, S=10/11, R=20/21, A=mail $u
Msmtp, P=[IPC], F=mu, S=10/11, R=20/21, A=TCP $h
Ktable text -k0 -v1 -a! ${folder}/table
Kgone text ${folder}/nowhere
S3
R$+ @ $+	$: $1 < @ $2 >
S0
R$+ < @ refused.test >	$#error $@ 5.7.1 $: "550 5.7.1 no mail for " $1
R$+ < @ later.test >	$: $(gone $1 $) < @ later.test >
R$+ < @ loop.test >	$>loop $1
R$+ < @ $+ >	$: $>known $1 < @ $2 >
R$+ < @ $+ >	$#smtp $@ $2 $: $1 < @ $2 >
R$+	$#local $: $1
Sknown
R$+ < @ $+ >	$: $(table $2 $@ $1 $: none $) | $1 < @ $2 >
Rnone | $*	$@ $1
R$+ | $+ < $* >	$@ $2
Sloop
R$*	$@ $>loop $1
S20
R$+ < @ $+ >	$1 @ $2
S21
R$+ < @ $+ >	$1 @ header. $2
S10
R$+ < @ $+ >	$1 @ $2
`;

beforeAll(() => {
  writeFileSync(join(folder, "machine.json"), JSON.stringify({ hostName: "mx.here.test", nameServers: [] }));
  process.env.RULEMAIL_MACHINE = join(folder, "machine.json");
  writeFileSync(file, CF);
  writeFileSync(join(folder, "table"), "here.test yes\n");
});
afterAll(() => {
  if (before === undefined) delete process.env.RULEMAIL_MACHINE;
  else process.env.RULEMAIL_MACHINE = before;
  rmSync(folder, { recursive: true, force: true });
});

async function explain(...words: string[]): Promise<{ status: number; output: string; errors: string }> {
  const result = await runCommand(runExplain, ["-C", file, ...words]);
  return { ...result, output: result.output.replaceAll(folder, "D") };
}

async function told(...words: string[]): Promise<Explanation> {
  return JSON.parse((await explain("--json", ...words)).output) as Explanation;
}

describe("rulemail explain", () => {
  test("tells where an address goes, which rules fired, where they stand, and what maps said", async () => {
    const { status, output } = await explain("--all", "joe@far.test");
    expect(status).toBe(0);
    const lines = output.split("\n");
    expect(lines.slice(0, 5)).toEqual([
      "joe@far.test, as a recipient:",
      "canonical form: joe<@far.test>",
      "goes to mailer smtp, host far.test, user joe@far.test",
      "envelope recipient for mailer smtp: joe@far.test",
      "header recipient for mailer smtp: joe@header.far.test",
    ]);
    expect(output).toContain(
      "    D/mail.cf:8: R$+ @ $+   ->   $: $1 < @ $2 >\n        makes it: joe < @ far . test >\n",
    );
    expect(output).toContain('map table is asked for "far.test", "joe": not there\n');
  });

  test("is about ten lines long unless all is asked for: the answer, and the rule that decided", async () => {
    const { output } = await explain("joe@far.test");
    const lines = output.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(10);
    expect(lines.slice(-2)).toEqual([
      "decided by D/mail.cf:14: R$+ < @ $+ >   ->   $# smtp $@ $2 $: $1 < @ $2 >",
      "6 rules fired: --all shows them",
    ]);
    expect((await explain("joe@here.test")).output).toContain(
      'map table is asked for "here.test", "joe": found "yes!"\n',
    );
  });

  test.each([
    ["joe@far.test", 0],
    ["joe@refused.test", 69],
    ["joe@later.test", 75],
  ])("ends for %s with status %i", async (address, status) => {
    expect((await explain(address)).status).toBe(status);
  });

  test("of several addresses the one that is refused for good gives the status", async () => {
    expect((await explain("joe@later.test", "joe@far.test", "joe@refused.test")).status).toBe(69);
    expect((await explain("joe@far.test", "joe@later.test", "joe@far.test")).status).toBe(75);
  });

  test("tells what a map has found", async () => {
    const { rulesets, outcome } = await told("joe@here.test");
    expect(outcome).toEqual({ kind: "mailer", mailer: "local", host: "", user: "joe" });
    const known = rulesets.find(({ ruleset }) => ruleset === "0")!.rules[0].calls[0];
    expect(known).toMatchObject({
      ruleset: "known",
      input: "joe < @ here . test >",
      output: "joe",
      status: 0,
      rules: [
        { line: 17, lookups: [{ map: "table", key: "here.test", args: ["joe"], answer: "found", value: "yes!" }] },
        { line: 19, lhs: "$+ | $+ < $* >", rhs: "$@ $2", after: "joe", lookups: [], calls: [] },
      ],
    });
  });

  test("tells the reply of $#error", async () => {
    const { outcome, sent } = await told("joe@refused.test");
    expect(outcome).toEqual({ kind: "error", reply: { code: 550, enhanced: "5.7.1", text: "no mail for joe" } });
    expect(sent).toEqual([]);
    expect((await explain("joe@refused.test")).output).toContain("\nis refused: 550 5.7.1 no mail for joe\n");
  });

  test("a look-up that does not answer is status 75, and the map says why", async () => {
    const { status, output } = await explain("joe@later.test");
    expect(status).toBe(75);
    expect(output).toMatch(/^cannot be told now, a look-up does not answer: 451 /m);
    expect(output).toMatch(/map gone is asked for "joe": does not answer: .*nowhere/);
  });

  test("a sender is rewritten for every mailer; mailers that get the same stand together", async () => {
    const { sent, role } = await told("--as", "sender", "joe@far.test");
    expect(role).toBe("sender");
    expect(sent.map(({ part, mailers, text }) => ({ part, mailers, text }))).toEqual([
      { part: "envelope", mailers: ["prog"], text: "joe<@far.test>" },
      { part: "envelope", mailers: ["local", "smtp"], text: "joe@far.test" },
      { part: "header", mailers: ["prog", "local", "smtp"], text: "joe<@far.test>" },
    ]);
  });

  test("--mailer asks about another mailer", async () => {
    const { sent } = await told("--mailer", "LOCAL", "joe@far.test");
    expect(sent.map(({ part, mailers, text }) => [part, mailers[0], text])).toEqual([
      ["envelope", "local", "joe@far.test"],
      ["header", "local", "joe@header.far.test"],
    ]);
    expect(await explain("--mailer", "nosuch", "joe")).toMatchObject({
      status: 64,
      errors: expect.stringContaining("no mailer is called nosuch; there are prog") as unknown,
    });
  });

  test("rules that go on without end make a story that ends", async () => {
    const story = await told("joe@loop.test");
    expect(story.messages).toContainEqual(expect.stringContaining("excessive recursion"));
    expect(JSON.stringify(story).length).toBeLessThan(2_000_000);
  });

  test("JSON is one line of ASCII for each address; octets keep their value", async () => {
    const { output } = await explain("--json", "jö@far.test", "b@far.test");
    const lines = output.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^[\x20-\x7e]+$/);
    expect((JSON.parse(lines[0]) as Explanation).address).toBe("j\xc3\xb6@far.test");
    expect(output).not.toMatch(/\\u00[89]/);
  });

  test("without an address, and with an unknown option, it says how it is used", async () => {
    expect(await explain()).toMatchObject({
      status: 64,
      errors: expect.stringContaining("name an address") as unknown,
    });
    expect((await explain("--nosuch", "a")).status).toBe(64);
    expect((await runCommand(runExplain, ["-C", join(folder, "none.cf"), "a"])).status).toBe(72);
  });
});

async function dialogue(lines: string): Promise<string> {
  let printed = "";
  await runTestMode(readArguments("sendmail", ["-bt", "-C", file]), {
    input: (async function* once() {
      yield Buffer.from(lines);
    })(),
    output: new Output((octets) => void (printed += octets.toString("latin1"))),
  });
  return printed.replaceAll(folder, "D");
}

describe("/explain", () => {
  test("tells the same story, and the traces around it stay as they are", async () => {
    const plain = await dialogue("3,0 joe@here.test\n");
    const around = await dialogue("/explain joe@far.test\n3,0 joe@here.test\n");
    const { output } = await explain("joe@far.test");
    expect(around).toBe(plain.replace("\n> ", `\n> ${output}> `));
  });

  test("takes the role from /tryflags, and --json", async () => {
    const printed = await dialogue("/tryflags hs\n/explain --json joe@far.test\n/explain\n");
    const json = printed
      .split("\n")
      .find((line) => line.startsWith("> > {"))!
      .slice(4);
    expect(JSON.parse(json)).toMatchObject({ role: "sender", address: "joe@far.test" });
    expect(printed).toContain("Usage: /explain [--all|--json] address");
  });
});
