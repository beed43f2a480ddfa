/**
 * check_compat (manual §5.1.4.5): may mail of this sender go to this recipient? Asked about each recipient when he is about
 * to be served, at every attempt, with the macros of the message. A refusal goes back to the sender as a report.
 */
import type { Envelope } from "../envelope/envelope.ts";
import { type RecipientStatus, statusOfReply } from "../envelope/status.ts";
import type { Log } from "../log/log.ts";
import { aboutMailbox } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { logJudged } from "../routing/log-verdict.ts";
import type { Site } from "../site/site.ts";

const RULESET = "check_compat";

export interface CompatibleParts {
  readonly site: Site;
  readonly envelope: Envelope;
  /** Macros of the message. */
  readonly scope: MacroScope;
  readonly log: Log;
  readonly now: number;
  /** Hears of a recipient who is not served, now or ever. */
  ended(index: number, state: "failed" | "deferred", status: RecipientStatus): void;
  /** Nobody hears of these: they are as good as served. */
  discarded(indexes: readonly number[]): Promise<void>;
}

/** @returns those of the recipients who are to be served */
export async function compatible(parts: CompatibleParts, indexes: readonly number[]): Promise<readonly number[]> {
  const { site, envelope, scope, log, now } = parts;
  const { rewriter } = site.config;
  const ruleset = rewriter.number(RULESET);
  if (ruleset === undefined || !rewriter.has(ruleset)) return indexes;
  const served: number[] = [];
  const discarded: number[] = [];
  for (const index of indexes) {
    const { given, parent, owner } = envelope.recipients[index];
    // As they were said: members of lists stand there without brackets.
    const args = [`<${owner ?? envelope.sender}>`, parent === undefined ? `<${given}>` : given];
    const verdict = await site.rules.check(RULESET, args, scope);
    const isRefused = verdict.kind === "refuse" || verdict.kind === "defer";
    const answer = isRefused ? aboutMailbox(args[1], verdict.reply) : undefined;
    const relay = envelope.macros["_"] ?? "local";
    logJudged(log, site.config, { id: envelope.id, ruleset: RULESET, args, relay, verdict, answer });
    if (isRefused)
      parts.ended(index, verdict.kind === "refuse" ? "failed" : "deferred", statusOfReply(verdict.reply, now));
    else if (verdict.kind === "discard") discarded.push(index);
    // Putting aside comes too late here: others have the message.
    else served.push(index);
  }
  if (discarded.length > 0) await parts.discarded(discarded);
  return served;
}
