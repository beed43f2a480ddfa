/**
 * An address as a given mailer must see it: rulesets 3, then 1 (sender) or 2 (recipient), the mailer's S= or R= set,
 * then 4. Phrase and comments are set aside before and put back around the result.
 */
import type { Config } from "../config/config.ts";
import type { Mailer } from "../config/mailer.ts";
import { bareMailbox } from "../mail/address-list.ts";
import { type AddressFrame, crackAddress, frameAddress } from "../mail/header-address.ts";
import { refusedAddress } from "../rewriting/prescan.ts";
import type { RewriteContext } from "../rewriting/rewriter.ts";
import { whenReady, type MaybePromise } from "../sys/maybe-promise.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { AddressRole } from "./address-rewriter.ts";
import type { AddressParser } from "./parse-address.ts";
import { worseEnd } from "./run-ruleset.ts";

export interface RemoteName {
  readonly text: string;
  /** 0, 75 when a look-up could not answer, or what else the rulesets left. */
  readonly status: ExitCode;
  readonly reason?: string;
  /** The rules could not be followed (run-ruleset.ts): `text` is what they left. */
  readonly fault?: string;
}

/**
 * What stands around an address, as the options of the configuration read it.
 * @param exact false: with sendmail's quotes around phrases, as test mode shows them
 */
export function crack({ options }: Config, address: string, exact: boolean): AddressFrame {
  const mustQuote = options.text("MustQuoteChars");
  return crackAddress(address, { mustQuote, colonOk: options.flag("ColonOkInAddr"), exact });
}

/** @param frame what `crack` made of the address */
export function remoteName(
  config: Config,
  parser: AddressParser,
  mailer: Mailer,
  address: string,
  { role, part, appendDomain }: AddressRole,
  context: RewriteContext,
  frame: AddressFrame,
): MaybePromise<RemoteName> {
  const tokens = address === "" ? [] : parser.tokens(address, context);
  if (!tokens) return { text: address, status: EX.OK };
  const given = role === "sender" ? mailer.sender : mailer.recipient;
  const own = part === "envelope" ? given.envelope : given.header;
  return whenReady(parser.through(tokens, [3], context), (canonical) => {
    // An address that a domain was added to is canonical only after another ruleset 3.
    const isShort = appendDomain !== undefined && part === "header" && !canonical.tokens.includes("@");
    const completed = isShort
      ? [...canonical.tokens, "@", ...(parser.tokens(appendDomain, context) ?? [])]
      : canonical.tokens;
    const sets = [...(isShort ? [3] : []), role === "sender" ? 1 : 2, own, 4];
    return whenReady(parser.through(completed, sets, context), (named) => {
      const end = worseEnd(canonical, named);
      // For test mode the status of the first sets counts unless the later ones say "later".
      return { text: frameAddress(frame, config.rewriter.join(named.tokens)), ...end };
    });
  });
}

const NOTHING_AROUND: AddressFrame = { before: "", after: "" };

/** The same for mail, which keeps what stands around an address exactly, and gives rulesets what they can read of it. */
export function namedInMail(
  config: Config,
  parser: AddressParser,
  mailer: Mailer,
  address: string,
  role: AddressRole,
  context: RewriteContext,
): MaybePromise<RemoteName> {
  // The null address has nothing around it; rulesets decide what it is called. F=c: nobody else has, either.
  // `@a:joe@b` of an envelope is a route, `@a` not the name of a group.
  const isRoute = role.part === "envelope" && /^@[^\s"(<]*$/.test(address);
  const bare = mailer.flags.has("c") && role.part === "header";
  const frame = address === "" || bare ? NOTHING_AROUND : crack(config, isRoute ? `<${address}>` : address, true);
  const asked = role.part === "header" ? readable(address) : address;
  config.rewriter.setMacro(context.scope, "addr_type", `${role.part[0]} ${role.role[0]}`);
  return whenReady(remoteName(config, parser, mailer, asked, role, context, frame), (named) => {
    // What no ruleset could read stays as it was, with what stands around it.
    const untouched = asked !== address && named.text === asked;
    return untouched ? { ...named, text: address } : named;
  });
}

/** Names around an address may be of any length and in any language: the rulesets see the address alone then. */
function readable(address: string): string {
  return refusedAddress(address) === undefined ? address : bareMailbox(address);
}
