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
import { macroValue } from "../rewriting/macro-value.ts";
import type { HeaderPlan } from "./header-plan.ts";

/** Who says which fields a message has to have: a site. */
export interface HeaderSource {
  readonly config: Config;
  readonly headerPlan: HeaderPlan;
}

/**
 * @param fields as the sender wrote them
 * @param scope with the envelope's macros set (envelope-macros.ts)
 * @param resent the message is sent on by somebody: it gets Resent-Date and its like
 * @returns all fields in the order they are sent
 */
export function completeHeader(
  { config, headerPlan }: HeaderSource,
  fields: readonly HeaderField[],
  scope: MacroScope,
  resent = isResent(fields),
): readonly HeaderField[] {
  const { trace, defaults, kept } = headerParts({ config, headerPlan }, fields, scope, resent);
  return [...trace, ...defaults.filter((field) => field !== undefined), ...kept];
}

/** A header in the parts that it is made of; `completeHeader` joins them. */
export interface HeaderParts {
  /** Of this hop. */
  readonly trace: readonly HeaderField[];
  /** One for each rule that may supply a field, in their order; undefined where the message needs none. */
  readonly defaults: readonly (HeaderField | undefined)[];
  /** What the sender wrote. */
  readonly kept: readonly HeaderField[];
}

/** @see completeHeader */
export function headerParts(
  { config, headerPlan: { trace, defaults } }: HeaderSource,
  fields: readonly HeaderField[],
  scope: MacroScope,
  resent = isResent(fields),
): HeaderParts {
  // An empty field is as good as none.
  const present = new Set(fields.filter(({ value }) => value.trim() !== "").map(({ name }) => name.toLowerCase()));
  const replaced = new Set<string>();
  const added = defaults.map((rule) => {
    const name = rule.name.toLowerCase();
    if (present.has(name) || (name.startsWith("resent-") && !resent)) return undefined;
    if (rule.macro !== undefined && !scope.get(rule.macro)) return undefined;
    const field = fromRule(config, rule, scope);
    if (field.value.trim() === "") return undefined;
    replaced.add(name);
    return field;
  });
  const kept = fields.filter(({ name, value }) => value.trim() !== "" || !replaced.has(name.toLowerCase()));
  return { trace: trace.map((rule) => fromRule(config, rule, scope)), defaults: added, kept };
}

const RESENT = /^resent-(?:date|from|sender|reply-to|to|cc|bcc|message-id)$/i;

/** RFC 5322 §3.6.6, and Resent-Reply-To of RFC 822: other fields with such a name say nothing. */
export function isResent(fields: readonly HeaderField[]): boolean {
  return fields.some(({ name }) => RESENT.test(name));
}

/** What nobody sent comes from the mail system: `From: MAILER-DAEMON`. */
function named(scope: MacroScope): MacroScope {
  const sender = scope.get("g") ?? "";
  if (sender !== "" && sender !== "<>") return scope;
  return scope.child([["g", macroValue("n", scope) || "MAILER-DAEMON"]]);
}

function fromRule(config: Config, rule: HeaderRule, scope: MacroScope): HeaderField {
  const text = config.expand(rule.template ?? "", named(scope));
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
