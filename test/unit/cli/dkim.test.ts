/** `rulemail dkim`: keys of a domain from the first to the next, and their records compared with a name server. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { runDkimCommand } from "../../../src/cli/dkim/command.ts";
import { runCommand } from "../../support/command.ts";
import { type DnsServer, startDnsServer } from "../../support/dns-server.ts";
import { layDownKeys } from "../../support/signed-mail.ts";

let dns: DnsServer;
let folder: string;
const before = process.env.RULEMAIL_MACHINE;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dkim-"));
  dns = await startDnsServer({});
  writeFileSync(join(folder, "machine.json"), JSON.stringify(dns.machine()));
  process.env.RULEMAIL_MACHINE = join(folder, "machine.json");
});
afterAll(async () => {
  if (before === undefined) delete process.env.RULEMAIL_MACHINE;
  else process.env.RULEMAIL_MACHINE = before;
  await dns.close();
  rmSync(folder, { recursive: true });
});

const dkim = (...words: string[]) => runCommand(runDkimCommand, words);

interface Row {
  readonly selector: string;
  readonly state: string;
  readonly record: string | null;
}

async function list(place: string): Promise<{ readonly status: number; readonly rows: readonly string[] }> {
  const { status, output } = await dkim("list", "-k", place, "--json");
  const { keys } = JSON.parse(output) as { keys: Row[] };
  return { status, rows: keys.map(({ selector, state, record }) => `${selector}: ${state}, ${record}`) };
}

/** Publishes lines of a zone file. */
function publish(lines: string): void {
  for (const [, name, strings] of lines.matchAll(/^(\S+)\. IN TXT (.*)$/gm)) {
    dns.set(name, `TXT ${strings.slice(1, -1).replaceAll('" "', "")}`);
  }
}

test("new, publish, list, rotate", async () => {
  const place = join(folder, "keys");
  const made = await dkim("new", "Example.TEST", "-k", place, "--selector", "one");
  expect(made).toMatchObject({ status: 0, errors: "" });
  const own = join(place, "example.test");
  expect(readdirSync(own).toSorted()).toEqual(
    ["oner.private", "oner.txt", "onee.private", "onee.txt", "selectors"].toSorted(),
  );
  expect(statSync(join(own, "oner.private")).mode & 0o777).toBe(0o600);
  for (const [, string] of made.output.matchAll(/"([^"]*)"/g)) expect(string.length).toBeLessThanOrEqual(255);
  expect(await list(place)).toEqual({ status: 69, rows: ["onee: signs, missing", "oner: signs, missing"] });
  publish(made.output);
  expect(await list(place)).toEqual({ status: 0, rows: ["onee: signs, published", "oner: signs, published"] });

  expect((await dkim("new", "example.test", "-k", place)).status).toBe(73);
  const rotated = await dkim("rotate", "example.test", "-k", place, "--from", "1d", "--keep", "5d");
  expect(rotated.status).toBe(0);
  const next = [...rotated.output.matchAll(/^(\w+)\._domainkey\.example\.test\. IN TXT/gm)].map(([, name]) => name);
  expect(next).toHaveLength(2);
  publish(rotated.output);
  const { rows } = await list(place);
  expect(rows).toEqual(
    expect.arrayContaining(["oner: signs, published", ...next.map((name) => `${name}: later, published`)]),
  );
  expect((await dkim("rotate", "-k", place)).status).toBe(75);
  const { output } = await dkim("dns", "-k", place);
  expect(output.match(/ IN TXT /g)).toHaveLength(4);
  expect(output.match(/may go after/g)).toHaveLength(2);
}, 30_000);

describe("what DNS has", () => {
  test.each([
    ["another key", 69, "TXT v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
    ["the key is revoked", 69, "TXT v=DKIM1; p="],
    ["not known: server failure", 69, "SERVFAIL"],
  ])("%s", async (record, status, published) => {
    const place = mkdtempSync(join(folder, "states-"));
    layDownKeys(place, { "a.test/s": "ed25519" });
    dns.set("s._domainkey.a.test", published);
    const listed = await list(place);
    expect(listed.status).toBe(status);
    expect(listed.rows[0]).toContain(`s: signs, ${record.split(":")[0]}`);
    dns.set("s._domainkey.a.test");
  });

  test("a key that cannot be used, whatever DNS has", async () => {
    const place = mkdtempSync(join(folder, "broken-"));
    layDownKeys(place, { "a.test/s": "ed25519" });
    writeFileSync(join(place, "a.test", "s.private"), "nonsense");
    const { status, output } = await dkim("list", "-k", place, "--no-ask");
    expect([status, output]).toEqual([
      65,
      expect.stringMatching(/^a\.test {2}s .*cannot be used: .*no private key in PEM/),
    ]);
  });
});

describe("words that make no command", () => {
  test.each([
    [[], /usage: rulemail dkim COMMAND/],
    [["sign"], /no command named "sign"/],
    [["new"], /the name of a domain is wanted/],
    [["new", "no domain"], /"no domain" is no domain/],
    [["new", "a.test", "--from", "soon"], /--from soon: wanted now/],
    [["new", "a.test", "--selector", "a b"], /"a br" is no selector|"a b" is no selector/],
    [["rotate", "--keep", "long"], /--keep long: wanted a time as 7d/],
    [["list", "a", "b"], /too many words: b/],
  ])("%j", async (words, problem) => {
    const { status, errors } = await dkim(...words, ...(words.length > 0 ? ["-k", join(folder, "none")] : []));
    expect([status, errors]).toEqual([64, expect.stringMatching(problem)]);
  });

  test("help is none", async () => {
    expect(await dkim("--help")).toMatchObject({ status: 0, errors: "" });
  });
});

test("the folder is that of the configuration, and a domain without keys is told what to do", async () => {
  const cf = join(folder, "site.cf");
  writeFileSync(cf, `O DKIMKeys=${join(folder, "empty")}\nO DKIMSelectors=one\n`);
  const { status, errors } = await dkim("list", "a.test", "-C", cf);
  expect([status, errors]).toEqual([67, expect.stringContaining("no keys of a.test in")]);
  expect(errors).toContain("rulemail dkim new a.test makes some");
  const made = await dkim("new", "a.test", "-C", cf, "--algorithm", "ed25519", "--selector", "two");
  expect([made.status, made.errors]).toEqual([0, expect.stringContaining("DKIMSelectors does not name two")]);
  expect((await dkim("list", "-C", cf, "--no-ask")).output).toContain("does not sign");
});

test("keys that opendkim's table names are listed, too", async () => {
  const place = join(folder, "table");
  layDownKeys(place, { "t.test/s": "ed25519" });
  writeFileSync(join(folder, "keytable"), `one t.test:s:${place}/t.test/s.private\nall %:s:${place}/absent\n`);
  const cf = join(folder, "table.cf");
  writeFileSync(cf, `O DKIMKeyTable=${join(folder, "keytable")}\n`);
  const { status, output } = await dkim("list", "-C", cf, "--no-ask");
  expect(status).toBe(65);
  expect(output).toMatch(/^t\.test +s +ed25519 +signs$/m);
  expect(output).toMatch(/^% +s +cannot be used: .*absent: No such file/m);
  expect((await dkim("list", "t.test", "-C", cf)).output).toMatch(/^t\.test +s +ed25519 +signs +record: missing$/m);
});
