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

/** @param text the line after its H, for messages */
export function readHeaderLine(
  { condition, name, value = "", stray }: HeaderLine,
  text: string,
  rulesets: RulesetTable,
  messages: ConfigMessages,
): HeaderRule | undefined {
  if (stray || name === undefined) {
    const shown = condition !== undefined && !stray ? `?${condition}` : text;
    messages.error(`header syntax error, line "${shown}"`);
    return undefined;
  }
  const when = readCondition(condition ?? "");
  if (when === undefined) {
    messages.error(`header syntax error, line "${text}"`);
    return undefined;
  }
  if (!value.startsWith(CALL)) {
    if (name === "*") return undefined;
    return { name, ...when, template: value };
  }
  const keepComments = value[CALL.length] === "+";
  const call = value.slice(CALL.length + (keepComments ? 1 : 0)).trim();
  const reading = rulesets.mention(call);
  reportRuleset(reading.problems, messages);
  if (reading.number === undefined) return undefined;
  return { name, ...when, check: { ruleset: reading.number, keepComments } };
}

function readCondition(condition: string): { flags: string; macro?: string } | undefined {
  if (!condition.startsWith(MACRO)) return { flags: condition };
  const { name, end } = readMacroName(condition, 1);
  if (name === undefined || end !== condition.length) return undefined;
  return { flags: "", macro: name };
}
