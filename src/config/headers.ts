/** H lines: `H?flags?Name: template`, `H?${macro}?Name: template`, `HName: $>check`. */
import type { HeaderLine } from "../cf/ast.ts";
import { reportRuleset } from "../cf/rules.ts";
import type { ConfigMessages } from "../cf/messages.ts";
import { readMacroName } from "../rewriting/macro-name.ts";
import type { RulesetTable } from "../rewriting/rulesets.ts";
import { MACRO } from "../rewriting/tokens.ts";
import type { HeaderRule } from "./config.ts";

/** `$>` in macro text. */
const CALL = `${MACRO}>`;

/**
 * @param text the line after its H, for messages
 * @param rulesetName fills macros into the name of the ruleset of a check
 */
export function readHeaderLine(
  { condition, name, value = "", stray }: HeaderLine,
  text: string,
  rulesets: RulesetTable,
  messages: ConfigMessages,
  rulesetName: (text: string) => string,
): HeaderRule | undefined {
  if (stray || name === undefined) {
    const shown = condition !== undefined && !stray ? `?${condition}` : text;
    messages.error(`header syntax error, line "${shown}"`, { offset: 1 + brokenAt(text, condition, stray === true) });
    return undefined;
  }
  const when = readCondition(condition ?? "");
  if (when === undefined) {
    messages.error(`header syntax error, line "${text}"`, { offset: 2 });
    return undefined;
  }
  if (!value.startsWith(CALL)) {
    if (name.startsWith("*")) return undefined;
    return { name, ...when, template: value };
  }
  const keepComments = value[CALL.length] === "+";
  const call = value.slice(CALL.length + (keepComments ? 1 : 0)).trim();
  const reading = rulesets.mention(rulesetName(call));
  reportRuleset(reading.problems, messages, 1 + text.length - value.length + value.indexOf(call));
  if (reading.number === undefined) return undefined;
  return { name, ...when, check: { ruleset: reading.number, keepComments } };
}

/** Where the second question mark, the name or the colon is missing. */
function brokenAt(text: string, condition: string | undefined, stray: boolean): number {
  if (stray) return text.length;
  const field = condition === undefined ? 0 : condition.length + 2;
  const name = /^[!-9;-~]+/.exec(text.slice(field))?.[0] ?? "";
  return field + name.length;
}

function readCondition(condition: string): { flags: string; macro?: string } | undefined {
  if (!condition.includes(MACRO)) return { flags: condition };
  if (!condition.startsWith(MACRO)) return undefined;
  const { name, end } = readMacroName(condition, 1);
  if (name === undefined || end !== condition.length) return undefined;
  return { flags: "", macro: name };
}
