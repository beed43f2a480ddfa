/** L010 and L011: rulesets that are called but not defined, and those that nothing can reach. */
import type { RulesetTable } from "../../rewriting/rulesets.ts";
import type { Subject } from "../subject.ts";
import type { Issue } from "./codes.ts";
import { rulesetsRunFirst } from "./entries.ts";
import type { Flow } from "./flow.ts";
import type { References } from "./references.ts";

export function checkRulesets(subject: Subject, { rulesets: calls, any }: References, flow: Flow): Issue[] {
  const { config, statements } = subject;
  const table = config.rulesets;
  /** Number → line of its first S line. */
  const defined = new Map<number, number>();
  for (const { node, first } of statements) {
    if (node.kind !== "ruleset") continue;
    const { number } = table.find(node.body);
    if (number !== undefined && !defined.has(number)) defined.set(number, first);
  }
  const issues: Issue[] = [];
  for (const { name, line, rule } of calls) {
    const { number } = table.find(name);
    if (rule && !flow.mayFire(rule)) continue;
    if (number !== undefined && defined.has(number)) continue;
    // A number, or a name that something else mentions, runs as a ruleset without rules.
    const severity = number === undefined ? "error" : "warning";
    issues.push({ code: "L010", line, severity, text: `ruleset ${name} is called here, but not defined`, group: name });
  }
  issues.push(...undefinedElsewhere(subject, defined));
  if (any.rulesets) return issues;
  const reached = reach(subject, calls);
  for (const [number, line] of defined) {
    // An empty one is a place for rules that a site may add.
    if (reached.has(number) || !table.get(number)?.size) continue;
    issues.push({ code: "L011", line, text: `ruleset ${table.nameOf(number)} is never used` });
  }
  return issues;
}

/** S= and R= of mailers, `$>` of headers. */
function undefinedElsewhere({ config, statements }: Subject, defined: ReadonlyMap<number, number>): Issue[] {
  const issues: Issue[] = [];
  const { rulesets } = config;
  for (const { node, first } of statements) {
    if (node.kind !== "mailer") continue;
    const mailer = config.mailers.get(node.name);
    if (!mailer) continue;
    const { sender, recipient } = mailer;
    for (const number of new Set([sender.envelope, sender.header, recipient.envelope, recipient.header])) {
      if (number === 0 || defined.has(number)) continue;
      const text = `mailer ${node.name} names ruleset ${rulesets.nameOf(number)}, which is not defined`;
      issues.push({ code: "L010", line: first, severity: "warning", text });
    }
  }
  for (const { name, check } of config.headers) {
    if (!check || defined.has(check.ruleset)) continue;
    const at = statements.find(({ node }) => node.kind === "header" && node.name?.toLowerCase() === name.toLowerCase());
    const text = `header ${name} is checked by ruleset ${rulesets.nameOf(check.ruleset)}, which is not defined`;
    issues.push({ code: "L010", line: at?.first ?? 0, severity: "warning", text });
  }
  return issues;
}

function reach({ config }: Subject, calls: References["rulesets"]): ReadonlySet<number> {
  const table: RulesetTable = config.rulesets;
  const numberOf = (name: string): number[] => {
    const { number } = table.find(name);
    return number === undefined ? [] : [number];
  };
  const callees = new Map<number, number[]>();
  for (const { name, from } of calls) {
    if (from !== undefined) callees.set(from, [...(callees.get(from) ?? []), ...numberOf(name)]);
  }
  const waiting = [...rulesetsRunFirst(config)];
  const reached = new Set<number>();
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    if (reached.has(number)) continue;
    reached.add(number);
    waiting.push(...(callees.get(number) ?? []));
  }
  return reached;
}
