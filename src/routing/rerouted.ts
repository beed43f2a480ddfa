/**
 * Where an operator sends a recipient that waits: to a mailer and host of his choice, instead of those that ruleset 0 selects.
 * The user part is what that mailer is to be sent (its R= rulesets), so that rules which refuse the address are no obstacle.
 */
import type { Recipient } from "../envelope/recipient.ts";
import { reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { whenReady, type MaybePromise } from "../sys/maybe-promise.ts";
import type { Config } from "../config/config.ts";
import type { MailRules, Resolution } from "./mail-rules.ts";
import type { NoteBudget } from "./note-budget.ts";

interface Context {
  readonly config: Config;
  readonly rules: MailRules;
  readonly scope: MacroScope;
}

/** Undefined when the rules choose: nobody has, or the configuration has no such mailer any more. */
export function resolveRerouted(
  { config, rules, scope }: Context,
  { given, rerouted }: Pick<Recipient, "given" | "rerouted">,
  notes?: NoteBudget,
): MaybePromise<Resolution | undefined> {
  const mailer = rerouted && config.mailers.get(rerouted.mailer);
  if (rerouted === undefined || mailer === undefined) return undefined;
  const { host } = rerouted;
  scope.set("h", host);
  const role = { role: "recipient", part: "envelope", ...(notes && { notes }) } as const;
  return whenReady(rules.rewrite(mailer, given, role, scope), (named) =>
    named.kind === "tempfail"
      ? { kind: "tempfail", reply: reply(451, "4.4.3", named.reason) }
      : { kind: "triple", triple: { mailer: mailer.name, host, user: named.text }, canonical: given },
  );
}
