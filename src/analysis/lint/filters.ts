/** L018: mail filters that are to be asked, but no X line defines. */
import { parseEquates } from "../../cf/equates.ts";
import { filterNames } from "../../config/milters.ts";
import { printMacroText } from "../../rewriting/macro-text.ts";
import type { Subject } from "../subject.ts";
import type { Issue } from "./codes.ts";
import { optionNamed } from "./option-row.ts";

export function checkFilters({ config, statements }: Subject): Issue[] {
  const issues: Issue[] = [];
  for (const { node, first: line } of statements) {
    if (node.kind !== "option") continue;
    const text = filtersIn(optionNamed(node)?.name, printMacroText(node.value));
    for (const name of filterNames(text)) {
      if (config.filters.has(name)) continue;
      issues.push({
        code: "L018",
        line,
        text: `mail filter ${name} is to be asked, but no X line defines it`,
        group: name,
      });
    }
  }
  return issues;
}

/** The names in InputMailFilters, or in I= of a port. */
function filtersIn(option: string | undefined, value: string): string {
  if (option === "InputMailFilters") return value;
  if (option !== "DaemonPortOptions") return "";
  return parseEquates(value).find(({ key }) => /^i/i.test(key))?.value ?? "";
}
