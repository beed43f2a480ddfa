/** Which parts are put into one script, and how a program loads them: packaging/packs.mjs, packaging/load-parts.mjs. */
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadParts } from "../../../packaging/load-parts.mjs";
import { packLines, planPacks } from "../../../packaging/packs.mjs";

const staticImport = (path: string) => ({ path, kind: "import-statement" as const });
const output = (inputs: readonly string[], imports: readonly string[], entryPoint?: string) => ({
  bytes: 1,
  exports: [],
  inputs: Object.fromEntries(inputs.map((input) => [input, { bytesInOutput: 1 }])),
  imports: [...imports.map(staticImport), { path: "node:fs", kind: "import-statement" as const, external: true }],
  ...(entryPoint === undefined ? {} : { entryPoint }),
});

test("a pack has what its part needs and is not loaded before it", () => {
  const { entries, packs, wanted } = planPacks({
    outputs: {
      "dist/main.js": output(["src/main.ts"], ["dist/part-A.js"], "src/main.ts"),
      "dist/part-A.js": output(["src/sys/a.ts"], []),
      "dist/part-SUBMIT.js": output(["src/cli/submit.ts"], ["dist/part-A.js"], "src/cli/submit.ts"),
      "dist/part-LOAD.js": output(["src/config/load.ts"], ["dist/part-RULES.js", "dist/part-A.js"]),
      "dist/part-RULES.js": output(["src/cf/rules.ts"], []),
      // What others need of it stands elsewhere.
      "dist/part-QUEUE.js": output([], ["dist/part-LOAD.js", "dist/part-PRINT.js"], "src/cli/queue-print.ts"),
      "dist/part-PRINT.js": output(["src/cli/queue-print.ts"], ["dist/part-RULES.js"]),
      "dist/part-TEST.js": output(["src/cli/test-mode.ts"], ["dist/part-LOAD.js"], "src/cli/test-mode.ts"),
      "dist/part-SERVE.js": output(["src/cli/serve.ts"], ["dist/part-PRINT.js"], "src/cli/serve.ts"),
      "dist/part-SMTPD.js": output(["src/smtpd/server.ts"], ["dist/part-PRINT.js"], "src/smtpd/server.ts"),
      "dist/part-MORE.js": output(["src/daemon/session-services.ts"], []),
      "dist/part-START.js": output(["src/cli/start.ts"], ["dist/part-SERVE.js"], "src/cli/start.ts"),
      "dist/part-LINT.js": output(["src/cli/lint.ts"], ["dist/part-LOAD.js"], "src/cli/lint.ts"),
      "dist/part-M4.js": output(["src/cli/m4.ts"], ["dist/part-RULES.js"], "src/cli/m4.ts"),
    },
  });
  expect(Object.fromEntries(entries)).toEqual({ "main.js": ["main.js", "part-A.js"] });
  expect(Object.fromEntries(packs)).toEqual({
    "pack-submit.js": ["part-SUBMIT.js"],
    "pack-configuration.js": ["part-LOAD.js", "part-RULES.js"],
    "pack-queue.js": ["part-QUEUE.js", "part-PRINT.js"],
    "pack-test.js": ["part-TEST.js"],
    "pack-serve.js": ["part-SERVE.js", "part-PRINT.js", "part-SMTPD.js", "part-MORE.js"],
    "pack-start.js": ["part-START.js"],
  });
  expect(wanted.get("./part-QUEUE.js")).toEqual(["./pack-configuration.js", "./pack-queue.js"]);
  // Half of a pack is not enough.
  expect([...wanted.keys()].filter((part) => /LINT|M4/.test(part))).toEqual(["./part-LINT.js"]);
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "packs-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = "function(require,module,__dirname,__filename){";
const MAIN =
  'require("./part-A.js");require("./part-B.js");require("node:fs").writeSync(1,require("./part-C.js")+__filename);';
const parts = new Map([
  ["main.js", MAIN],
  ["part-A.js", 'require("node:fs").writeSync(1,"a");'],
  ["part-B.js", 'require("./part-A.js");require("node:fs").writeSync(1,"b");module.exports="B";'],
  ["part-C.js", 'module.exports=require("./part-B.js")+"c ";'],
]);

function put(name: string, lines: readonly string[]): void {
  writeFileSync(join(folder, name), lines.join("\n"));
}

function write(): void {
  put("program-main.js", ["({", ...packLines(["main.js"], parts, HEAD), "})"]);
  put("pack-b.js", ["({", ...packLines(["part-B.js", "part-C.js"], parts, HEAD), "})"]);
  put("part-A.js", [`(${HEAD}`, parts.get("part-A.js")!, "})"]);
  const words = ["main.js", "1", { "./part-B.js": ["./pack-b.js"] }].map((word) => JSON.stringify(word));
  put("main.js", [`(${loadParts.toString()})(${words.join()},__dirname,__filename);`]);
}

function run(): string {
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, "main.js")], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout;
}

test("each part runs once, from a pack or by itself, and what was compiled is there for the next start", () => {
  write();
  const said = `abBc ${join(folder, "main.js")}`;
  expect(run()).toBe(said);
  const cache = join(folder, ".cache");
  const [kept] = readdirSync(cache);
  expect(readdirSync(join(cache, kept)).toSorted()).toEqual(["pack-b.js-part-B.js", "part-A.js", "program-main.js"]);
  // Compiled code is run: nobody but its owner may write it, whatever the umask is.
  expect(statSync(join(cache, kept, "part-A.js")).mode & 0o777 & ~0o644).toBe(0);
  expect(run()).toBe(said);
  for (const name of readdirSync(join(cache, kept))) writeFileSync(join(cache, kept, name), "damaged");
  expect(run()).toBe(said);
  expect(statSync(join(cache, kept, "program-main.js")).size).toBeGreaterThan(100);
});

test("a program whose folder nobody can write to runs all the same", () => {
  write();
  writeFileSync(join(folder, ".cache"), "in the way");
  expect(run()).toContain("Bc ");
  expect(existsSync(join(folder, ".cache/1"))).toBe(false);
});
