/**
 * What the mailer of the *sender* says about a message, wherever that goes: F=C completes addresses of its header with the
 * sender's domain, C= names the character set of text that came without a label, F=l that the sender is one of ours (F=p of the
 * recipient's mailer wants to know).
 *
 * The mailer is found when first asked for; for header and text only where a configuration has F=C or C=.
 */
import type { Config } from "../config/config.ts";
import type { Mailer } from "../config/mailer.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { AddressRewriter } from "./address-rewriter.ts";
import type { MailRules } from "./mail-rules.ts";

export interface SenderFacts {
  /** Completes addresses of the header that have no domain, when the sender's mailer has F=C. */
  readonly addresses: AddressRewriter;
  /** C= of the sender's mailer. */
  readonly charset: () => MaybePromise<string | undefined>;
  /** F=l of the sender's mailer. */
  readonly isLocal: () => MaybePromise<boolean>;
}

type Found =
  | { readonly kind: "found"; readonly domain?: string; readonly charset?: string; readonly isLocal?: boolean }
  | { readonly kind: "tempfail"; readonly reason: string };

const NOTHING: Found = { kind: "found" };

/**
 * @param sender "" for the null reverse-path
 * @param scope macros of the envelope
 */
export function senderFacts(config: Config, rules: MailRules, sender: string, scope: MacroScope): SenderFacts {
  let known: MaybePromise<Found> | undefined;
  const facts = (): MaybePromise<Found> => (known ??= find(config, rules, sender, scope.child([])));
  const isLocal = () => whenReady(facts(), (found) => found.kind === "found" && found.isLocal === true);
  if (sender === "" || ![...config.mailers.values()].some(matters)) {
    return { addresses: rules, charset: () => undefined, isLocal };
  }
  return {
    isLocal,
    addresses: {
      rewrite(mailer, address, role, each) {
        if (role.part !== "header") return rules.rewrite(mailer, address, role, each);
        return whenReady(facts(), (found) => {
          if (found.kind === "tempfail") return found;
          const { domain } = found;
          return rules.rewrite(mailer, address, domain === undefined ? role : { ...role, appendDomain: domain }, each);
        });
      },
    },
    charset: () => whenReady(facts(), (found) => (found.kind === "found" ? found.charset : undefined)),
  };
}

function matters(mailer: Mailer): boolean {
  return mailer.flags.has("C") || mailer.charset !== undefined;
}

function find(config: Config, rules: MailRules, sender: string, scope: MacroScope): MaybePromise<Found> {
  return whenReady(rules.resolve(sender, scope, undefined, "sender"), (resolution): MaybePromise<Found> => {
    if (resolution.kind === "discard") return NOTHING;
    if (resolution.kind !== "triple") {
      const { code, lines } = resolution.reply;
      return code < 500 ? { kind: "tempfail", reason: lines.join(" ") } : NOTHING;
    }
    const name = resolution.triple.mailer;
    const mailer = config.mailers.get(name) ?? config.mailers.get(name.toLowerCase());
    const isLocal = mailer?.flags.has("l") === true;
    const said = { isLocal, ...(mailer?.charset === undefined ? {} : { charset: mailer.charset }) };
    if (mailer?.flags.has("C") !== true) return { kind: "found", ...said };
    return whenReady(rules.plain(sender, scope), (plain) => {
      const at = plain.lastIndexOf("@");
      return { kind: "found", ...said, ...(at < 0 ? {} : { domain: plain.slice(at + 1) }) };
    });
  });
}
