/** The questions that mail asks the rulesets of one configuration. `createMailRules` in routing/resolve.ts answers them. */
import type { Triple } from "../envelope/recipient.ts";
import type { Reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { AddressRewriter } from "./address-rewriter.ts";
import type { NoteBudget } from "./note-budget.ts";
import type { Verdict } from "./verdict.ts";

/** Where an address goes. */
export type Resolution =
  | {
      readonly kind: "triple";
      readonly triple: Triple;
      /** The address in the form ruleset 0 saw after canonification, for {rcpt_addr} and duplicates. */
      readonly canonical: string;
      /** The text was not balanced and has been repaired: what sendmail says about it. */
      readonly complaint?: string;
    }
  /** `$#error`: unknown user, unknown host, refused by rule; a syntax error of the address; or rules that loop or lead nowhere. */
  | { readonly kind: "error"; readonly reply: Reply }
  | { readonly kind: "discard" }
  /** A look-up could not answer: 451 4.4.3 at RCPT, deferral in the queue. */
  | { readonly kind: "tempfail"; readonly reply: Reply };

export interface TextCheck {
  /** `$>+`: comments are text, too. */
  readonly keepComments: boolean;
  /** What may still be logged about it. */
  readonly notes: NoteBudget;
}

export interface MailRules extends AddressRewriter {
  /**
   * Rulesets 3 and 0 over one address; the scope's {addr_type} says of what kind it is.
   * @param address text between < and >, or as typed
   * @param notes what may still be logged about it; default some lines
   * @param role default: a recipient
   */
  resolve(
    address: string,
    scope: MacroScope,
    notes?: NoteBudget,
    role?: "sender" | "recipient",
  ): MaybePromise<Resolution>;
  /** An address without phrase, comments and route: rulesets 3, 1 and 4, as envelope senders are kept. */
  plain(address: string, scope: MacroScope): MaybePromise<string>;
  /** Ruleset 5 (localaddr) over the user of a local triple that no alias matched (F=5); undefined: it stays. */
  localAddress(triple: Triple, scope: MacroScope): MaybePromise<Resolution | undefined>;
  /**
   * Runs a policy ruleset: check_relay, check_mail, check_rcpt, check_data, ... A ruleset that the configuration does
   * not define accepts. Several arguments are joined with `$|`.
   */
  check(ruleset: string, args: readonly string[], scope: MacroScope): MaybePromise<Verdict>;
  /** Asks a ruleset about the text of a header field (manual §5.1.4.6). A text without words is accepted. */
  checkText(ruleset: string, text: string, how: TextCheck, scope: MacroScope): MaybePromise<Verdict>;
  /**
   * Runs a ruleset that selects something: greet_pause, srv_features, queuegroup ... and returns the text after `$#`
   * ("" when it selects nothing), or undefined when it does not exist.
   */
  select(ruleset: string, args: readonly string[], scope: MacroScope): MaybePromise<string | undefined>;
  /**
   * Runs a ruleset that says something in words, tls_clt_features and the like: what it leaves behind, without quotes around
   * the whole; undefined when it does not exist, fails or has no time.
   */
  text(ruleset: string, args: readonly string[], scope: MacroScope): MaybePromise<string | undefined>;
}
