/** The rulesets that H lines name for single fields: `HSubject: $>x`, `H*: $>x` (manual §5.1.4.6). */
import { type HeaderField, unfold } from "../mail/header.ts";
import { ACCEPTED } from "../routing/verdict.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { Judgement } from "./judges.ts";
import type { Transaction } from "./transaction.ts";

/** Field text that a ruleset sees at most; sendmail truncates there too. */
const LONGEST_CHECKED = 1000;

/** Asks the ruleset of this field, when its H line or `H*` names one. */
export function checkField({ site, scope, headerNotes }: Transaction, field: HeaderField): MaybePromise<Judgement> {
  const { checks, otherChecks } = site.headerPlan;
  const check = checks.size === 0 ? undefined : (checks.get(field.name.toLowerCase()) ?? otherChecks)?.check;
  if (check === undefined) return ACCEPTED;
  const value = unfold(field.value);
  const text = (check.keepComments ? value : stripComments(value)).slice(0, LONGEST_CHECKED);
  const macros = scope.child([
    ["currHeader", value.slice(0, LONGEST_CHECKED)],
    ["hdr_name", field.name],
    ["hdrlen", String(value.length)],
    ["addr_type", "h"],
  ]);
  const by = site.config.rulesets.nameOf(check.ruleset);
  return whenReady(site.router.check(by, [text], macros, headerNotes.nextField()), (verdict) =>
    verdict.kind === "ok" ? verdict : { ...verdict, by, about: [field.value.replaceAll("\r\n", "\n")] },
  );
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
