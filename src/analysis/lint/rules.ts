/**
 * L020 and L021: rules that an earlier rule of the ruleset leaves nothing to match, and rules that match their own
 * result again and again.
 */
import type { Rule } from "../../rewriting/rule.ts";
import { CALL } from "../../rewriting/tokens.ts";
import type { Subject } from "../subject.ts";
import type { Issue } from "./codes.ts";
import { covers, ends, piecesOf, resultOf } from "./cover.ts";

export function checkRules({ config, diagnostics }: Subject): Issue[] {
  const { rulesets } = config;
  // What is said about a rule that could not be understood as a whole would be a guess.
  const broken = new Set(diagnostics.map(({ at }) => at.line));
  const issues: Issue[] = [];
  for (const { number, rules } of rulesets.all()) {
    const dead = new Set<Rule>();
    rules.forEach((rule, index) => {
      const { line } = rule.at;
      if (broken.has(line) || dead.has(rule)) return;
      if (loops(rule)) {
        issues.push({ code: "L021", line, text: "the rule matches what it makes, and is tried again without end" });
        return;
      }
      if (index === 0 && calls(rule, (name) => rulesets.find(name).number === number)) {
        issues.push({ code: "L021", line, text: "the rule calls its own ruleset with what it matches, without end" });
        return;
      }
      for (const later of shadowed(rule, rules.slice(index + 1), broken)) {
        if (dead.has(later)) continue;
        dead.add(later);
        const text = `the rule never matches: the rule of line ${line} takes everything that it could match`;
        issues.push({ code: "L020", line: later.at.line, cause: line, text, group: String(line) });
      }
    });
  }
  return issues;
}

/** Without `$:` and `$@` a rule is tried until it does not match. */
function loops(rule: Rule): boolean {
  if (rule.control !== "repeat" || ends(rule)) return false;
  const result = resultOf(rule);
  return result !== undefined && covers(rule.lhs, result);
}

/** Whether a rule gives to a ruleset (its own) what it would match itself; nothing else has a chance before a first rule. */
function calls(rule: Rule, isOwn: (name: string) => boolean): boolean {
  const [call, name, ...rest] = rule.rhs;
  if (call?.kind !== "token" || call.text !== CALL || name?.kind !== "token" || !isOwn(name.text)) return false;
  const result = resultOf({ ...rule, rhs: rest });
  return result !== undefined && covers(rule.lhs, result);
}

/**
 * The rules after `rule` that get nothing to match: `rule` ends the ruleset or goes on until it does not match, and
 * between the two no other rule makes new text.
 */
function shadowed(rule: Rule, later: readonly Rule[], broken: ReadonlySet<number>): Rule[] {
  if (!ends(rule) && rule.control !== "repeat") return [];
  const found: Rule[] = [];
  for (const each of later) {
    if (broken.has(each.at.line)) break;
    if (covers(rule.lhs, piecesOf(each.lhs))) found.push(each);
    else if (!ends(each)) break;
  }
  return found;
}
