/** Policy rulesets: check_relay, check_mail, check_rcpt ... → a verdict. */
import type { Config } from "../config/config.ts";
import type { Comments } from "../rewriting/prescan.ts";
import type { RewriteContext } from "../rewriting/rewriter.ts";
import { ARGUMENT_SEPARATOR, CANON_MAILER, type Tokens } from "../rewriting/tokens.ts";
import { reply, type Reply } from "../mail/reply.ts";
import { whenReady, type MaybePromise } from "../sys/maybe-promise.ts";
import { EX } from "../sys/sysexits.ts";
import { errorReply, readErrorText } from "./error-text.ts";
import type { AddressParser } from "./parse-address.ts";
import { faultReply, runRuleset } from "./run-ruleset.ts";
import { readTriple } from "./triple.ts";
import { ACCEPTED, type Verdict } from "./verdict.ts";

/** Tokens of several arguments, `$|` between them. */
export function argumentTokens(parser: AddressParser, args: readonly string[], context: RewriteContext): Tokens {
  const tokens: string[] = [];
  args.forEach((argument, index) => {
    if (index > 0) tokens.push(ARGUMENT_SEPARATOR);
    tokens.push(...(parser.tokens(argument, context) ?? []));
  });
  return tokens;
}

export function runCheck(
  config: Config,
  parser: AddressParser,
  ruleset: number,
  args: readonly string[],
  context: RewriteContext,
): MaybePromise<Verdict> {
  return runCheckOn(config, parser, ruleset, argumentTokens(parser, args, context), context);
}

/**
 * A check of the text of a header field: what has no tokens, or too many for rulesets, is not asked about.
 * @param comments "tokens": `$>+` wants to see them
 */
export function runTextCheck(
  config: Config,
  parser: AddressParser,
  ruleset: number,
  text: string,
  comments: Comments,
  context: RewriteContext,
): MaybePromise<Verdict> {
  const workspace = parser.textTokens(text, context, comments);
  return workspace === undefined ? ACCEPTED : runCheckOn(config, parser, ruleset, workspace, context);
}

function runCheckOn(
  config: Config,
  parser: AddressParser,
  ruleset: number,
  workspace: Tokens,
  context: RewriteContext,
): MaybePromise<Verdict> {
  const ran = runRuleset(config.rewriter, ruleset, workspace, context);
  // A look-up that cannot answer now decides nothing: its rule does, with the default or the tag (-T) that it names.
  return whenReady(ran, ({ tokens, status, fault, decidedAt }) => {
    const verdict = tokens[0] === CANON_MAILER ? verdictOf(parser, tokens, context) : ACCEPTED;
    const isHarsh = verdict.kind === "refuse" || verdict.kind === "defer";
    // Rules that go round for ever end with an error of their own, "later".
    if (fault !== undefined && !(isHarsh && status === EX.TEMPFAIL)) {
      return { kind: "refuse", reply: faultReply(fault) };
    }
    return verdict.kind !== "ok" && decidedAt !== undefined ? { ...verdict, at: decidedAt } : verdict;
  });
}

function verdictOf(parser: AddressParser, tokens: Tokens, context: RewriteContext): Verdict {
  const triple = readTriple(tokens, () => undefined, true);
  if (triple.kind === "discard") return { kind: "discard" };
  if (triple.kind === "error") {
    const host = parser.message(triple.host);
    const user = parser.message(triple.user);
    if (host.toLowerCase() === "quarantine") return { kind: "quarantine", reason: readErrorText(user).text };
    const answer = withoutBackslashes(errorReply(host, user));
    return { kind: answer.code < 500 ? "defer" : "refuse", reply: answer };
  }
  // `$#OK` and any other mailer end the checks in favour of the client; `$#error` without text is a mistake in a rule.
  if (tokens[1]?.toLowerCase() !== "error") return ACCEPTED;
  context.message("buildaddr: no user");
  return { kind: "refuse", reply: reply(554, "5.3.5", "buildaddr: no user") };
}

/** What a client reads of `"550 not \\"you\\""`. */
function withoutBackslashes(answer: Reply): Reply {
  if (!answer.lines.some((line) => line.includes("\\"))) return answer;
  const [first, ...rest] = answer.lines.map((line) => line.replaceAll(/\\([^])/g, "$1"));
  return { ...answer, lines: [first, ...rest] };
}
