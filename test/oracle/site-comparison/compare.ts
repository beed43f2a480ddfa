/** What of an answer counts, per kind of question. */
import type { Kind } from "./questions.ts";

const TRACE = /^(?:.{16} {3}input:|.{16} returns:)(?: |$)/;

/** Lines that only our tables need: the Berkeley files of the genuine program are not read. */
const ABOUT_TABLES = /is a Berkeley|Berkeley DB/;

export function counted(kind: Kind, lines: readonly string[]): string {
  switch (kind) {
    case "route":
      return lines
        .filter((line) => !TRACE.test(line))
        .map(withoutRulesetName)
        .join("\n");
    case "header":
      return lines.filter((line) => line.startsWith("Rcode = ")).join("\n");
    case "check":
      return verdict(lines);
    case "choice":
      return lastResult(lines).startsWith("$# ") ? lastResult(lines) : "none";
    case "class":
    case "option":
      return [...new Set(lines)].toSorted().join("\n");
    case "mailer":
      return lines.map((line) => line.replace(/ S=\S* R=\S* M=/, " M=")).join("\n");
    case "start":
      return (
        lines
          .filter((line) => !ABOUT_TABLES.test(line))
          .map((line) => line.replace(/^\S*: line \d+: /, "").replace(/^\/\S+\.cf: /, ""))
          // With -d37 the genuine program says some things twice.
          .filter((line, index, all) => line !== all[index - 1])
          .join("\n")
      );
    default:
      return lines.join("\n");
  }
}

function withoutRulesetName(line: string): string {
  return line.replace(/^== Ruleset \S+ \(-?\d+\) status/, "== status");
}

/** Tokens that the last ruleset gave back. */
function lastResult(lines: readonly string[]): string {
  const last = lines.findLast((line) => /^.{16} returns:(?: |$)/.test(line)) ?? "";
  return last.slice(26).trim();
}

function verdict(lines: readonly string[]): string {
  const result = lastResult(lines);
  return /^\$# (?:error|discard)\b/.test(result) ? result : "accept";
}

/** Lines of a .cf that are facts about the site and not rules. */
export function plainLines(cf: string): string[] {
  return cf
    .replace(/\n(?=[ \t])/g, "\u0001")
    .split("\n")
    .filter((line) => /^[HPTXQE]/.test(line))
    .map((line) =>
      line
        .replace(/\s*\u0001\s*/g, " ")
        .replace(/\s+$/, "")
        .replace(/\t+/g, " "),
    );
}
