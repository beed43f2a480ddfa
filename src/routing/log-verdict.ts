/**
 * The log line of a check ruleset that did not simply say yes, and where the rule that decided came from: as two more fields
 * for machines, and from LogLevel 10 on as a line of its own. The line itself stays what log analysers know.
 */
import type { Config } from "../config/config.ts";
import type { Log } from "../log/log.ts";
import { logVerdict } from "../log/mail-log.ts";
import { type Reply, replyText } from "../mail/reply.ts";
import { formatLocation } from "../source/location.ts";
import type { Verdict } from "./verdict.ts";

export interface Judged {
  /** Queue id, when there is one already. */
  readonly id?: string;
  readonly ruleset: string;
  /** What the ruleset was asked about. */
  readonly args: readonly string[];
  readonly relay: string;
  readonly verdict: Verdict;
  /** What the client is told, when that is more than the ruleset said. */
  readonly answer?: Reply;
}

export function logJudged(log: Log, config: Config, judged: Judged): void {
  const { id, ruleset, args, relay, verdict, answer } = judged;
  const outcome = outcomeOf(verdict, answer);
  if (outcome === undefined) return;
  const [arg1 = "", arg2] = args;
  logVerdict(log, { id, ruleset, arg1, arg2, relay, outcome, rule: () => ruleOf(config, verdict) });
}

function outcomeOf(verdict: Verdict, answer: Reply | undefined): string | undefined {
  switch (verdict.kind) {
    case "ok":
      return undefined;
    case "discard":
      return "discard";
    case "quarantine":
      return `quarantine=${verdict.reason}`;
    default:
      return `reject=${replyText(answer ?? verdict.reply)}`;
  }
}

/** The rule that decided, and where it came from, when that is known. */
function ruleOf(config: Config, verdict: Verdict): { readonly rule: string; readonly origin?: string } | undefined {
  if (verdict.kind === "ok" || verdict.at === undefined) return undefined;
  const origin = config.originOf(verdict.at);
  const rule = formatLocation({ file: verdict.at.file, line: verdict.at.line });
  return origin === undefined ? { rule } : { rule, origin };
}
