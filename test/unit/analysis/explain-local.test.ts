/** What explain says about names of this machine, and where rules came from. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Explanation } from "../../../src/analysis/explain.ts";
import { runExplain } from "../../../src/cli/explain.ts";
import { compileMc } from "../../../src/mc/compile.ts";
import { shippedLibrary } from "../../../src/mc/library.ts";
import { formatSourceMap, sourceMapPath } from "../../../src/source/source-map.ts";
import { runCommand } from "../../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "rulemail-explain-local-"));
const cf = join(folder, "site.cf");
const before = process.env.RULEMAIL_MACHINE;

const SITE = `OSTYPE(\`linux')dnl
define(\`ALIAS_FILE', \`${folder}/aliases')dnl
define(\`confMAILBOX_DATABASE', \`passwd:${folder}/passwd')dnl
define(\`LUSER_RELAY', \`esmtp:catch.test')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
LOCAL_RULE_0
Rspecial	$#error $@ 5.1.1 $: "550 no such thing"
`;

beforeAll(() => {
  writeFileSync(join(folder, "machine.json"), JSON.stringify({ hostName: "mx.here.test", nameServers: [] }));
  process.env.RULEMAIL_MACHINE = join(folder, "machine.json");
  writeFileSync(join(folder, "aliases"), "joe: alice, bob@far.test\n");
  writeFileSync(join(folder, "passwd"), "alice:x:1000:1000::/home/alice:/bin/sh\n");
  const compiled = compileMc({ file: "site.mc", text: SITE });
  writeFileSync(cf, compiled.text, "latin1");
  writeFileSync(sourceMapPath(cf), formatSourceMap(compiled.text, compiled, shippedLibrary().root));
});
afterAll(() => {
  if (before === undefined) delete process.env.RULEMAIL_MACHINE;
  else process.env.RULEMAIL_MACHINE = before;
  rmSync(folder, { recursive: true, force: true });
});

async function told(address: string): Promise<Explanation> {
  return JSON.parse((await runCommand(runExplain, ["-C", cf, "--json", address])).output) as Explanation;
}

async function says(address: string): Promise<string[]> {
  return (await runCommand(runExplain, ["-C", cf, address])).output.split("\n");
}

test("an alias is told with its members; a user stays where he is", async () => {
  expect((await told("joe")).local).toMatchObject({ kind: "alias", members: ["alice", "bob@far.test"] });
  expect(await says("joe")).toContain("joe is an alias of: alice, bob@far.test");
  const { local } = await told("alice");
  expect(local?.kind).not.toBe("unknown");
  expect(local?.moved).toBeUndefined();
});

test("ruleset 5 runs for a name that is no alias, and its rules belong to the story", async () => {
  const { local, sent } = await told("stranger");
  expect(local).toMatchObject({ moved: { mailer: "esmtp", host: "catch.test" } });
  expect(local?.rulesets.map(({ number }) => number)).toContain(5);
  expect(sent[0]?.mailers).toEqual(["esmtp"]);
  expect((await says("stranger")).join("\n")).toMatch(/^ruleset 5 sends it to mailer esmtp, host catch\.test/m);
});

test("each rule says which line of the site's file it came from", async () => {
  expect(JSON.stringify((await told("special")).rulesets)).toContain('"origin":"site.mc:8"');
  expect((await says("special")).map((line) => line.trim())).toContain("from site.mc:8");
});

async function statusOf(file: string, address: string): Promise<number> {
  return (await runCommand(runExplain, ["-C", file, address])).status;
}

test("an unknown user ends with 67, as one that a rule calls unknown; a known one with 0", async () => {
  expect(await statusOf(cf, "alice")).toBe(0);
  expect(await statusOf(cf, "special")).toBe(67);
  const plain = join(folder, "plain.cf");
  writeFileSync(plain, compileMc({ file: "site.mc", text: SITE.replace(/^.*LUSER_RELAY.*\n/m, "") }).text, "latin1");
  expect(await statusOf(plain, "stranger")).toBe(67);
  expect(await statusOf(plain, "joe")).toBe(0);
});
