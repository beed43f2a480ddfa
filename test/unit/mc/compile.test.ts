import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type CompileOptions, compileMc, type M4Options, processM4 } from "../../../src/mc/compile.ts";
import { folderLibrary, type Library } from "../../../src/mc/library.ts";

const library = folderLibrary(join(import.meta.dirname, "../../../macros"));

/** What the macro processor makes of a text. */
function expands(text: string, options: M4Options = {}): string {
  return processM4([{ file: "test.m4", text }], options).text;
}

/** Everything that is said about a text, as "line severity message". */
function complains(text: string, options: M4Options = {}): string[] {
  const { diagnostics } = processM4([{ file: "test.m4", text }], options);
  return diagnostics.map(({ at, severity, message }) => `${at.line} ${severity} ${message}`);
}

function aboutSite(text: string, options: CompileOptions = {}): string[] {
  const { diagnostics } = compileMc({ file: "site.mc", text }, { library, ...options });
  return diagnostics.map(({ at, severity, message }) => `${at.file}:${at.line} ${severity}: ${message}`);
}

/** Enough for the library, and soon over for what expands for ever. */
const FEW = { maxExpansions: 200_000 };

describe("the macro processor", () => {
  test("reads an expansion again together with what follows it", () => {
    expect(expands("define(`xb', `joined')define(`a', `x')a`'b xb a()b")).toBe("xb joined joined");
  });

  test("sets macros of the command line, and forgets those of -U", () => {
    expect(expands("NAME ifdef(`len', `yes', `no')", { defines: { NAME: "text" }, undefines: ["len"] })).toBe(
      "text no",
    );
  });

  test("names all builtins m4_ with -P", () => {
    expect(expands("len(abc) m4_len(abc)", { prefixBuiltins: true })).toBe("len(abc) 3");
  });

  test("does not run programs unless that is allowed, and says so", () => {
    expect(complains("esyscmd(`echo hi')")[0]).toMatch(/not run.*--allow-syscmd/);
    expect(expands("esyscmd(`echo hi')sysval", { allowSyscmd: true })).toBe("hi\n0");
  });

  test("says where an unclosed quote was opened", () => {
    expect(complains("one\ntwo `three\nfour")).toEqual([
      "2 error end of file in quoted text: it opens here and is never closed",
    ]);
  });

  test("says which call is never closed", () => {
    expect(complains("\ndefine(`x', 1\n")[0]).toMatch(/^2 error end of file in the argument list of `define'/);
  });

  test("ends a macro that expands for ever", () => {
    const { diagnostics, complete } = processM4([{ file: "test.m4", text: "define(`x', `x')x" }], {
      maxExpansions: 1000,
    });
    expect(complete).toBe(false);
    expect(diagnostics.at(-1)?.message).toMatch(/`x' seems to expand for ever/);
  });

  test("ends a macro that doubles its text for ever", () => {
    const { complete, diagnostics } = processM4([{ file: "test.m4", text: "define(`x', `x(`$1$1')')x(abc)" }]);
    expect(complete).toBe(false);
    expect(diagnostics.at(-1)?.message).toMatch(/64 MB|longer/);
  });

  test("ends calls that are nested without end", () => {
    const text = "define(`x', `len(x(`$1'))')x(1)";
    expect(complains(text).at(-1)).toMatch(/recursion limit/);
  });

  test("reports a division by zero and goes on", () => {
    expect(complains("eval(1 / 0)")).toEqual(["1 warning divide by zero in eval: 1 / 0"]);
    expect(expands("[eval(1 / 0)]")).toBe("[]");
  });

  test("stops at m4exit with its status", () => {
    const { text, status } = processM4([{ file: "test.m4", text: "before m4exit(3) after" }]);
    expect({ text, status }).toEqual({ text: "before ", status: 3 });
  });

  test("prints what errprint, dumpdef and traces say", () => {
    const { messages } = processM4([
      { file: "test.m4", text: "define(`x', `$1!')dumpdef(`x')errprint(`hello\n')traceon(`x')x(a)" },
    ]);
    expect(messages).toBe("x:\t$1!\nhello\nm4trace: -1- x\n");
  });

  test("keeps octets as they are", () => {
    expect(expands("\xff\x00\x80 len(`\xe9\xe8')")).toBe("\xff\x00\x80 2");
  });
});

describe("what is said about a site file", () => {
  const good = "OSTYPE(`linux')dnl\nMAILER(`smtp')dnl\n";

  test("nothing when there is nothing to say", () => {
    expect(aboutSite(good)).toEqual([]);
  });

  test("an unknown FEATURE, with the name that was meant", () => {
    expect(aboutSite(`OSTYPE(\`linux')\nFEATURE(\`mailertabel')\nMAILER(\`smtp')\n`)).toEqual([
      "site.mc:2 error: unknown FEATURE `mailertabel': did you mean `mailertable'?",
    ]);
  });

  test("a FEATURE behind MAILER still works, with a warning", () => {
    const text = `${good}FEATURE(\`use_cw_file')dnl\n`;
    expect(aboutSite(text)).toEqual([
      "site.mc:3 warning: FEATURE(use_cw_file) stands after MAILER(): move it in front of them",
    ]);
    expect(compileMc({ file: "site.mc", text }, { library }).text).toContain("\nFw/etc/mail/local-host-names\n");
  });

  test("a missing OSTYPE", () => {
    expect(aboutSite("MAILER(`smtp')dnl\n")[0]).toMatch(/^site\.mc:1 warning: no OSTYPE\(\) line/);
  });

  test("a variable that nothing reads, with the name that was meant", () => {
    expect(aboutSite(`${good}define(\`confTO_QUEUERETRUN', \`3d')\n`)).toEqual([
      "site.mc:3 warning: nothing reads `confTO_QUEUERETRUN': did you mean `confTO_QUEUERETURN'?",
    ]);
  });

  test("variables in capitals that are all but one of the library's, and none of the site's own", () => {
    expect(aboutSite(`define(\`SMARTHOST', \`relay.test')\ndefine(\`OUR_OWN', \`x')\n${good}`)).toEqual([
      "site.mc:1 warning: nothing reads `SMARTHOST': did you mean `SMART_HOST'?",
    ]);
  });

  test("a call of a macro that there is not, with the name that was meant", () => {
    expect(
      aboutSite(`OSTYPE(\`linux')dnl\nFEATUR(\`redirect')dnl\nMASQUERADE_AZ(\`a.test')\nMAILER(\`smtp')\n`),
    ).toEqual([
      "site.mc:2 warning: there is no macro `FEATUR': did you mean `FEATURE'?",
      "site.mc:3 warning: there is no macro `MASQUERADE_AZ': did you mean `MASQUERADE_AS'?",
    ]);
  });

  test("an apostrophe in place of a back-quote", () => {
    expect(aboutSite(`${good}define('confLOG_LEVEL', \`12')\n`)[0]).toMatch(
      /^site\.mc:3 warning: define\(' begins with/,
    );
  });

  test("an apostrophe is told once, and what follows from it is not", () => {
    expect(aboutSite(`${good}FEATURE('access_db')\n`)).toEqual([
      "site.mc:3 warning: FEATURE(' begins with an apostrophe: the opening quote of m4 is the back-quote `",
    ]);
  });

  test("a feature that asks for another one, and an argument that there is not", () => {
    expect(aboutSite(`${good}FEATURE(\`delay_checks', \`friend')\n`).join("\n")).toMatch(/needs FEATURE\(access_db\)/);
    expect(aboutSite(`${good}FEATURE(\`delay_checks', \`frend')\n`).join("\n")).toMatch(/unknown argument frend/);
  });

  test("a macro in a comment, which is executed all the same", () => {
    expect(aboutSite(`${good}# FEATURE(\`redirect')\n`).join("\n")).toMatch(/in a # comment is executed all the same/);
  });

  test("a quote that is never closed", () => {
    expect(aboutSite(`${good}define(\`confLOG_LEVEL', \`12)\n`)).toEqual([
      "site.mc:3 error: end of file in quoted text: it opens here and is never closed",
    ]);
  });

  test("a name that is defined by itself, at the line that did so", () => {
    const text =
      "OSTYPE(`linux')\ndefine(`confOURS', confOURS`, more')\ndefine(`confLOG_LEVEL', confOURS)\nMAILER(`smtp')\n";
    expect(aboutSite(text, FEW)).toEqual([expect.stringMatching(/^site\.mc:2 error: `confOURS' is defined by itself/)]);
  });

  test("names that are defined by each other", () => {
    const text =
      "OSTYPE(`linux')\ndefine(`aa', `bb')\ndefine(`bb', `cc')\ndefine(`cc', `aa')\nLOCAL_CONFIG\nDXbb\nbb\n";
    expect(aboutSite(text, FEW)).toEqual([
      expect.stringMatching(/^site\.mc:\d error: `..' is defined by itself, by way of `..', `..': it expands for ever/),
    ]);
  });

  test("a file that is not there", () => {
    expect(compileMc({ file: "/no/such/site.mc" }, { library }).diagnostics[0].message).toMatch(/no such file/);
  });
});

describe("files", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mc-files-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("an include of any m4/cf.m4 takes effect where it stands", () => {
    const text =
      "# a lonely ` above it is only a comment\ninclude(`/usr/share/sendmail/cf/m4/cf.m4')dnl\nOSTYPE(`linux')dnl\n";
    const { diagnostics, text: made } = compileMc({ file: join(folder, "site.mc"), text }, { library });
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(made).toMatch(/^# a lonely ` above it is only a comment\n#\n# Configuration/);
  });

  test("a relative name is sought beside the file that includes it, then along -I", () => {
    mkdirSync(join(folder, "parts"));
    writeFileSync(join(folder, "near.m4"), "near include(`parts/far.m4')");
    writeFileSync(join(folder, "parts/far.m4"), "far include(`other.m4')");
    const more = mkdtempSync(join(tmpdir(), "mc-more-"));
    writeFileSync(join(more, "other.m4"), "other");
    const main = { file: join(folder, "main.m4"), text: "include(`near.m4')" };
    const { text } = processM4([main], { library, includePath: [more] });
    rmSync(more, { recursive: true });
    expect(text).toBe("near far other");
  });

  test("a FEATURE of the site's own lies in a folder feature beside its file", () => {
    mkdirSync(join(folder, "feature"));
    writeFileSync(join(folder, "feature/ours.m4"), "divert(-1)\nPUSHDIVERT(6)D{Ours}_ARG_\nPOPDIVERT\n");
    const text = "OSTYPE(`linux')\nFEATURE(`ours', `value')\nMAILER(`smtp')\n";
    const result = compileMc({ file: join(folder, "site.mc"), text }, { library });
    expect(result.diagnostics).toEqual([]);
    expect(result.text).toContain("\nD{Ours}value\n");
  });

  test("a library can be anything that answers with texts", () => {
    const tiny: Library = {
      root: "/nowhere/",
      read: (name) => (name === "m4/cf.m4" ? "define(`hi', `Dxhello')dnl\n" : undefined),
      names: () => [],
    };
    expect(compileMc({ file: "site.mc", text: "hi\n" }, { library: tiny }).text).toBe("Dxhello\n");
  });
});

describe("where lines come from", () => {
  test("each line of the configuration leads back to the line of the site file", () => {
    const text =
      "OSTYPE(`linux')dnl\ndefine(`confMAX_HOP', `17')dnl\nFEATURE(`access_db')dnl\nMAILER(`smtp')dnl\nLOCAL_CONFIG\nDxown\n";
    const result = compileMc({ file: "site.mc", text }, { library });
    const lines = result.text.split("\n");
    const chain = (line: string): string[] => {
      const found: string[] = [];
      for (let at = result.origins[lines.indexOf(line)]; at; at = at.parent) {
        found.push(`${at.macro ?? ""}${at.argument === undefined ? "" : `(${at.argument})`}@${at.file}:${at.line}`);
      }
      return found;
    };
    expect(chain("Dxown")).toEqual(["@site.mc:6"]);
    const access = chain("Kaccess hash -T<TMPF> /etc/mail/access");
    expect(access[0]).toMatch(/macros\/feature\/access_db\.m4:\d+$/);
    expect(access).toContain("FEATURE(access_db)@site.mc:3");
    expect(access.at(-1)).toBe("@site.mc:3");
  });

  test("a value leads back to the line that defined it", () => {
    const text = "OSTYPE(`linux')dnl\ndefine(`value', `seventeen')dnl\nMAILER(`smtp')dnl\nLOCAL_CONFIG\nvalue\n";
    const result = compileMc({ file: "site.mc", text }, { library });
    const origin = result.origins[result.text.split("\n").indexOf("seventeen")];
    expect(origin).toMatchObject({ macro: "value", line: 5, definedAt: { file: "site.mc", line: 2 } });
  });
});
