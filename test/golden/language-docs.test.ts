/**
 * The examples of docs/language.md: a `cf` block is a configuration for the blocks behind it. `bt` holds a dialogue in
 * test mode with all that is printed, `results` lines of the form `typed => result`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { runSession } from "./run-session.ts";

const PAGE = new URL("../../docs/language.md", import.meta.url);
const BANNER = "ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)\nEnter <ruleset> <address>\n";
/** Understood in each example. */
const HEAD = `V10/Berkeley
O DontProbeInterfaces=true
Dwmail
Dmexample.test
Djmail.example.test
Cwmail
Mlocal, P=/bin/mail, F=lsDFMAw5:/|@qm9, A=mail $u
Mprog, P=/bin/sh, F=lsDFMo, A=sh -c $u
`;

interface Example {
  readonly line: number;
  readonly configuration: string;
  readonly kind: string;
  readonly body: string;
}

function examples(page: string): Example[] {
  const found: Example[] = [];
  let configuration = "";
  for (const { 1: kind, 2: body, index } of page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)) {
    const line = page.slice(0, index).split("\n").length;
    if (kind === "cf") configuration = body;
    else found.push({ line, kind, body, configuration });
  }
  return found;
}

/** Typed behind each line: its answer, which no example has, separates the answers. */
const MARK = "/--";
const MARKED = `> Unknown "/" command ${MARK}\n`;

/** What is printed for each typed line, without blanks at the ends of lines. */
async function answers(configuration: string, typed: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "rulemail-docs-"));
  try {
    writeFileSync(join(folder, "example.cf"), HEAD + configuration, "latin1");
    writeFileSync(join(folder, "example.in"), typed.map((line) => `${line}\n${MARK}\n`).join(""), "latin1");
    const printed = await runSession(folder, "example");
    expect(printed.slice(0, BANNER.length)).toBe(BANNER);
    const parts = printed.slice(BANNER.length).split(MARKED).slice(0, typed.length);
    return parts.map((part) => tidy(part.replace(/^> /, "")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tidy(text: string): string {
  return text.replace(/[ \t]+$/gm, "").trimEnd();
}

/** The tokens that come out, or the line that sums up a /parse or /try. */
function resultOf(answer: string): string {
  const last = answer.split("\n").findLast((line) => line.includes(" returns:"));
  if (answer.startsWith("Cracked") || last === undefined) return answer.trim().split("\n").at(-1)!;
  return last.replace(/^.{16} returns: ?/, "");
}

describe("docs/language.md", () => {
  test.each(examples(readFileSync(PAGE, "utf8")))("example at line $line", async ({ kind, body, configuration }) => {
    if (kind === "results") {
      const pairs = body
        .trimEnd()
        .split("\n")
        .map((line) => line.split(/ +=> ?/));
      const got = await answers(
        configuration,
        pairs.map(([typed]) => typed),
      );
      const shown = pairs.map(([typed], index) => `${typed} => ${resultOf(got[index])}`);
      expect(shown).toEqual(pairs.map(([typed, result]) => `${typed} => ${result.trim()}`));
      return;
    }
    expect(kind).toBe("bt");
    const steps = body
      .split(/^> /m)
      .slice(1)
      .map((step) => step.split("\n"));
    const got = await answers(
      configuration,
      steps.map(([typed]) => typed),
    );
    const shown = steps.map(([typed], index) => [typed, got[index]]);
    expect(shown).toEqual(steps.map(([typed, ...lines]) => [typed, tidy(lines.join("\n"))]));
  });
});
