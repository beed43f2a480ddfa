/**
 * Adds what a message has to have: the trace field of this hop, and the fields that H lines of the configuration
 * supply when the sender did not (Date:, From:, Message-Id: ...).
 *
 * Fields whose H line carries mailer flags are kept with them; the agent's mailer decides whether they are sent.
 * Return-Path: is not added here: final delivery writes it (RFC 5321 §4.4), for mailers with F=P.
 */
import type { Config, HeaderRule } from "../config/config.ts";
import type { HeaderField } from "../mail/header.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { HeaderPlan } from "./header-plan.ts";

/** Who says which fields a message has to have: a site. */
export interface HeaderSource {
  readonly config: Config;
  readonly headerPlan: HeaderPlan;
}

/**
 * @param fields as the sender wrote them
 * @param scope with the envelope's macros set (envelope-macros.ts)
 * @returns all fields in the order they are sent
 */
export function completeHeader(
  { config, headerPlan: { trace, defaults } }: HeaderSource,
  fields: readonly HeaderField[],
  scope: MacroScope,
): readonly HeaderField[] {
  // An empty field is as good as none.
  const present = new Set(fields.filter(({ value }) => value.trim() !== "").map(({ name }) => name.toLowerCase()));
  const isResent = fields.some((field) => /^resent-/i.test(field.name));
  const added: HeaderField[] = [];
  for (const rule of defaults) {
    const name = rule.name.toLowerCase();
    if (present.has(name) || (name.startsWith("resent-") && !isResent)) continue;
    if (rule.macro !== undefined && !scope.get(rule.macro)) continue;
    const field = fromRule(config, rule, scope);
    if (field.value.trim() !== "" && !namesNobody(field)) added.push(field);
  }
  const replaced = new Set(added.map(({ name }) => name.toLowerCase()));
  const kept = fields.filter(({ name, value }) => value.trim() !== "" || !replaced.has(name.toLowerCase()));
  return [...trace.map((rule) => fromRule(config, rule, scope)), ...kept, ...added];
}

/** What `$?x$x <$g>$|$g$.` makes of the null sender is no address (RFC 5322 §3.4): such a field is not added. */
function namesNobody({ value }: HeaderField): boolean {
  return /<>+$/.test(value.trimEnd());
}

function fromRule(config: Config, rule: HeaderRule, scope: MacroScope): HeaderField {
  const text = config.expand(rule.template ?? "", scope);
  // Templates fold with the line ends of the cf file; a message has CRLF, and never an empty or unindented line.
  const folded = text.replace(/(?:\r?\n)+[ \t]*/g, "\r\n\t").replace(/(?:\r\n\t)+$/, "");
  const value = folded.startsWith(" ") || folded.startsWith("\r\n") ? folded : ` ${folded}`;
  const flags = rule.flags === "" ? undefined : rule.flags;
  return flags === undefined ? { name: rule.name, value } : { name: rule.name, value, flags };
}

/** Received: fields already there: the hops behind this message (RFC 5321 §6.3). */
export function countHops(fields: readonly HeaderField[]): number {
  let hops = 0;
  for (const { name } of fields) if (name.length === 8 && name.toLowerCase() === "received") hops++;
  return hops;
}
