/**
 * Checks of a whole message before it is accepted: the rulesets that H lines name for single fields (`HSubject: $>x`,
 * `H*: $>x`), then check_eoh (number of fields `$|` octets) and check_eom (size). Manual §5.1.4.6 ff.
 */
import { type HeaderField, unfold } from "../mail/header.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { Router } from "../routing/router.ts";
import { ACCEPTED, type Verdict } from "../routing/verdict.ts";
import type { Site } from "../site/site.ts";

/** Hears of each verdict that is not "ok": the name of the ruleset and what it was asked about. */
export type OnVerdict = (ruleset: string, args: readonly string[], verdict: Verdict) => void;

/** The first verdict that is not "ok" decides; a quarantine is kept while later checks may still refuse. */
export async function checkHeader(
  { config, router, headerPlan }: Pick<Site, "config" | "router" | "headerPlan">,
  fields: readonly HeaderField[],
  scope: MacroScope,
  size: number,
  onVerdict: OnVerdict,
): Promise<Verdict> {
  const { checks, otherChecks } = headerPlan;
  let kept: Verdict = ACCEPTED;
  let octets = 0;
  for (const field of fields) {
    octets += field.name.length + field.value.length + 3;
    if (checks.size === 0) continue;
    const rule = checks.get(field.name.toLowerCase()) ?? otherChecks;
    if (rule?.check === undefined) continue;
    const ruleset = config.rulesets.nameOf(rule.check.ruleset);
    const verdict = await checkField(router, field, ruleset, rule.check.keepComments, scope);
    if (verdict.kind !== "ok") onVerdict(ruleset, [field.value.replaceAll("\r\n", "\n")], verdict);
    if (verdict.kind === "quarantine") kept = verdict;
    else if (verdict.kind !== "ok") return verdict;
  }
  for (const [ruleset, args] of [
    ["check_eoh", [String(fields.length), String(octets)]],
    ["check_eom", [String(size)]],
  ] as const) {
    const verdict = await router.check(ruleset, args, scope);
    if (verdict.kind !== "ok") onVerdict(ruleset, args, verdict);
    if (verdict.kind === "quarantine") kept = verdict;
    else if (verdict.kind !== "ok") return verdict;
  }
  return kept;
}

/** Field text that a ruleset sees at most; sendmail truncates there too. */
const LONGEST_CHECKED = 1000;

function checkField(
  router: Router,
  field: HeaderField,
  ruleset: string,
  keepComments: boolean,
  scope: MacroScope,
): ReturnType<Router["check"]> {
  const value = unfold(field.value);
  const text = (keepComments ? value : stripComments(value)).slice(0, LONGEST_CHECKED);
  const macros = scope.child([
    ["currHeader", value.slice(0, LONGEST_CHECKED)],
    ["hdr_name", field.name],
    ["hdrlen", String(value.length)],
    ["addr_type", "h"],
  ]);
  return router.check(ruleset, [text], macros);
}

/** Text without RFC 5322 comments; parentheses inside quoted strings stay. */
function stripComments(text: string): string {
  let result = "";
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "\\") {
      if (depth === 0) result += text.slice(i, i + 2);
      i++;
    } else if (character === '"' && depth === 0) {
      quoted = !quoted;
      result += character;
    } else if (!quoted && character === "(") {
      depth++;
    } else if (!quoted && character === ")" && depth > 0) {
      depth--;
    } else if (depth === 0) {
      result += character;
    }
  }
  return result.trim();
}
