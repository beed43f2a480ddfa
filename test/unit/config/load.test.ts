import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import type { ConfigEnvironment } from "../../../src/config/environment.ts";
import { loadConfig, type LoadedConfig } from "../../../src/config/load.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import { configEnvironment } from "../../support/config-environment.ts";

const folder = mkdtempSync(join(tmpdir(), "rulemail-load-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = "V10\nMlocal, P=/bin/mail, F=ls, A=mail $u\n";
let count = 0;

async function load(text: string, more: Partial<ConfigEnvironment> = {}): Promise<LoadedConfig> {
  const file = join(folder, `${count++}.cf`);
  writeFileSync(file, text, "latin1");
  return loadConfig(file, { ...configEnvironment, ...more });
}

/** Messages with the file name left out. */
async function messagesOf(lines: string): Promise<string[]> {
  const { messages } = await load(HEAD + lines);
  return messages.map((line) => line.replace(/^.*\.cf: /, ""));
}

async function operatorsOf(lines: string): Promise<string | undefined> {
  return (await load(HEAD + lines)).config?.options.text("OperatorChars");
}

/** Flags of a mailer called local and of another, in a file of a level. */
async function flags(level: number): Promise<string> {
  const { config } = await load(`V${level}\nMlocal, P=/x, A=x\nMother, P=/x, A=x\n`);
  const text = (name: string): string => [...(config?.mailers.get(name)?.flags ?? [])].toSorted().join("");
  return `${text("local")} ${text("other")}`;
}

describe("loadConfig()", () => {
  test("a good file gives a Config without messages", async () => {
    const { config, messages, exit } = await load(`${HEAD}O LogLevel=12\nCwa b\nPbulk=-60\n`);
    expect(messages).toEqual([]);
    expect(exit).toBe(0);
    expect(config?.options.number("LogLevel")).toBe(12);
    expect(config?.options.timeout("queuereturn")).toBe(5 * 86_400_000);
    expect([...(config?.classWords("w").words() ?? [])]).toEqual(
      expect.arrayContaining(["a", "b", "mail.example.test"]),
    );
    expect(config?.precedences.get("bulk")).toBe(-60);
    expect(config?.macros.get("j")).toBe("mail.example.test");
  });

  test("OperatorChars is told when it comes a second time, and does nothing below a rule", async () => {
    const told = [
      "Warning: OperatorChars is being redefined.",
      "         It should only be set before ruleset definitions.",
    ];
    expect(await messagesOf("O OperatorChars=.\nSa\nO OperatorChars=%\n")).toEqual(told);
    expect(await operatorsOf("O OperatorChars=.\nSa\nO OperatorChars=%\n")).toBe("%");
    expect(await messagesOf("Sa\nRa b\nO OperatorChars=%\n")).toHaveLength(1);
    expect(await messagesOf("Sa\nRa\tb\nO OperatorChars=%\n")).toEqual(told);
    expect(await operatorsOf("DxA\nO OperatorChars=.$x\nSa\nRa\tb\nDxB\n")).toBe(".A");
    expect(await operatorsOf("O OperatorChars=.\nSa\nRa\tb\nO OperatorChars=%\n")).toBe(".");
  });

  test("$w ends at its first dot from level 5 on", async () => {
    expect((await load("V4\n")).config?.macros.get("w")).toBe("mail.example.test");
    expect((await load("V5\n")).config?.macros.get("w")).toBe("mail");
    expect((await load("Dwa.b.c\nV5\n")).config?.macros.get("w")).toBe("a");
  });

  test("an unreadable file gives no Config and status 72", async () => {
    const { config, messages, exit } = await loadConfig(join(folder, "missing.cf"), configEnvironment);
    expect(config).toBeUndefined();
    expect(exit).toBe(72);
    expect(messages[0]).toMatch(/missing\.cf: line 0: cannot open: No such file or directory$/);
  });

  test("errors name file and line and do not stop the reading", async () => {
    expect(await messagesOf("Zx\nO NoSuch=1\nMbad, P=/x\n")).toEqual([
      'line 3: unknown configuration line "Zx"',
      "line 4: readcf: unknown option name NoSuch",
      "line 5: Mbad: A= argument required",
    ]);
  });

  test("diagnostics carry the place of the line", async () => {
    const { diagnostics } = await load(`${HEAD}\nO NoSuch=1\n`);
    expect(diagnostics).toMatchObject([{ severity: "error", at: { line: 4, column: 3 } }]);
  });

  test("an impossible delivery mode stops with status 64", async () => {
    const { config, exit } = await load(`${HEAD}Odx\nZ\n`);
    expect(config).toBeUndefined();
    expect(exit).toBe(64);
  });

  test("rules take the values that macros have at their line", async () => {
    const { config } = await load(`${HEAD}Dxone\nSa\nR$*\t$@ $x $&x\nDxtwo\n`);
    const number = config?.rewriter.number("a") ?? -1;
    const context = { scope: config!.macros, message: () => undefined, deferred: false };
    const result = await config?.rewriter.rewrite(number, ["q"], context);
    expect(result?.tokens).toEqual(["one", "two"]);
  });

  test("what the command line sets wins over the file, but not for macros", async () => {
    const { config } = await load(`${HEAD}O LogLevel=5\nDxfile\n`, {
      settings: [
        { kind: "option", text: " LogLevel=3" },
        { kind: "macro", text: "xline" },
        { kind: "macro", text: "{y}line" },
      ],
    });
    expect(config?.options.number("LogLevel")).toBe(3);
    expect(config?.macros.get("x")).toBe("file");
    expect(config?.macros.get("y")).toBe("line");
  });

  test("an option of ours on the command line leaves the others of the file alone", async () => {
    const { config } = await load(`${HEAD}O ProxyHosts=192.0.2.1\nO XclientHosts=192.0.2.2\n`, {
      settings: [{ kind: "option", text: " ProxyHosts=192.0.2.3" }],
    });
    expect(config?.options.text("ProxyHosts")).toBe("192.0.2.3");
    expect(config?.options.text("XclientHosts")).toBe("192.0.2.2");
  });

  test("old and too new files are told", async () => {
    const { messages } = await load("Mlocal, P=/x, A=x $u\n");
    expect(messages[0]).toMatch(/^Warning: \.cf file is out of date: .*\.cf file is version 0$/);
  });
});

describe("class files", () => {
  test("words come from the first word of a line or from a pattern; comments are left out", async () => {
    writeFileSync(join(folder, "words"), "one two\n# no\nthree # four\n");
    const { config, messages } = await load(
      `${HEAD}Fa${folder}/words\nFb${folder}/words %*s %s\nFc-o ${folder}/none\n`,
    );
    expect(messages).toEqual([]);
    expect([...config!.classWords("a").words()]).toEqual(["one", "three"]);
    expect([...config!.classWords("b").words()]).toEqual(["two", "#"]);
    expect(config!.classWords("c").size).toBe(0);
  });

  test("a missing file is an error of the system", async () => {
    const { messages, exit } = await load(`${HEAD}Fa${folder}/none\n`);
    expect(messages[0]).toMatch(/line 3: fileclass: cannot open '.*\/none': No such file or directory$/);
    expect(exit).toBe(71);
  });

  test("F lines read programs and the keys of maps", async () => {
    writeFileSync(join(folder, "table"), "key a b\nother c\n");
    const { config } = await load(`${HEAD}Fa|/bin/pwd\nFbkey@text:${folder}/table\n`);
    expect([...config!.classWords("a").words()]).toEqual([process.cwd()]);
    expect([...config!.classWords("b").words()]).toEqual(["key"]);
  });
});

describe("mailers", () => {
  test("prog, *file* and *include* always exist as 0, 1, 2", async () => {
    const { config } = await load(HEAD);
    expect([...(config?.mailers.values() ?? [])].map((each) => `${each.number} ${each.name}`)).toEqual([
      "0 prog",
      "1 *file*",
      "2 *include*",
      "3 local",
    ]);
  });

  test("a mailer that gets its recipients as arguments ends lines with LF, others with CRLF", async () => {
    const { config } = await load(`${HEAD}Ma, P=/x, A=a b\nMsmtp, P=[IPC], F=u, A=TCP $h\n`);
    expect(config?.mailers.get("local")?.eol).toBe("\n");
    expect(config?.mailers.get("a")?.eol).toBe("\r\n");
    expect(config?.mailers.get("smtp")?.types).toEqual({ mta: "dns", address: "rfc822", diagnostic: "smtp" });
  });
});

describe("options", () => {
  test("abbreviations are told, ambiguous ones refused", async () => {
    expect(await messagesOf("O Log=5\nO Alias=/x\n")).toEqual([
      "line 3: Option Log used as abbreviation for LogLevel",
      "line 4: readcf: ambiguous option name Alias (matches AliasFile and AliasWait)",
    ]);
  });

  test("timeouts have suboptions", async () => {
    const { config, messages } = await load(`${HEAD}O Timeout.queuewarn=2h\nO Timeout.connect=1m5s\nO Timeout.x=1\n`);
    expect(config?.options.timeout("queuewarn.urgent")).toBe(7_200_000);
    expect(config?.options.timeout("connect")).toBe(65_000);
    expect(messages).toHaveLength(1);
  });

  test("rules can ask what mode the program runs in", async () => {
    const { config } = await load(HEAD, { opMode: "d" });
    expect(config?.macros.get("opMode")).toBe("d");
  });

  test("the maps aliases and Alias0 answer from AliasFile", async () => {
    const file = join(folder, "aliases.text");
    writeFileSync(file, "root joe\n");
    const { config, messages } = await load(`${HEAD}O AliasFile=text:-k0 -v1 ${file}\n`);
    expect(messages).toEqual([]);
    const scope = config?.macros ?? new MacroScope();
    const ask = { scope, expand: (text: string) => text, message: () => undefined, deferred: false };
    for (const name of ["alias0", "aliases.files", "aliases"]) {
      expect(await config?.maps.get(name)?.lookup("root", [], ask)).toMatchObject({ kind: "found", value: "joe" });
    }
    config?.close();
  });

  test("class w has the addresses of the interfaces, unless nobody is to look", async () => {
    const machine = { ...configEnvironment.machine, interfaces: ["192.0.2.7", "2001:db8::7"] };
    const names = async (option: string): Promise<string[]> => {
      const { config } = await load(`${HEAD}O DontProbeInterfaces=${option}\n`, { machine });
      return [...(config?.classWords("w").words() ?? [])];
    };
    expect(await names("false")).toEqual(expect.arrayContaining(["localhost", "[192.0.2.7]", "[IPv6:2001:db8::7]"]));
    expect(await names("loopback")).toContain("[192.0.2.7]");
    expect(await names("loopback")).not.toContain("localhost");
    expect(await names("true")).not.toContain("[192.0.2.7]");
  });

  test("local mailers of old levels get the flags that came later", async () => {
    expect(await flags(5)).toBe("/5:@Aqw| ");
    expect(await flags(6)).toBe("q ");
    expect(await flags(7)).toBe(" ");
  });

  test("a mailbox database that there is not leaves status 69, whatever was wrong before", async () => {
    const { messages, exit } = await load(`${HEAD}O MailboxDatabase=dice\nwrong\n`);
    expect(exit).toBe(69);
    expect(messages.at(-1)).toBe('Can\'t initialize mailbox database "dice": Service unavailable');
  });

  test("macros that refer to each other without end are told in C lines, too", async () => {
    expect(await messagesOf("DA$B\nDB$A\nCX$A\n")).toEqual(["line 5: expand: recursion too deep (10 max)"]);
  });
});
