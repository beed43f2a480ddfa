/** Text of a site's file that is no macro, no comment and no line of a configuration; blanks that lines of macros leave. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { compileMc } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";

const library = folderLibrary(join(import.meta.dirname, "../../../macros"));
const HEAD = "OSTYPE(`linux')dnl\n";
const TAIL = "MAILER(`local')dnl\nMAILER(`smtp')dnl\n";

function warnings(text: string): string[] {
  const { diagnostics } = compileMc({ file: "site.mc", text }, { library });
  return diagnostics.map(({ at, severity, message }) => `${at.line}:${at.column} ${severity}: ${message}`);
}

const STRAY = "warning: this is neither a macro nor a comment nor a line of a configuration: begin remarks with dnl";

describe("a warning is deserved by", () => {
  test.each([
    [
      "a call of nothing, like that of something",
      "FEATRUE(`access_db')",
      "2:1 warning: there is no macro `FEATRUE': did you mean `FEATURE'?",
    ],
    [
      "a call of nothing",
      "  COMPLETELY_ELSE(`x')",
      "2:3 warning: there is no macro `COMPLETELY_ELSE': this is only text",
    ],
    ["a call in small letters", "Define(`confX', `y')", "2:1 warning: there is no macro `Define': this is only text"],
    ["words", "some words of mine", `2:1 ${STRAY}`],
    ["dnl that is none", "dln a remark", `2:1 ${STRAY}`],
    ["words behind a call", "FEATURE(`use_cw_file') on the new host", `2:24 ${STRAY}`],
    [
      "a macro without its parentheses",
      "MASQUERADE_DOMAIN",
      "2:1 warning: `MASQUERADE_DOMAIN' is only text without its parentheses",
    ],
    ["a semicolon", "define(`confMAX_HOP', `20');", `2:28 ${STRAY}`],
    ["another language's comment", "// note", `2:1 ${STRAY}`],
    ["a word that begins like an M line", "Mailers follow", `2:1 ${STRAY}`],
    ["a word that begins like an F line", "Files:", `2:1 ${STRAY}`],
  ])("%s", (_name, line, message) => {
    expect(warnings(`${HEAD}${line}\n${TAIL}`)).toEqual([message]);
    expect(
      warnings(`${HEAD}${line}\n${TAIL}`.replaceAll("\n", "\r\n")).filter((each) => each === message),
    ).toHaveLength(1);
  });

  test("words below LOCAL_CONFIG, and in the last line without an end", () => {
    expect(warnings(`${HEAD}${TAIL}LOCAL_CONFIG\nDXone\noops`)).toEqual([`6:1 ${STRAY}`]);
  });
});

test("text of a file that the site includes is named where it stands", () => {
  const folder = mkdtempSync(join(tmpdir(), "mc-stray-"));
  writeFileSync(join(folder, "more.m4"), "dnl first\nwords\n");
  const text = `${HEAD}include(\`more.m4')dnl\n${TAIL}`;
  const { diagnostics } = compileMc({ file: join(folder, "site.mc"), text }, { library });
  rmSync(folder, { recursive: true });
  expect(diagnostics.map(({ at }) => at)).toEqual([{ file: join(folder, "more.m4"), line: 2, column: 1 }]);
});

describe("nothing is said about", () => {
  test.each([
    ["comments", "# FEATRUE is no word\n  # nor here"],
    [
      "lines of a configuration",
      "DXone\nD{Long}two\nCwa.test b.test\nC{Long}c\nFw/etc/mail/x\nFw-o /etc/mail/y %[^#]\nF{R}|/bin/list\nF{Q}@LDAP",
    ],
    [
      "more of them",
      "Kx hash -o /x\nHX-Own: $j\nH?F?From: $g\nH*: $>CheckAll\nPfirst=1\nTjoe ann\nEPATH=/bin\nEHOME\nO MaxHopCount=12\nOh12\nXf, S=local:/x\nQq, P=/x",
    ],
    ["rules", "LOCAL_RULESETS\nSown\nR$*\t$: $1\nSother=199\nS98\tremark\nR<$+>\t$@ $1\n  and more"],
    ["mailers", "MAILER_DEFINITIONS\nMown, P=/bin/x, F=lsD,\n\tS=EnvFromL, R=EnvToL, A=x $u"],
    ["continued lines", "HX-Own: a\n\tsecond\n   third\nDXone\n two"],
    ["blanks", "FEATURE(`use_cw_file') \nFEATURE(`redirect')\t \n \n\t\nDOMAIN(`generic')  "],
    ["what a macro of the site makes", "define(`greeting', `some words')\ngreeting"],
    ["text that goes nowhere", "divert(-1)\nsome words\nFOO_BAR(x)\ndivert(0)dnl"],
    ["remarks behind dnl", "define(`x', `1')dnl some words\ndnl FEATRUE(`x')"],
  ])("%s", (_name, lines) => {
    expect(warnings(`${HEAD}${lines}\ndivert(0)dnl\n${TAIL}`).filter((each) => /no macro|neither/.test(each))).toEqual(
      [],
    );
  });
});

describe("a blank that is left of macros", () => {
  test.each([
    ["behind a FEATURE", "FEATURE(`always_add_domain') "],
    ["behind a define", "define(`confMAX_HOP', `20') \n\t"],
    ["between the lines", "\n \n\t\n  "],
    ["behind what local settings begin with", "LOCAL_CONFIG \n \nDXone"],
    ["in lines that end in CR LF", "define(`confMAX_HOP', `20') \r\n \r\n"],
  ])("%s is no line of the configuration", (_name, lines) => {
    const { text } = compileMc({ file: "site.mc", text: `${HEAD}${lines}\n${TAIL}` }, { library });
    const all = text.split("\n");
    const idle = all.filter((line, at) => /^[ \t\r]+$/.test(line) && /^(?:#.*)?$/.test(all[at - 1]));
    expect(idle).toEqual([]);
  });

  test("stays where it continues a line", () => {
    const { text } = compileMc({ file: "site.mc", text: `${HEAD}${TAIL}LOCAL_CONFIG\nDXone\n \n` }, { library });
    expect(text).toContain("\nDXone\n \n");
  });

  test("a last line without an end does not run into the library", () => {
    for (const last of [
      "DXone",
      "LOCAL_RULE_0\nRzero\t$#local $: z",
      "LOCAL_RULESETS\nSown\nR$*\t$: x",
      "LOCAL_RULE_3\nR$* x\t$: y",
    ]) {
      const made = compileMc({ file: "site.mc", text: `${HEAD}${TAIL}${last}` }, { library });
      expect(made.text.split("\n")).toEqual(expect.arrayContaining(last.split("\n").slice(-1)));
    }
  });

  test("a line of macros that is indented does not continue the line in front of it", () => {
    const lines = "DXone\n  FEATURE(`use_cw_file')dnl\nDYtwo";
    const { text } = compileMc({ file: "site.mc", text: `${HEAD}${lines}\n${TAIL}` }, { library });
    expect(text.split("\n")).toEqual(expect.arrayContaining(["DXone", "DYtwo"]));
  });
});
