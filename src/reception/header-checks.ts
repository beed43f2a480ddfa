/** The rulesets that H lines name for single fields: `HSubject: $>x`, `H*: $>x` (manual §5.1.4.6). */
import { withoutComments } from "../mail/comments.ts";
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
  const { keepComments } = check;
  const text = (keepComments ? value : withoutComments(value)).slice(0, LONGEST_CHECKED);
  const said = field.value.replaceAll("\r\n", "\n");
  const macros = scope.child([
    ["currHeader", quoted(said.slice(0, LONGEST_CHECKED))],
    ["hdr_name", field.name],
    ["hdrlen", String(said.length)],
    ["addr_type", "h"],
  ]);
  const by = site.config.rulesets.nameOf(check.ruleset);
  const how = { keepComments, notes: headerNotes.nextField() };
  return whenReady(site.rules.checkText(by, text, how, macros), (verdict) =>
    verdict.kind === "ok" ? verdict : { ...verdict, by, about: [field.value.replaceAll("\r\n", "\n")] },
  );
}

/** One token, whatever stands in it: with blanks and comments, on one line (manual §5.2, {currHeader}). */
function quoted(text: string): string {
  return `"${text.replaceAll("\n", " ").replaceAll(/["\\]/g, "\\$&")}"`;
}
