import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { type Difference, diffConfigurations, isSame } from "../../../src/analysis/diff.ts";
import { diffLines } from "../../../src/analysis/diff-lists.ts";
import { diffReport } from "../../../src/analysis/diff-report.ts";
import { analysisEnvironment, readConfiguration } from "../../../src/cli/read-configuration.ts";
import { AnalysisFolder } from "../../support/analysis.ts";

const files = new AnalysisFolder();
afterAll(() => files.remove());

const BASE = [
  "V10",
  "O OperatorChars=.:%@!^/[]+",
  "O LogLevel=9",
  "DSrelay.example.com",
  "CPgreen",
  "Kfirst text -o /etc/first",
  "HSubject: $u",
  "Mlocal, P=/bin/mail, F=ls, A=mail $u",
  "Msmtp, P=[IPC], F=u, A=TCP $h",
  "Scanonify=3",
  "R$* < $+ > $*\t$2",
  "Sparse=0",
  "R$+@$+\t$#smtp $@ $2 $: $1@$2",
  "R$+\t$#local $: $1",
  "",
].join("\n");

async function difference(change: (text: string) => string, probes?: readonly string[]): Promise<Difference> {
  return diffConfigurations(await files.subject(BASE), await files.subject(change(BASE)), { probes });
}

const put = (lines: string) => (text: string) => `${text}${lines}\n`;
const replace = (from: string, to: string) => (text: string) => text.replace(from, to);

/** Exit status of `rulemail mc`; what it prints stays out of the lines of the tests. */
function mc(words: readonly string[]): number | null {
  return spawnSync(join(import.meta.dirname, "../../../bin/rulemail"), ["mc", ...words], { stdio: "ignore" }).status;
}

describe("diffConfigurations()", () => {
  test("comments, order and values that are the default make no difference", async () => {
    const found = await difference((text) => `# a comment\n${text.replace("O LogLevel=9\n", "")}`);
    expect(isSame(found)).toBe(true);
    expect(diffReport(found)).toBe("");
  });

  test("options are compared by what they come to", async () => {
    const { options } = await difference(put("O Timeout.queuereturn=4d\nO LogLevel=14"));
    expect(options).toContainEqual({ name: "LogLevel", before: "9", after: "14" });
    expect(options).toContainEqual({ name: "Timeout.queuereturn", before: "5d", after: "4d" });
  });

  test("tables that are not here are empty: what comes after them is compared", async () => {
    const environment = analysisEnvironment();
    const table = `Kways hash ${files.folder}/none\n`;
    const rule = "R$+@$+\t\t$: $1@$(ways $2 $)\nR$+@$+\t$#smtp";
    const text = table + BASE.replace("R$+@$+\t$#smtp", rule);
    const [old, now] = await Promise.all(
      [text, text.replace("$#smtp $@ $2", "$#smtp $@ hub.example.net")].map(async (each) =>
        readConfiguration(files.write(each), environment),
      ),
    );
    const { probes } = await diffConfigurations(old.subject!, now.subject!);
    expect(probes).toContainEqual({
      name: "user@mail.example.org",
      before: "mailer smtp, host mail.example.org, user user@mail.example.org",
      after: "mailer smtp, host hub.example.net, user user@mail.example.org",
    });
  });

  test("ports are options of their own", async () => {
    const { options } = await difference(put("O DaemonPortOptions=Name=MSA, Port=587, M=E"));
    expect(options.map(({ name }) => name)).toContain("DaemonPortOptions MSA");
  });

  test("mailers are compared by their equates", async () => {
    const { mailers } = await difference((text) =>
      replace("F=ls, A=mail", "F=sl, A=mail -x")(text).replace("Msmtp", "Mextra, P=[IPC], F=u, A=TCP $h\nMsmtp"),
    );
    expect(mailers).toEqual([
      { name: "local", kind: "changed", equates: [{ name: "A", before: "mail $u", after: "mail -x $u" }] },
      { name: "extra", kind: "added", equates: [] },
    ]);
  });

  test("classes are compared by their words, files of words by their names", async () => {
    const { classes, classFiles } = await difference((text) => text.replace("CPgreen", "CPblue\nFw-o /etc/names"));
    expect(classes).toEqual([
      {
        name: "P",
        words: [
          { kind: "removed", text: "green" },
          { kind: "added", text: "blue" },
        ],
      },
    ]);
    expect(classFiles).toEqual([{ kind: "added", text: "Fw-o /etc/names" }]);
  });

  test("maps, macros, headers and the rest are compared", async () => {
    const { maps, macros, headers, others } = await difference((text) =>
      `${text}Pbulk=-60\n`
        .replace("/etc/first", "/etc/second")
        .replace("DSrelay", "DSother")
        .replace("HSubject: $u", "HSubject: $g"),
    );
    expect(maps).toEqual([{ name: "first", before: "text -o /etc/first", after: "text -o /etc/second" }]);
    expect(macros).toEqual([{ name: "S", before: "relay.example.com", after: "other.example.com" }]);
    expect(headers).toEqual([{ name: "Subject", before: "$u", after: "$g" }]);
    expect(others).toEqual([{ name: "precedence bulk", after: "-60" }]);
  });

  test("rules are compared ruleset by ruleset, and addresses show what they mean", async () => {
    const { rulesets, probes } = await difference(replace("R$+@$+", "Rjoe@$+\t$#local $: joe\nR$+@$+"), [
      "joe@example.net",
      "ann@example.net",
    ]);
    expect(rulesets).toEqual([
      { name: "parse", kind: "changed", rules: [{ kind: "added", text: "Rjoe @ $+\t$# local $: joe" }] },
    ]);
    expect(probes).toEqual([
      {
        name: "joe@example.net",
        before: "mailer smtp, host example.net, user joe@example.net",
        after: "mailer local, user joe",
      },
    ]);
  });
});

test("diffLines() finds the shortest way from one list to the other", () => {
  expect(diffLines(["a", "b", "c", "d"], ["a", "c", "x", "d"])).toEqual([
    { kind: "removed", text: "b" },
    { kind: "added", text: "x" },
  ]);
});

describe("rulemail mc --diff", () => {
  test("ends with 0 for the same meaning, with 64 for one file", () => {
    const same = files.write(BASE);
    expect(mc(["--diff", same, files.write(`# other\n${BASE}`)])).toBe(0);
    expect(mc(["--diff", "--json", same])).toBe(64);
  });

  test("--no-rules leaves out rules and the names of rulesets, a file that cannot be read is 2", () => {
    const old = files.write(BASE);
    const other = files.write(
      BASE.replace("Sparse=0\n", "Sparse=0\nRnobody\t$@ nobody\n").replace("F=ls,", "F=ls, S=3,"),
    );
    expect(mc(["--diff", old, other])).toBe(1);
    expect(mc(["--diff", "--no-rules", old, other])).toBe(0);
    expect(mc(["--diff", old, "/no/such.cf"])).toBe(2);
  });

  test("two ways to write the name of a class, and an empty macro, are no difference", async () => {
    const found = await difference((text) => `${text}F{Q}-o /etc/words\nDE\n`);
    const same = await diffConfigurations(
      await files.subject(`${BASE}FQ-o /etc/words\n`),
      await files.subject(`${BASE}F{Q}-o /etc/words\nDE\n`),
    );
    expect(isSame(found)).toBe(false);
    expect(isSame(same)).toBe(true);
  });

  test("compares .mc files by what they compile to", async () => {
    const site = "OSTYPE(`linux')dnl\nMAILER(`local')dnl\nMAILER(`smtp')dnl\n";
    const { options, probes } = await diffConfigurations(
      await files.subject(site, "mc"),
      await files.subject(
        `define(\`confLOG_LEVEL', \`14')dnl\n${site}`.replace(
          "MAILER",
          "define(`SMART_HOST', `hub.example.com')dnl\nMAILER",
        ),
        "mc",
      ),
    );
    expect(options).toEqual([{ name: "LogLevel", before: "9", after: "14" }]);
    expect(probes).toContainEqual({
      name: "user@example.com",
      before: "mailer esmtp, host example.com, user user@example.com",
      after: "mailer relay, host hub.example.com, user user@example.com",
    });
  });
});
