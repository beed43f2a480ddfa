/** `rulemail config`: what options are, where that comes from, and how one line of a site file changes them. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { runConfigCommand } from "../../../src/cli/config/command.ts";
import { runMc } from "../../../src/cli/mc.ts";
import { serveControl } from "../../../src/control/server.ts";
import { homeFolder } from "../../../src/daemon/home.ts";
import { EX } from "../../../src/sys/sysexits.ts";
import { runCommand } from "../../support/command.ts";
import { servicesWith } from "../../support/control-services.ts";

const SITE = `OSTYPE(\`linux')dnl
ifdef(\`NODE_NAME', \`define(\`confDOMAIN_NAME', \`NODE_NAME')')dnl
define(\`confMAX_HOP', \`17')dnl as our lists need it
FEATURE(\`nouucp', \`reject')dnl
DAEMON_OPTIONS(\`Name=MTA, Port=2525')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
`;

let folder: string;
let mc: string;
let cf: string;
const homeBefore = process.env.RULEMAIL_HOME;

/** As it was compiled. */
let compiled: readonly (readonly [string, Buffer])[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "config-"));
  process.env.RULEMAIL_HOME = folder;
  [mc, cf] = [join(folder, "site.mc"), join(folder, "sendmail.cf")];
  writeFileSync(mc, SITE);
  expect(await runMc(["-D", "NODE_NAME=mx.example.com", "-o", cf, mc])).toBe(EX.OK);
  compiled = [mc, cf, `${cf}.map`].map((file) => [file, readFileSync(file)]);
});
beforeEach(() => {
  rmSync(join(folder, ".sendmail.cf.from"), { force: true });
  for (const [file, octets] of compiled) writeFileSync(file, octets);
});
afterAll(() => {
  if (homeBefore === undefined) delete process.env.RULEMAIL_HOME;
  else process.env.RULEMAIL_HOME = homeBefore;
  rmSync(folder, { recursive: true, force: true });
});

function config(...words: string[]): Promise<{ status: number; output: string; errors: string }> {
  return runCommand(runConfigCommand, words);
}

const site = (): string => readFileSync(mc, "latin1");

describe("looking", () => {
  test("list -n: what is not the default, and the line that sets it", async () => {
    const { status, output } = await config("list", "-n");
    expect(status).toBe(EX.OK);
    expect(output).toMatch(new RegExp(`^MaxHopCount = 17 +${mc}:3$`, "m"));
    expect(output).toMatch(new RegExp(`^DaemonPortOptions = Name=MTA, .*Port=2525.* ${mc}:5 DAEMON_OPTIONS`, "m"));
    expect(output).not.toContain("MaxMessageSize");
  });

  test("list has every option, also those that nothing sets", async () => {
    const { output } = await config("list");
    expect(output).toMatch(/^MaxMessageSize = 0 +\(default\)$/m);
    expect(output).toMatch(/^Timeout\.rset = 5m +\(default\)$/m);
  });

  test("get by option, by variable, in any letter case; the value alone; for programs", async () => {
    const all = await config("get", "maxhopcount", "confMAX_HOP", "Timeout.QueueReturn");
    expect(all.output).toBe("MaxHopCount = 17\nMaxHopCount = 17\nTimeout.queuereturn = 5d\n");
    expect((await config("get", "-v", "MaxHopCount")).output).toBe("17\n");
    const [entry] = JSON.parse((await config("get", "--json", "MaxHopCount")).output) as unknown[];
    expect(entry).toMatchObject({ name: "MaxHopCount", value: "17", initial: "25", type: "number", differs: true });
  });

  test("a name that there is not", async () => {
    const { status, errors } = await config("get", "MaxHopCounts");
    expect([status, errors]).toEqual([
      EX.USAGE,
      "rulemail config get: no option is called MaxHopCounts: did you mean MaxHopCount?\n",
    ]);
  });
});

describe("changing", () => {
  test("one line of the .mc, and what it means; the configuration waits", async () => {
    const before = readFileSync(cf, "latin1");
    chmodSync(mc, 0o640);
    const { status, output } = await config("set", "MaxHopCount=30", "MaxMessageSize=20000000");
    expect(status).toBe(EX.OK);
    expect(output).toContain(`-${mc}:3: define(\`confMAX_HOP', \`17')dnl as our lists need it`);
    expect(output).toContain("  MaxHopCount\n  - 17\n  + 30\n");
    const lines = SITE.replace("`17'", "`30'").split("\n");
    lines.splice(
      5,
      0,
      "define(`confMAX_MESSAGE_SIZE', `20000000')dnl MaxMessageSize: octets of a message, 0 for no limit",
    );
    expect(site().split("\n")).toEqual(lines);
    expect(statSync(mc).mode & 0o777).toBe(0o640);
    expect(readFileSync(cf, "latin1")).toBe(before);
    expect((await config("diff")).status).toBe(1);
  });

  test("-n writes nothing", async () => {
    expect((await config("set", "-n", "MaxHopCount=30")).output).toContain("+ 30");
    expect(site()).toBe(SITE);
  });

  test("values arrive as they were given, whatever is in them", async () => {
    const wishes = [
      "SmtpGreetingMessage=$j define(len, dnl) $b", // words that are macros
      "ErrorHeader=`so' and $b", // quotes
      "PrivacyOptions=goaway,noetrn", // the option makes something else of it
      "HelpFile=",
    ];
    expect(await config("set", ...wishes)).toMatchObject({ status: EX.OK, errors: "" });
    expect(await config("apply")).toMatchObject({ status: EX.OK, errors: "" });
    const lines = readFileSync(cf, "latin1").split("\n");
    expect(lines).toEqual(expect.arrayContaining(wishes.map((wish) => `O ${wish}`)));
  });

  test.each([
    ["no NAME=VALUE", "MaxHopCount", EX.USAGE, '"MaxHopCount" is not NAME=VALUE'],
    ["no number", "MaxHopCount=many", EX.USAGE, 'MaxHopCount is a number, not "many"'],
    ["no time", "Timeout.queuereturn=soon", EX.USAGE, "Timeout.queuereturn is a time"],
    ["a quote without partner", "HelpFile=it's", EX.USAGE, "cannot stand in a .mc"],
    ["ports have a macro of their own", "DaemonPortOptions=Port=25", EX.USAGE, "DAEMON_OPTIONS("],
    ["unknown", "MaxHopCnt=3", EX.USAGE, "no option is called MaxHopCnt: did you mean MaxHopCount?"],
  ])("refused: %s", async (_name, wish, status, said) => {
    const answer = await config("set", wish);
    expect([answer.status, answer.errors]).toEqual([status, expect.stringContaining(said)]);
    expect(site()).toBe(SITE);
  });

  test("a value that a later line takes back is not written", async () => {
    writeFileSync(mc, `${SITE}define(\n\`confMAX_HOP', \`5')dnl\n`);
    const { status, errors } = await config("set", "MaxHopCount=30");
    expect([status, errors]).toEqual([EX.DATAERR, expect.stringContaining('MaxHopCount would be "5"')]);
    expect(site()).not.toContain("30");
  });
});

describe("putting in force", () => {
  test("with the words that the configuration was compiled with", async () => {
    await config("set", "MaxHopCount=30", "--apply");
    const text = readFileSync(cf, "latin1");
    expect(text).toContain("O MaxHopCount=30");
    expect(text).toContain("Djmx.example.com");
    expect((await config("diff")).output).toBe(`${mc} would change nothing in ${cf}\n`);
  });

  test("not over a configuration that was changed by hand, unless it is meant so", async () => {
    writeFileSync(cf, readFileSync(cf, "latin1").replace("O MaxHopCount=17", "O MaxHopCount=18"));
    const { status, errors } = await config("apply", "--mc", mc);
    expect([status, errors]).toEqual([EX.CONFIG, expect.stringContaining("it was changed by hand")]);
    expect((await config("apply", "--mc", mc, "--force")).status).toBe(EX.OK);
    expect(readFileSync(cf, "latin1")).toContain("O MaxHopCount=17");
  });

  test("nothing is written when the .mc has errors", async () => {
    const before = readFileSync(cf, "latin1");
    writeFileSync(mc, SITE.replace("nouucp", "noucp"));
    const { status, errors } = await config("apply");
    expect([status, errors]).toEqual([EX.CONFIG, expect.stringContaining(`${mc}:4`)]);
    expect(readFileSync(cf, "latin1")).toBe(before);
  });

  test("what rulemail start makes anew is left to it", async () => {
    writeFileSync(join(folder, ".sendmail.cf.from"), "");
    expect((await config("set", "MaxHopCount=3")).errors).toContain("makes");
    expect(site()).toBe(SITE);
  });

  test.each([
    ["it has read it", [], EX.OK, "the server has read it\n"],
    ["it stays with the old one", ["sendmail.cf: line 3: no"], EX.CONFIG, "the server has said what is above\n"],
  ])("the server is asked to read it: %s", async (_name, said, status, last) => {
    const services = servicesWith({ reload: () => said });
    const server = await serveControl({ path: homeFolder().controlSocket, mode: 0o600, access: "all", services });
    try {
      const answer = await config("apply");
      expect([answer.status, answer.output]).toEqual([status, `wrote ${cf}\n${last}`]);
      expect(answer.errors).toBe(said.map((line) => `${line}\n`).join(""));
    } finally {
      await server.close();
    }
    expect(existsSync(cf)).toBe(true);
  });
});
