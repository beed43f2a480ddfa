/** An explanation in plain words, line by line, or as JSON. Text is octets; the words leave control characters out. */
import { printable } from "../rewriting/tokens.ts";
import { formatLocation } from "../source/location.ts";
import type { Triple } from "../envelope/recipient.ts";
import type { Explanation, HostLine, LocalStory, Outcome, Sent } from "./explain.ts";
import { type Asked, type FiredRule, firedIn, type RulesetRun } from "./record-runs.ts";

/** @param all every rule that fired; without it only the last ones before the outcome */
export function explanationLines(told: Explanation, all = false): string[] {
  const { address, role, canonical, rulesets, messages, sent } = told;
  const head = [
    `${printable(address)}, as ${role === "sender" ? "a sender" : "a recipient"}:`,
    ...(canonical === undefined ? [] : [`canonical form: ${printable(canonical)}`]),
    outcomeLine(told.outcome),
    ...(told.local === undefined ? [] : localLines(told.local, told.outcome)),
    ...(told.line ?? []).map(hostLine),
    ...sent.map((each) => sentLine(each, role)),
    ...messages.map((text) => `message: ${text}`),
  ];
  if (!all) return [...head, ...decisionLines(told)];
  return [
    ...head,
    "",
    "How this was found:",
    ...rulesets.flatMap((run) => runLines(run, 1)),
    ...(told.local?.rulesets ?? []).flatMap((run) => runLines(run, 1)),
    ...sent.flatMap((each) => sentStory(each, role)),
    ...(told.truncated ? ["The rules went on for longer than is shown here."] : []),
  ];
}

/** The rule that decided, and what maps answered on the way. */
function decisionLines({ rulesets, local }: Explanation): string[] {
  const rules = [...rulesets, ...(local?.rulesets ?? [])].flatMap(firedIn);
  const rule = rules.findLast(({ rhs }) => /^(?:\$[@:] )?\$# /.test(`${rhs} `));
  const asked = rules.flatMap(({ lookups }) => lookups).filter(({ answer }) => answer !== "missing");
  const shown = asked.slice(-MOST_LOOKUPS);
  const decided =
    rule === undefined
      ? []
      : [
          `decided by ${formatLocation({ file: rule.file, line: rule.line })}: R${rule.lhs}   ->   ${rule.rhs}`,
          ...(rule.origin === undefined ? [] : [`  from ${rule.origin}`]),
        ];
  return [...shown.map(lookupText), ...decided, `${rules.length} rules fired: --all shows them`];
}

/** Look-ups of the short form. */
const MOST_LOOKUPS = 3;

/** One line of ASCII; octets above 127 are written as \u00xx. */
export function explanationJson(told: Explanation): string {
  // The text of a workspace has octets of its own for `$#` and the like: nothing for others, who have `output`.
  const json = JSON.stringify(told, (name, value: unknown) => (name === "result" ? undefined : value));
  return json.replace(/[\x7f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Who the user of the mailer is on this machine. */
function localLines({ kind, members = [], moved, reply }: LocalStory, outcome: Outcome): string[] {
  const user = moved?.user ?? (outcome.kind === "mailer" ? outcome.user : "");
  const name = printable(user);
  const said: Readonly<Record<LocalStory["kind"], string[]>> = {
    alias: [`${name} is an alias of: ${members.map(printable).join(", ") || "nobody"}`],
    user: [`${name} is a user of this machine`],
    deliver: [],
    unknown: [`${name} is neither an alias nor a user of this machine: 550 5.1.1 User unknown`],
    error: [`ruleset 5 refuses it: ${reply && replyText(reply)}`],
    later: [`whether ${name} is known cannot be told now: ${reply && replyText(reply)}`],
    discard: ["ruleset 5 throws it away without a report"],
  };
  const elsewhere = moved === undefined ? [] : [`ruleset 5 sends it to ${tripleText(moved)}`];
  return [...elsewhere, ...said[kind]];
}

function hostLine({ host = "", policy, problem = "" }: HostLine): string {
  if (policy === undefined) return `left alone: ${printable(problem)}`;
  const published = policy === "none" ? "nothing is published about connections" : printable(policy);
  return `host ${printable(host)}: ${published}`;
}

function tripleText({ mailer, host, user }: Triple): string {
  return `mailer ${mailer}${host === "" ? "" : `, host ${printable(host)}`}, user ${printable(user)}`;
}

function replyText({ code, enhanced, text }: NonNullable<LocalStory["reply"]>): string {
  return [code, ...(enhanced === undefined ? [] : [enhanced]), printable(text)].join(" ");
}

function outcomeLine(outcome: Outcome): string {
  switch (outcome.kind) {
    case "mailer":
      return `goes to ${tripleText(outcome)}`;
    case "discard":
      return "is thrown away without a report";
    default: {
      const reply = replyText(outcome.reply);
      return outcome.kind === "later"
        ? `cannot be told now, a look-up does not answer: ${reply}`
        : `is refused: ${reply}`;
    }
  }
}

function sentLine({ part, mailers, text }: Sent, role: string): string {
  const what = text === undefined ? "nothing yet, a look-up does not answer" : printable(text);
  return `${part} ${role} for mailer ${mailers.join(", ")}: ${what}`;
}

/** The rulesets of a rewriting, when it is about one mailer: those of several differ. */
function sentStory({ part, mailers, rulesets }: Sent, role: string): string[] {
  if (rulesets.length === 0) return [];
  const head = `${part[0].toUpperCase()}${part.slice(1)} ${role} for mailer ${mailers[0]}:`;
  return ["", head, ...rulesets.flatMap((run) => runLines(run, 1))];
}

function runLines({ ruleset, number, input, rules, output, status }: RulesetRun, depth: number): string[] {
  const indent = "  ".repeat(depth);
  const name = ruleset === String(number) ? ruleset : `${ruleset} (${number})`;
  const failed = status === 0 ? "" : ` (status ${status})`;
  if (rules.length === 0) return [`${indent}ruleset ${name}: ${input}   no rule fires${failed}`];
  return [
    `${indent}ruleset ${name}: ${input}`,
    ...rules.flatMap((rule) => ruleLines(rule, `${indent}  `, depth)),
    `${indent}  ruleset ${ruleset} gives: ${output}${failed}`,
  ];
}

function ruleLines(rule: FiredRule, indent: string, depth: number): string[] {
  return [
    `${indent}${formatLocation({ file: rule.file, line: rule.line })}: R${rule.lhs}   ->   ${rule.rhs}`,
    ...(rule.origin === undefined ? [] : [`${indent}    from ${rule.origin}`]),
    ...rule.lookups.map((asked) => `${indent}    ${lookupText(asked)}`),
    ...rule.calls.flatMap((run) => runLines(run, depth + 3)),
    `${indent}    ${rule.after === undefined ? "cannot be applied" : `makes it: ${rule.after}`}`,
  ];
}

function lookupText({ map, key, args, answer, value = "", reason = "" }: Asked): string {
  const asked = [key, ...args].map((text) => `"${printable(text)}"`).join(", ");
  const said = {
    found: `found "${printable(value)}"`,
    missing: "not there",
    later: `does not answer: ${printable(reason)}`,
    "no such map": "there is no such map",
  }[answer];
  return `map ${map} is asked for ${asked}: ${said}`;
}
