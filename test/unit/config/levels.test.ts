/**
 * What the level of a file (its V line) changes, level by level: the table of docs/language.md, section 11. The values are
 * those that sendmail gives.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import type { Config } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { configEnvironment } from "../../support/config-environment.ts";
import { decide } from "../../support/decisions.ts";

const folder = mkdtempSync(join(tmpdir(), "rulemail-levels-"));
const before = process.env.RULEMAIL_MACHINE;
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (before === undefined) delete process.env.RULEMAIL_MACHINE;
  else process.env.RULEMAIL_MACHINE = before;
});

/** Test mode works on a machine without name servers that knows one host. */
const hostsFile = join(folder, "hosts");
writeFileSync(hostsFile, "192.0.2.7 mail.example.test mail\n");
writeFileSync(join(folder, "switch"), "hosts files\n");
process.env.RULEMAIL_MACHINE = join(folder, "machine.json");
writeFileSync(process.env.RULEMAIL_MACHINE, JSON.stringify({ ...configEnvironment.machine, hostsFile }));

const LEVELS = [undefined, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const since = (level: number | undefined, first: number): boolean => (level ?? 0) >= first;

const TEXT = `O ServiceSwitchFile=${folder}/switch
DeGreeting of old
Do.:%@!^/[]+
Dcn
Sname
R$*	$: $[ $1 $: default $]
Shash
Rx	y # z
Sparentheses
R$* (a) $*	$@ found $1 $2
R$*	$@ other $1
Mlocal, P=/bin/mail, F=ls, A=mail $u
Mprog, P=/bin/sh, F=ls, A=sh -c $u
Mshort, P=/bin/short, F=mL, A=short $u
Mlong, P=/bin/long, F=m, A=long $u
`;

let count = 0;
function write(level: number | undefined): string {
  const file = join(folder, `${count++}.cf`);
  writeFileSync(file, `${level === undefined ? "" : `V${level}\n`}${TEXT}`);
  return file;
}

async function configOf(level: number | undefined): Promise<Config> {
  return (await loadConfig(write(level), configEnvironment)).config!;
}

async function answers(level: number | undefined, ...typed: string[]): Promise<string[]> {
  return (await decide(write(level), typed)).map(({ answer }) => answer);
}

describe.each(LEVELS)("a file of level %s", (level) => {
  test("names that are asked for end in a dot since level 2", async () => {
    const dot = since(level, 2) ? " ." : "";
    expect(await answers(level, "name mail", "name nowhere.invalid")).toEqual([
      `mail . example . test${dot}`,
      "default",
    ]);
  });

  test("F=L means seven bits below level 2", async () => {
    const { mailers } = await configOf(level);
    expect([mailers.get("short")!.flags.has("7"), mailers.get("long")!.flags.has("7")]).toEqual([
      !since(level, 2),
      false,
    ]);
  });

  test("a hash mark begins a comment anywhere since level 3", async () => {
    expect(await answers(level, "hash x")).toEqual([since(level, 3) ? "y" : "y # z"]);
  });

  test("$w is the full name below level 5", async () => {
    const { macros } = await configOf(level);
    const full = configEnvironment.machine.hostName;
    expect(macros.get("w")).toBe(since(level, 5) ? full.replace(/\..*/, "") : full);
  });

  test("a colon is no sign of a group below level 6", async () => {
    expect((await configOf(level)).options.text("ColonOkInAddr")).toBe(since(level, 6) ? "false" : "true");
  });

  test("macros e and o are options below level 7", async () => {
    const { options } = await configOf(level);
    const old = [options.text("SmtpGreetingMessage"), options.text("OperatorChars")];
    expect(old).toEqual(
      since(level, 7) ? [expect.not.stringContaining("old"), ".:@[]"] : ["Greeting of old", ".:%@!^/[]+"],
    );
  });

  test("parentheses are comments below level 9, in rules and in what they are given", async () => {
    const typed = ["parentheses b (a) c", "parentheses b c"];
    expect(await answers(level, ...typed)).toEqual(["found b c", since(level, 9) ? "other b c" : "found b c"]);
  });
});
