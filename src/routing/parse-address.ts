/**
 * An address through rulesets 3 and 0 to its triple, and the user part through 2, the mailer's R= set and 4.
 *
 * Mail (`createMailRules`) and test mode (`/parse`) both come here. Nothing waits unless a look-up does.
 */
import type { Config } from "../config/config.ts";
import type { Mailer } from "../config/mailer.ts";
import { catAddress } from "../rewriting/cat-address.ts";
import {
  type Comments,
  LONGEST_ADDRESS,
  prescan,
  type PrescanOptions,
  refusedAddress,
  shorten,
} from "../rewriting/prescan.ts";
import type { RewriteContext } from "../rewriting/rewriter.ts";
import type { Tokens } from "../rewriting/tokens.ts";
import type { Trace } from "../rewriting/trace.ts";
import { whenReady, type MaybePromise } from "../sys/maybe-promise.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import { namesAddress, readErrorText } from "./error-text.ts";
import { invalidCharacters } from "./invalid-characters.ts";
import { type Ran, runRuleset, worseEnd } from "./run-ruleset.ts";
import { readTriple } from "./triple.ts";

export type ParsedAddress =
  | {
      readonly kind: "triple";
      readonly mailer: Mailer;
      readonly host: string;
      readonly user: string;
      /** The user part had octets that no address may hold; they are question marks now. */
      readonly invalid: boolean;
      /** The address as ruleset 3 left it. */
      readonly canonical: string;
      /** Set when the text was not balanced and has been repaired: what was said about it. */
      readonly complaint?: string;
      readonly status: ExitCode;
      readonly reason?: string;
      /** The rules could not be followed (run-ruleset.ts): mail must not go there. */
      readonly fault?: string;
    }
  /** `$#error`: the text after `$@` and after `$:`. */
  | {
      readonly kind: "error";
      readonly host: string;
      readonly user: string;
      readonly status: ExitCode;
      readonly fault?: string;
    }
  | { readonly kind: "discard"; readonly fault?: string }
  /** Ruleset 0 did not end in a triple; the text is what sendmail says. */
  | {
      readonly kind: "broken";
      readonly message: string;
      readonly status: ExitCode;
      readonly reason?: string;
      readonly fault?: string;
    }
  /** The text is no address. */
  | { readonly kind: "unreadable"; readonly message: string };

/** What test mode wants to see of the work. */
export interface ParseSteps {
  readonly trace?: Trace;
  /** Is told what ruleset 0 ended in, before anything is made of it. */
  readonly resolved?: (tokens: Tokens) => void;
}

/** Addresses of one configuration; ruleset numbers are looked up once. */
export class AddressParser {
  readonly #config: Config;
  readonly #operators: string;
  readonly #steps: ParseSteps;
  readonly #mailers: ReadonlyMap<string, Mailer>;

  constructor(config: Config, steps: ParseSteps = {}) {
    this.#config = config;
    this.#steps = steps;
    this.#operators = config.options.text("OperatorChars");
    this.#mailers = new Map([...config.mailers.values()].map((mailer) => [mailer.name.toLowerCase(), mailer]));
  }

  /** A mailer by its name in any letter case. */
  mailer(name: string): Mailer | undefined {
    return this.#mailers.get(name.toLowerCase());
  }

  /** Text to tokens; comments are left out. Undefined when it is no address. */
  tokens(address: string, context: RewriteContext): Tokens | undefined {
    return this.#scan(address, context, { comments: "strip" });
  }

  /**
   * Text of any kind to tokens, UTF-8 included. Undefined when there is none, or more than rulesets can be given.
   * @param comments "tokens": comments are text like any other
   */
  textTokens(text: string, context: RewriteContext, comments: Comments): Tokens | undefined {
    // An octet of a metasymbol that is part of a character is part of a word; alone it would be one.
    const safe = text.replace(/\xff|(?<![\x80-\xff])[\x80-\x9f]/g, "?");
    return this.#scan(safe, context, { comments, kind: "value" });
  }

  #scan(address: string, context: RewriteContext, how: Pick<PrescanOptions, "comments" | "kind">): Tokens | undefined {
    const { tokens, messages } = prescan(address, {
      operators: this.#operators,
      ...how,
      trace: this.#steps.trace,
      // Among the lines of a trace a message has its place.
      ...(this.#steps.trace ? { message: (text: string) => context.message(text) } : {}),
    });
    for (const message of messages) context.message(message);
    return tokens;
  }

  /** Tokens of a message: blanks between words stay blanks, whatever BlankSub says (a host is joined with it). */
  message(tokens: Tokens): string {
    return catAddress(tokens, this.#operators, " ");
  }

  /** @param discards false: `$#discard` is an unknown mailer, as /parse has it */
  parse(address: string, context: RewriteContext, discards: boolean): MaybePromise<ParsedAddress> {
    let said = "";
    const noting: RewriteContext = {
      scope: context.scope,
      deferred: context.deferred,
      message: (text) => {
        said = text;
        context.message(text);
      },
    };
    let tokens = this.tokens(address, noting);
    if (tokens && address.length > LONGEST_ADDRESS) {
      noting.message(`${shorten(address)}... ${refusedAddress(address)}`);
      tokens = undefined;
    }
    if (!tokens) return { kind: "unreadable", message: said };
    const { rewriter } = this.#config;
    const complaint = said;
    return whenReady(runRuleset(rewriter, 3, tokens, context), (canonical) =>
      whenReady(runRuleset(rewriter, 0, canonical.tokens, context), (resolved) =>
        whenReady(this.build(address, resolved, context, discards, canonical), (parsed) =>
          parsed.kind === "triple" && complaint !== "" ? { ...parsed, complaint } : parsed,
        ),
      ),
    );
  }

  /** What the end of ruleset 0 or 5 means. */
  build(
    address: string,
    resolved: Ran,
    context: RewriteContext,
    discards = true,
    canonical: Ran = { tokens: [address], status: EX.OK },
  ): MaybePromise<ParsedAddress> {
    const { rewriter } = this.#config;
    const end = worseEnd(canonical, resolved);
    const { status, fault } = end;
    const triple = readTriple(resolved.tokens, (name) => this.mailer(name), discards);
    this.#steps.resolved?.(resolved.tokens);
    switch (triple.kind) {
      case "discard":
        return fault === undefined ? triple : { ...triple, fault };
      case "broken":
        context.message(triple.message);
        return { ...triple, ...end };
      case "error": {
        const host = rewriter.join(triple.host);
        const user = this.message(triple.user);
        const { code, text } = readErrorText(user);
        // The original shows the address with replies about mailboxes only.
        context.message(sevenBits(namesAddress(code) ? `${address}... ${text}` : text));
        return { kind: "error", host, user: this.#clean(user, context), ...end };
      }
      default: {
        const { mailer, user: tokens } = this.#special(triple.mailer, triple.user);
        // The name of a list is a path: no ruleset sees it.
        const isList = mailer !== triple.mailer && mailer.name === "*include*";
        const sets = isList ? [] : [2, mailer.recipient.envelope, 4];
        // `$&h` in rules: the host as ruleset 0 gave it while the user is rewritten, as it will be used from then on.
        const { scope } = context;
        const given = rewriter.join(triple.host);
        const host = hostText(given, mailer);
        rewriter.setMacro(scope, "h", given === "" ? undefined : given);
        return whenReady(this.through(tokens, sets, context), (named) => {
          if (host !== given) rewriter.setMacro(scope, "h", host);
          const text = rewriter.join(named.tokens);
          const user = mailer.flags.has("u") ? text : lowerCase(text);
          const clean = this.#clean(user, context);
          // A failing look-up in 2, R= or 4 changes nothing; in 3 or 0 the destination is not sure.
          if (status === EX.TEMPFAIL) {
            context.message(`${address}... Transient parse error -- message queued for future delivery`);
          }
          return {
            kind: "triple",
            mailer,
            host,
            user: clean,
            invalid: clean !== user,
            canonical: rewriter.join(canonical.tokens),
            ...end,
            // What a look-up could not tell in 2, R= or 4 changes nothing; a rule that failed there does.
            ...(named.fault === undefined ? {} : worseEnd({ tokens, ...end }, named)),
          };
        });
      }
    }
  }

  /**
   * A user that is a program, a file or a list (`|prog`, `/file`, `:include:/list`), where the flags of the mailer allow
   * it, goes to the mailer that handles those. F=@: a leading `@` only says that no alias is to be looked for.
   */
  #special(mailer: Mailer, user: Tokens): { mailer: Mailer; user: Tokens } {
    const { flags } = mailer;
    // Blanks in the name of a file stay blanks.
    const text = this.message(user).replace(/^"/, "");
    if (flags.has("@") && user[0] === "@") return { mailer, user: user.slice(1) };
    if (flags.has("|") && text.startsWith("|")) return { mailer: this.mailer("prog") ?? mailer, user };
    if (flags.has("/") && text.startsWith("/")) return { mailer: this.mailer("*file*") ?? mailer, user };
    const list = flags.has(":") ? /^:include:([^]*?)"?$/i.exec(text)?.[1] : undefined;
    if (list === undefined) return { mailer, user };
    return { mailer: this.mailer("*include*") ?? mailer, user: list === "" ? [] : [list] };
  }

  /** Several rulesets one after the other; number 0 stands for none. */
  through(tokens: Tokens, rulesets: readonly number[], context: RewriteContext): MaybePromise<Ran> {
    let done: MaybePromise<Ran> = { tokens, status: EX.OK };
    for (const ruleset of rulesets) {
      if (ruleset <= 0) continue;
      done = whenReady(done, (before) =>
        whenReady(runRuleset(this.#config.rewriter, ruleset, before.tokens, context), (after) => ({
          tokens: after.tokens,
          ...worseEnd(before, after),
        })),
      );
    }
    return done;
  }

  /** The text without octets that no address may hold; says so. */
  #clean(text: string, context: RewriteContext): string {
    const invalid = invalidCharacters(text);
    if (invalid === undefined) return text;
    context.message(invalid.message);
    return invalid.cleaned;
  }
}

/** Messages show seven bits of each octet, as the original does. */
function sevenBits(text: string): string {
  return text.replace(/[\x80-\xff]/g, (octet) => String.fromCharCode(octet.charCodeAt(0) & 0x7f));
}

function lowerCase(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

/** Names of hosts have no letter case, except where the mailer says so (F=h). */
function hostText(host: string, mailer: Mailer): string {
  return mailer.flags.has("h") ? host : lowerCase(host);
}
