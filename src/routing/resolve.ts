/** The questions that mail asks the rulesets of a configuration. */
import { deliveryModeIn } from "../config/policies.ts";
import type { Config } from "../config/config.ts";
import type { Triple } from "../envelope/recipient.ts";
import { reply } from "../mail/reply.ts";
import { CANON_MAILER } from "../rewriting/tokens.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { RewriteContext, Rewriter } from "../rewriting/rewriter.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { EX } from "../sys/sysexits.ts";
import { argumentTokens, runCheck, runTextCheck } from "./check.ts";
import { errorReply } from "./error-text.ts";
import { AddressParser, type ParsedAddress } from "./parse-address.ts";
import type { RewrittenAddress } from "./address-rewriter.ts";
import { namedInMail, type RemoteName } from "./remote-name.ts";
import { faultReply, runRuleset } from "./run-ruleset.ts";
import { limited, type NoteBudget, NOTES_OF_A_QUESTION } from "./note-budget.ts";
import type { Resolution, MailRules } from "./mail-rules.ts";
import { ACCEPTED } from "./verdict.ts";

/** Ruleset of addresses that no alias matched (F=5). */
const LOCAL_ADDRESS = 5;

/** Rulesets of an address by itself: canonify, sender, final. */
const PLAIN = [3, 1, 4];

/** @param note gets what sendmail would log about odd rules and addresses */
export function createMailRules(config: Config, note: (text: string) => void = () => undefined): MailRules {
  const { rewriter } = config;
  const parser = new AddressParser(config);
  const numbers = new Map<string, number | undefined>();
  const contextOf = (scope: MacroScope, notes: NoteBudget = { left: NOTES_OF_A_QUESTION }): RewriteContext =>
    new MailContext(scope, deliveryModeIn(config, scope) === "d", note, notes);
  const rulesetOf = (name: string): number | undefined => {
    if (!numbers.has(name)) {
      const number = rewriter.number(name);
      numbers.set(name, number !== undefined && rewriter.has(number) ? number : undefined);
    }
    return numbers.get(name);
  };
  return {
    resolve(address, scope, notes, role = "recipient") {
      scope.set("addr_type", `e ${role[0]}`);
      return rewriter.remember(keyOf("resolve", address), contextOf(scope, notes), (context) =>
        whenReady(parser.parse(address, context, true), resolutionOf),
      );
    },

    plain(address, scope) {
      const context = contextOf(scope);
      const tokens = parser.tokens(address, context);
      if (!tokens) return address;
      return whenReady(parser.through(tokens, PLAIN, context), (named) => rewriter.join(named.tokens));
    },

    localAddress: (triple, scope) =>
      rewriter.has(LOCAL_ADDRESS) ? localAddress(rewriter, parser, triple, contextOf(scope)) : undefined,

    check(name, args, scope) {
      const ruleset = rulesetOf(name);
      if (ruleset === undefined) return ACCEPTED;
      return rewriter.remember(keyOf(`check ${ruleset}`, ...args), contextOf(scope), (context) =>
        runCheck(config, parser, ruleset, args, context),
      );
    },

    checkText(name, text, { keepComments, notes }, scope) {
      const ruleset = rulesetOf(name);
      if (ruleset === undefined) return ACCEPTED;
      return runTextCheck(config, parser, ruleset, text, keepComments ? "tokens" : "strip", contextOf(scope, notes));
    },

    select(name, args, scope) {
      const ruleset = rulesetOf(name);
      if (ruleset === undefined) return undefined;
      return rewriter.remember(keyOf(`select ${ruleset}`, ...args), contextOf(scope), (context) =>
        whenReady(runRuleset(rewriter, ruleset, argumentTokens(parser, args, context), context), ({ tokens, fault }) =>
          fault === undefined && tokens[0] === CANON_MAILER ? rewriter.join(tokens.slice(1)) : "",
        ),
      );
    },

    text: (name, args, scope) => wordsOf(rewriter, parser, rulesetOf(name), args, contextOf(scope)),

    rewrite(mailer, address, role, scope) {
      const key = keyOf("rewrite", mailer.name, role.role, role.part, role.appendDomain ?? "", address);
      return rewriter.remember(key, contextOf(scope, role.notes), (context) =>
        whenReady(namedInMail(config, parser, mailer, address, role, context), rewrittenOf),
      );
    },
  };
}

function localAddress(
  rewriter: Rewriter,
  parser: AddressParser,
  triple: Triple,
  context: RewriteContext,
): MaybePromise<Resolution | undefined> {
  const tokens = parser.tokens(triple.user, context);
  if (!tokens) return undefined;
  return whenReady(runRuleset(rewriter, LOCAL_ADDRESS, tokens, context), (result) => {
    if (result.status === EX.TEMPFAIL) return later(result.reason);
    if (result.fault !== undefined) return broken(result.fault);
    if (result.tokens[0] !== CANON_MAILER) return undefined;
    return whenReady(parser.build(triple.user, result, context), (parsed) =>
      parsed.kind === "broken" ? undefined : changed(resolutionOf(parsed), triple),
    );
  });
}

/** One question to the rulesets: what they say goes to the log, where the budget allows. */
class MailContext implements RewriteContext {
  readonly scope: MacroScope;
  readonly deferred: boolean;
  readonly #note: (text: string) => void;
  readonly #budget: NoteBudget;
  #limited: ((text: string) => void) | undefined;

  constructor(scope: MacroScope, deferred: boolean, note: (text: string) => void, budget: NoteBudget) {
    this.scope = scope;
    this.deferred = deferred;
    this.#note = note;
    this.#budget = budget;
  }

  message(text: string): void {
    this.#limited ??= limited(this.#note, this.#budget);
    this.#limited(text);
  }
}

/** No two lists of texts have the same. */
function keyOf(question: string, ...texts: readonly string[]): string {
  let key = question;
  for (const text of texts) key += ` ${text.length} ${text}`;
  return key;
}

/** What a ruleset leaves behind, as text. */
function wordsOf(
  rewriter: Rewriter,
  parser: AddressParser,
  ruleset: number | undefined,
  args: readonly string[],
  context: RewriteContext,
): MaybePromise<string | undefined> {
  if (ruleset === undefined) return undefined;
  const ran = runRuleset(rewriter, ruleset, argumentTokens(parser, args, context), context);
  return whenReady(ran, ({ tokens, fault, status }) =>
    fault !== undefined || status !== EX.OK ? undefined : parser.message(tokens).replace(/^"([^]*)"$/, "$1"),
  );
}

/** An address that its rules could not make waits until somebody has put them right. */
function rewrittenOf({ text, status, reason, fault }: RemoteName): RewrittenAddress {
  if (status === EX.TEMPFAIL) {
    return { kind: "tempfail", reason: reason ?? "address rewriting needs a look-up that does not answer now" };
  }
  return fault === undefined ? { kind: "address", text } : { kind: "tempfail", reason: fault };
}

function resolutionOf(parsed: ParsedAddress): Resolution {
  if ("status" in parsed && parsed.status === EX.TEMPFAIL) {
    return parsed.kind === "error" ? refused(parsed.host, parsed.user) : later(parsed.reason);
  }
  if ("fault" in parsed && parsed.fault !== undefined) return broken(parsed.fault);
  switch (parsed.kind) {
    case "triple": {
      const { mailer, host, user, canonical, complaint } = parsed;
      if (parsed.invalid)
        return { kind: "error", reply: reply(553, "5.1.3", `${user}... Syntax error in mailbox address`) };
      const triple = { mailer: mailer.name, host, user };
      return { kind: "triple", triple, canonical, ...(complaint === undefined ? {} : { complaint }) };
    }
    case "error":
      return refused(parsed.host, parsed.user);
    case "discard":
      return { kind: "discard" };
    case "broken":
      // A rule that forgets to resolve is a mistake of the configuration.
      return broken(parsed.message);
    default:
      return { kind: "error", reply: reply(553, "5.1.3", parsed.message || "User address required") };
  }
}

function refused(host: string, user: string): Resolution {
  return { kind: "error", reply: errorReply(host, user) };
}

function broken(fault: string): Resolution {
  return { kind: "error", reply: faultReply(fault) };
}

function later(reason = "address resolution needs a look-up that does not answer now"): Resolution {
  return { kind: "tempfail", reply: reply(451, "4.4.3", reason) };
}

/** Ruleset 5 may answer what we knew before. */
function changed(resolution: Resolution, before: Triple): Resolution | undefined {
  if (resolution.kind !== "triple") return resolution;
  const { mailer, host, user } = resolution.triple;
  return mailer === before.mailer && host === before.host && user === before.user ? undefined : resolution;
}
