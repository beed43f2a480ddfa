import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runMc } from "../../../src/cli/mc.ts";
import { analysisEnvironment } from "../../../src/cli/read-configuration.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { createMailRules } from "../../../src/routing/resolve.ts";
import { originsOf } from "../../../src/source/source-map.ts";

const SITE = `OSTYPE(\`linux')
define(\`confMAX_MESSAGE_SIZE', \`1000000')
FEATURE(\`mailertable')
FEATURE(\`access_db')
MAILER(\`local')
MAILER(\`smtp')
LOCAL_RULESETS
SLocal_check_mail
R$* @ bad.example	$#error $: "550 no"
`;

let folder: string;
let cf: string;
let lines: string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mc-origins-"));
  cf = join(folder, "site.cf");
  writeFileSync(join(folder, "site.mc"), SITE);
  expect(await runMc(["-o", cf, join(folder, "site.mc")])).toBe(0);
  lines = readFileSync(cf, "latin1").split("\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function originOf(pattern: RegExp): string | undefined {
  const index = lines.findIndex((line) => pattern.test(line));
  return originsOf(cf)({ file: cf, line: index + 1 })?.replace(`${folder}/`, "");
}

test("mc -o writes a map that names the site's own lines", () => {
  expect(originOf(/bad\.example/)).toBe("site.mc:9");
});

test("a part of the library is named by the call that brought it in", () => {
  expect(originOf(/^Kmailertable/)).toBe("site.mc:3 FEATURE(mailertable)");
  expect(originOf(/^Mesmtp/)).toBe("site.mc:6 MAILER(smtp)");
});

test("rules that the library writes because of a FEATURE are traced to it", () => {
  expect(originOf(/^R< ERROR : \$\+ >/)).toBe("site.mc:4 FEATURE(access_db)");
});

test("an option is traced to the define that set it", () => {
  expect(originOf(/^O MaxMessageSize/)).toBe("site.mc:2");
});

test("a site file that includes the frame itself has the same origins", async () => {
  const from = join(folder, "own.mc");
  const to = join(folder, "own.cf");
  writeFileSync(from, `# it's ours\ninclude(\`/usr/share/sendmail/cf/m4/cf.m4')\n${SITE}`);
  expect(await runMc(["-o", to, from])).toBe(0);
  const written = readFileSync(to, "latin1").split("\n");
  const origin = (pattern: RegExp): string | undefined =>
    originsOf(to)({ file: to, line: written.findIndex((line) => pattern.test(line)) + 1 })?.replace(`${folder}/`, "");
  expect(origin(/^Kmailertable/)).toBe("own.mc:5 FEATURE(mailertable)");
  expect(origin(/^R< ERROR : \$\+ >/)).toBe("own.mc:6 FEATURE(access_db)");
  expect(origin(/^O MaxMessageSize/)).toBe("own.mc:4");
  expect(origin(/^V10/)).toMatch(/^<library>\/m4\/\w+\.m4:\d+$/);
});

test("what the library always writes has its place there", () => {
  expect(originOf(/^V10/)).toMatch(/^<library>\/m4\/\w+\.m4:\d+$/);
});

test("a refusal of a check ruleset names the rule, and the configuration its origin", async () => {
  const { config } = await loadConfig(cf, analysisEnvironment());
  try {
    const verdict = await createMailRules(config!, () => {}).check(
      "check_mail",
      ["x@bad.example"],
      config!.macros.child(),
    );
    const at = verdict.kind === "refuse" ? verdict.at : undefined;
    expect(at?.file).toBe(cf);
    expect(lines[at!.line - 1]).toContain("bad.example");
    expect(config!.originOf(at!)?.replace(`${folder}/`, "")).toBe("site.mc:9");
  } finally {
    config?.close();
  }
});
