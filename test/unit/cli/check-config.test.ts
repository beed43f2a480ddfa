import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { checkConfiguration } from "../../../src/cli/check-config.ts";
import { Output } from "../../../src/cli/output.ts";
import { showOptions } from "../../../src/cli/show-options.ts";
import type { CommandLineSetting } from "../../../src/config/environment.ts";

const folder = mkdtempSync(join(tmpdir(), "rulemail-check-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = "V10\nMlocal, P=/bin/mail, F=lm, A=mail $u\n";
let count = 0;

async function run(
  command: typeof checkConfiguration,
  text: string,
  settings: readonly CommandLineSetting[] = [],
): Promise<{ status: number; output: string }> {
  const file = join(folder, `${count++}.cf`);
  writeFileSync(file, text, "latin1");
  let output = "";
  const sink = new Output((octets) => void (output += octets.toString("latin1")));
  const status = await command({ configFile: file, settings }, sink);
  return { status, output: output.replaceAll(file, "F") };
}

describe("sendmail -bC", () => {
  test("a good configuration has no errors and status 0", async () => {
    expect(await run(checkConfiguration, HEAD)).toEqual({ status: 0, output: "F: no errors\n" });
  });

  test("an error has its place, the quoted line and a caret under the word it is about; reading goes on", async () => {
    const { status, output } = await run(checkConfiguration, `${HEAD}O LogLevl=9\nKfoo nosuch /x\n`);
    expect(status).toBe(70);
    expect(output.split("\n")).toEqual([
      "F:3:3: error: readcf: unknown option name LogLevl",
      " 3 | O LogLevl=9",
      "   |   ^",
      "   = is LogLevel meant?",
      "F:4:6: error: readcf: map foo: class nosuch not available",
      " 4 | Kfoo nosuch /x",
      "   |      ^",
      "   = see the classes of maps in docs/language.md",
      "F: 2 errors",
      "",
    ]);
  });

  test("a word on a continuation line is found there", async () => {
    const { output } = await run(checkConfiguration, `${HEAD}Mx, P=/bin/x,\n\tZ=3, A=x $u\n`);
    expect(output).toContain("F:4:2: error: Mx: unknown mailer equate Z=\n 4 | \tZ=3, A=x $u\n   | \t^\n");
  });

  test("notes name what has no effect, and spoil nothing", async () => {
    const { status, output } = await run(checkConfiguration, `${HEAD}O DialDelay=3s\nMx, P=/bin/x, F=~, N=2, A=x $u\n`);
    expect(status).toBe(0);
    expect(output).toMatch(/^F:3:3: note: nothing acts on this option .*: DialDelay$/m);
    expect(output).toMatch(/^F:4:17: note: nothing acts on these mailer flags: ~ of F=~$/m);
    expect(output).toMatch(/^F: no errors, 2 notes$/m);
  });

  test("notes name values that have no effect: a server without certificate, mechanisms that are not here", async () => {
    const text = `${HEAD}O TLSSrvOptions=V C\nO AuthMechanisms=PLAIN gssapi,scram-sha-256-plus DIGEST-MD5\n`;
    const { status, output } = await run(checkConfiguration, text);
    expect(status).toBe(0);
    expect(output).toMatch(/^F:3:19: note: TLSSrvOptions=C has no effect/m);
    expect(output.match(/^F:4:[0-9]+: note: AuthMechanisms: \S+/gm)).toEqual([
      "F:4:24: note: AuthMechanisms: gssapi",
      "F:4:50: note: AuthMechanisms: DIGEST-MD5",
    ]);
  });

  test("a dollar in a message is a dollar", async () => {
    const { output } = await run(checkConfiguration, `${HEAD}R$* abc\n`);
    expect(output).toContain('error: missing valid ruleset for "R$* abc"');
  });

  test("a file that is not there is status 72", async () => {
    let output = "";
    const sink = new Output((octets) => void (output += octets.toString("latin1")));
    const missing = join(folder, "missing.cf");
    expect(await checkConfiguration({ configFile: missing, settings: [] }, sink)).toBe(72);
    expect(output).toBe(`${missing}: error: cannot open: No such file or directory\n${missing}: 1 error\n`);
  });
});

describe("sendmail -bO", () => {
  test("shows values as lines, defaults as comments, and what nothing acts on", async () => {
    const { status, output } = await run(
      showOptions,
      `${HEAD}O LogLevel=12\nO DialDelay=3s\nO Timeout.ident=0\nO DaemonPortOptions=Port=2525, Name=A, M=Ea\nO DaemonPortOptions=Port=587, Name=B\n`,
      [{ kind: "option", text: " HeloName=$j" }],
    );
    expect(status).toBe(0);
    const lines = output.split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        "O LogLevel=12",
        "O HeloName=$j",
        "#O MaxHopCount=25",
        "O DaemonPortOptions=Name=A, Family=inet, Port=2525, Listen=10, Modifiers=Ea",
        "O DaemonPortOptions=Name=B, Family=inet, Port=587, Listen=10",
        "#O Timeout.queuereturn.normal=5d",
        expect.stringMatching(/^O DialDelay=3s +# not acted on: /),
        expect.stringMatching(/^O Timeout\.ident=0 +# not acted on: /),
      ]),
    );
  });

  test("its lines are a configuration with the same values", async () => {
    const first = await run(showOptions, `${HEAD}O OperatorChars=.:%@!^/[]+\nO ErrorHeader=a \\# b\nO MeToo=false\n`);
    const second = await run(showOptions, `${HEAD}${first.output}`);
    expect(second.output).toBe(first.output);
  });
});
