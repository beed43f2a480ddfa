/**
 * What configurations made with the library decide about many addresses, hosts and states of a session. Each folder has a
 * site file, the tables it reads, and the answers, which are those that sendmail gives with its own library.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { runMakemap } from "../../../src/cli/makemap.ts";
import { compileMc } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";
import { runCommand } from "../../support/command.ts";
import { decide, readDecisions, showDecisions } from "../../support/decisions.ts";

const root = join(import.meta.dirname, "../../..");
const recorded = join(root, "test/golden/mc/answers");
const library = folderLibrary(join(root, "macros"));
const TABLES = new Set(["access", "mailertable"]);

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mc-answers-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Compiles the site file of a folder, with its tables built beside it. Resolves with the .cf file. */
async function install(name: string): Promise<string> {
  cpSync(join(recorded, name), folder, { recursive: true });
  for (const table of readdirSync(folder).filter((file) => TABLES.has(file))) {
    const text = readFileSync(join(folder, table), "latin1");
    expect(await runCommand(runMakemap, ["hash", join(folder, table)], text)).toMatchObject({ status: 0, errors: "" });
  }
  const file = join(folder, "site.mc");
  const text = readFileSync(file, "latin1").replaceAll("@DIR@", folder);
  const result = compileMc({ file, text }, { library });
  expect(result.diagnostics.filter(({ message }) => !message.startsWith("no MAILER(smtp)"))).toEqual([]);
  const config = join(folder, "sendmail.cf");
  writeFileSync(config, result.text, "latin1");
  return config;
}

describe("a configuration decides as the original does", () => {
  for (const name of readdirSync(recorded)) {
    test(name, async () => {
      const expected = readDecisions(readFileSync(join(recorded, name, "answers.txt"), "latin1"));
      const typed = expected.map((each) => each.typed);
      expect(showDecisions(await decide(await install(name), typed))).toBe(showDecisions(expected));
    });
  }
});

// Limits and refusals as a genuine sendmail had them with its own library.
test("ratecontrol and conncontrol refuse who comes more often, or with more connections, than the table allows", async () => {
  const access = "ClientRate:192.0.2.1\t5\nClientRate:192.0.2\t2\nClientRate:\t8\n";
  const open = "ClientConn:192.0.2.1\t4\nClientConn:192.0.2.9\t0\nClientConn:\t3\n";
  const map = join(folder, "access");
  expect(await runCommand(runMakemap, ["hash", map], access + open)).toMatchObject({ status: 0, errors: "" });
  const lines = [
    "OSTYPE(`linux')",
    "define(`confDOMAIN_NAME', `mx.example.com')",
    "define(`confDONT_PROBE_INTERFACES', `True')",
    "FEATURE(`nocanonify')",
    `FEATURE(\`access_db', \`hash ${map}')`,
    "FEATURE(`ratecontrol')",
    "FEATURE(`conncontrol')",
    "MAILER(`smtp')",
    "LOCAL_RULESETS",
    "STyped",
    "R$* $$| $*\t$: $1 $| $2",
    "",
  ];
  const { text } = compileMc({ file: join(folder, "site.mc"), text: lines.join("\n") }, { library });
  const config = join(folder, "sendmail.cf");
  writeFileSync(config, text, "latin1");
  const often = "452 Connection rate limit exceeded .";
  const many = "452 Too many open connections .";
  const cases: [address: string, rate: number, connections: number, refused: string][] = [
    ["192.0.2.1", 5, 4, ""],
    ["192.0.2.1", 6, 1, often],
    ["192.0.2.1", 1, 5, many],
    ["192.0.2.9", 2, 9, ""],
    ["192.0.2.9", 3, 1, often],
    ["203.0.113.5", 8, 3, ""],
    ["203.0.113.5", 9, 1, often],
    ["203.0.113.5", 1, 4, many],
  ];
  const typed = cases.flatMap(([address, rate, connections]) => [
    `.D{client_addr}${address}`,
    `.D{client_rate}${rate}`,
    `.D{client_connections}${connections}`,
    `Typed,check_relay host.test $| ${address}`,
  ]);
  const said = (await decide(config, typed))
    .filter(({ typed: line }) => line.startsWith("Typed"))
    .map(({ answer }) => answer);
  const refusals = said.map((answer) => /^\$# error \$@ 4 \. 3 \. 2 \$: (.*)$/.exec(answer)?.[1] ?? "");
  expect(refusals).toEqual(cases.map(([, , , refused]) => refused));
});
