/**
 * What the configurations in cf/ decide with tables like those in their comments: who may relay, where addresses go.
 * Each folder of test/golden/mc/shipped has tables and lists of one of them, and decisions.txt.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { runMakemap } from "../../../src/cli/makemap.ts";
import { compileMc } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";
import { runCommand } from "../../support/command.ts";
import { decide, readDecisions, showDecisions } from "../../support/decisions.ts";
import { type DnsServer, startDnsServer } from "../../support/dns-server.ts";

const root = join(import.meta.dirname, "../../..");
const recorded = join(root, "test/golden/mc/shipped");
const library = folderLibrary(join(root, "macros"));
const TABLES = new Set(["access", "mailertable", "virtusertable", "genericstable"]);

/** In test mode nobody can type $|, which rulesets with two arguments need: Translate makes it of the two characters. */
const TYPED_BAR = "STranslate\nR$* $$| $*\t$: $1 $| $2\n";

/** Every name that the recorded decisions ask for. */
const ZONE = {
  "mx.example.com": ["A 192.0.2.1"],
  "gw.example.com": ["A 192.0.2.2"],
  "pc.example.com": ["A 192.0.2.3"],
  "inner.example.com": ["A 10.0.0.5"],
  "example.com": ["A 192.0.2.1"],
  "example.net": ["A 192.0.2.1"],
  "example.org": ["A 192.0.2.1"],
  "shop.test": ["A 192.0.2.7"],
  "partner.test": ["A 192.0.2.8"],
  "elsewhere.test": ["A 192.0.2.9"],
  "spam.test": ["A 192.0.2.9"],
  "stranger.test": ["A 203.0.113.7"],
  "8.113.0.203.bl.example.com": ["A 127.0.0.2"],
  "9.113.0.203.bl.example.com": ["A 127.255.255.254"],
};

let dns: DnsServer;
beforeAll(async () => {
  dns = await startDnsServer(ZONE);
});
afterAll(() => dns.close());

let folder = "";
let machine: string | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mc-shipped-"));
  machine = process.env.RULEMAIL_MACHINE;
  process.env.RULEMAIL_MACHINE = join(folder, "machine.json");
  const facts = dns.machine({ hostName: "machine.example.com", search: [], hostsFile: "/dev/null" });
  writeFileSync(process.env.RULEMAIL_MACHINE, JSON.stringify(facts));
});
afterEach(() => {
  if (machine === undefined) delete process.env.RULEMAIL_MACHINE;
  else process.env.RULEMAIL_MACHINE = machine;
  rmSync(folder, { recursive: true, force: true });
});

/** Compiles cf/NAME.mc for the folder, with the recorded tables built there. Resolves with the .cf file. */
async function install(name: string): Promise<string> {
  cpSync(join(recorded, name), folder, { recursive: true });
  for (const table of readdirSync(folder).filter((file) => TABLES.has(file))) {
    const made = await runCommand(
      runMakemap,
      ["hash", join(folder, table)],
      readFileSync(join(folder, table), "latin1"),
    );
    expect(made).toMatchObject({ status: 0, errors: "" });
  }
  const { text, diagnostics } = compileMc(
    { file: join(root, "cf", `${name}.mc`) },
    { library, defines: { MAIL_SETTINGS_DIR: `${folder}/` } },
  );
  expect(diagnostics).toEqual([]);
  const config = join(folder, "sendmail.cf");
  writeFileSync(config, `${text}${TYPED_BAR}`, "latin1");
  return config;
}

describe("shipped configurations decide as recorded", () => {
  for (const name of readdirSync(recorded)) {
    test(name, async () => {
      const expected = readDecisions(readFileSync(join(recorded, name, "decisions.txt"), "latin1"));
      const decided = await decide(
        await install(name),
        expected.map(({ typed }) => typed),
      );
      expect(showDecisions(decided)).toBe(showDecisions(expected));
    });
  }
});
