/** The configuration itself: that it is there and without errors, and no older than what it was compiled from. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Check as LintCheck, lint } from "../../../analysis/lint.ts";
import { checkPresence } from "../../../analysis/lint/presence.ts";
import { checkRelaying } from "../../../analysis/lint/relaying.ts";
import { sourcesOf } from "../../../source/source-map.ts";
import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";

/** What has a check of its own here. */
const ELSEWHERE: ReadonlySet<LintCheck> = new Set([checkPresence, checkRelaying]);

export const configuration: Check = {
  name: "configuration",
  about: "the configuration: errors, and whether it is older than its sources",
  needs: "nothing",
  async run({ file, subject, problems }) {
    if (subject === undefined) {
      if (!existsSync(file)) return [absent(file)];
      const [first] = problems.filter(({ severity }) => severity === "error");
      return [broken(file, first?.at.line ?? 0, first?.message ?? "it cannot be read")];
    }
    const findings: Finding[] = [];
    for (const { severity, line, text } of await lint(subject, false, ELSEWHERE)) {
      if (severity === "error") findings.push(broken(file, line, text));
    }
    return [...findings, ...olderThan(file)];
  },
};

function absent(file: string): Finding {
  return {
    kind: "no-configuration",
    what: "there is no configuration",
    where: file,
    todo: "rulemail setup DOMAIN makes one; or name the file of yours with -C",
  };
}

function broken(file: string, line: number, text: string): Finding {
  const where = line > 0 ? `${file}:${line}` : file;
  return { kind: "configuration-error", what: text, where, todo: `rulemail lint --here ${file}` };
}

function olderThan(file: string): Finding[] {
  const made = statSync(file).mtimeMs;
  const named = sourcesOf(file);
  const sources = named.length > 0 ? named : besides(file);
  return sources.flatMap((source): Finding[] => {
    const changed = statSync(source, { throwIfNoEntry: false })?.mtimeMs;
    if (changed === undefined || changed <= made) return [];
    const main = source.endsWith(".mc") ? source : (besides(file).find((each) => existsSync(each)) ?? source);
    const compile = `rulemail mc -o ${file} ${main}`;
    return [
      {
        kind: "configuration-older",
        what: `${source} was changed after the configuration was compiled from it`,
        where: file,
        todo: `${compile}, then kill -HUP the server`,
      },
    ];
  });
}

/** What it was made from, as a rule, where no source map of its text says it; `rulemail setup` makes sendmail.cf from site.mc. */
function besides(file: string): string[] {
  const own = file.endsWith(".cf") ? [file.replace(/\.cf$/, ".mc")] : [];
  return basename(file) === "sendmail.cf" ? [...own, join(dirname(file), "site.mc")] : own;
}
