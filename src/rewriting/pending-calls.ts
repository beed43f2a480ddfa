/**
 * Reads the calls `$>name` of a right side from left to right, before any of them is made: a name that is not known ends
 * the reading, and then none is made. A ruleset without rules is not called; its `$>name` goes, and the token behind it
 * is not looked at, as in the original: it may be another `$>`, which then stays as text.
 */
import { calledName } from "./called-name.ts";
import { LIMITS } from "./limits.ts";
import type { RulesetTable } from "./rulesets.ts";
import type { Token, Workspace } from "./token-table.ts";
import { CALL } from "./tokens.ts";

export interface PendingCall {
  /** Index of `$>`; what is behind its name is the argument. */
  readonly at: number;
  readonly ruleset: number;
}

export interface PendingCalls {
  readonly tokens: Workspace;
  readonly calls: readonly PendingCall[];
  /** False: nothing may be called, and the status is 78. */
  readonly sound: boolean;
}

export interface CallReader {
  readonly rulesets: RulesetTable;
  hasRules(ruleset: number): boolean;
  token(text: string): Token;
  message(text: string): void;
  skipped?(name: string, ruleset: number): void;
}

/** True for `$>`, also with letters behind it: in the value of a macro they are of the same token. */
export function isCall({ text }: Token): boolean {
  return text[0] === CALL;
}

export function readCalls(given: Workspace, reader: CallReader): PendingCalls {
  const tokens = [...given];
  const calls: PendingCall[] = [];
  for (let at = 0; at + 1 < tokens.length; at++) {
    if (!isCall(tokens[at])) continue;
    const name = calledName(tokens[at + 1].text);
    if (name !== tokens[at + 1].text) tokens[at + 1] = reader.token(name);
    const ruleset = reader.rulesets.called(name);
    if (ruleset === undefined) {
      for (const { text } of reader.rulesets.find(name).problems) reader.message(text);
      reader.message(`Unknown ruleset ${name}`);
      return { tokens, calls, sound: false };
    }
    if (!reader.hasRules(ruleset)) {
      reader.skipped?.(name, ruleset);
      tokens.splice(at, 2);
      continue;
    }
    if (calls.length + 1 === LIMITS.callsOfRule) {
      reader.message(`Too many subroutine calls (${LIMITS.callsOfRule} max)`);
      return { tokens, calls, sound: false };
    }
    calls.push({ at: at++, ruleset });
  }
  return { tokens, calls, sound: true };
}
