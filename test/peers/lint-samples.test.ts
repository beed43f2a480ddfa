/**
 * lint finds nothing wrong in the sample configurations of sendmail's own library, as that library makes them: they work
 * everywhere. It may say what this server does not act on, and what is not on this machine.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { peerFile } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

const GENUINE = join(import.meta.dirname, "genuine");
const RULEMAIL = join(import.meta.dirname, "../../bin/rulemail");
const PATIENCE_MS = 120_000;

interface Finding {
  readonly code: string;
  readonly severity: string;
  readonly text: string;
}

/** Ruleset 7 is the site's own business in some of the samples: it is called where it is defined or not. */
const TRUE_OF_SAMPLES = /^L030 |^L010 ruleset 7 is called here, but not defined/;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rulemail-lint-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

peerDescribe("lint over sendmail's own samples", ["sendmail", "m4"], () => {
  const samples = peerFile("/usr/share/sendmail/cf/cf") ?? "";
  const names = readdirSync(samples).filter((name) => name.endsWith(".mc"));

  test("there are some", () => expect(names.length).toBeGreaterThan(30));

  test.each(names)(
    "%s",
    (name) => {
      const cf = join(folder, `${name}.cf`);
      const compiled = spawnSync(GENUINE, ["mc", join(samples, name)], {
        encoding: "latin1",
        timeout: PATIENCE_MS,
        env: { ...process.env, GENUINE_ZONE: "none" },
      });
      writeFileSync(cf, compiled.stdout, "latin1");
      const { stdout } = spawnSync(RULEMAIL, ["lint", "--json", cf], { encoding: "utf8", timeout: PATIENCE_MS });
      const found = (JSON.parse(stdout) as Finding[]).filter(({ severity }) => severity !== "note");
      const wrong = found.map(({ code, text }) => `${code} ${text}`).filter((line) => !TRUE_OF_SAMPLES.test(line));
      expect(wrong).toEqual([]);
    },
    PATIENCE_MS,
  );
});
