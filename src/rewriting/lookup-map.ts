/** The look-up of a map from a rule: `$(map key $@ arg ... $)`. Implemented by maps/, called by the engine. */
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { ExitCode } from "../sys/sysexits.ts";
import type { MacroScope } from "./macro-scope.ts";

export type LookupResult =
  /** The text that replaces the look-up: %0 to %9 filled in, -a appended; the engine tokenises it. */
  | { readonly kind: "found"; readonly value: string }
  /** Not there. `status` is only what test mode shows after "no match" (0 when absent); rulesets go on. */
  | { readonly kind: "missing"; readonly status?: number }
  /**
   * The map could not answer now; `status` is what the ruleset ends with (75 unless the map says otherwise).
   * `value`: the key with the text of -T, which then replaces the look-up instead of the default.
   */
  | { readonly kind: "tempfail"; readonly reason: string; readonly status: ExitCode; readonly value?: string };

/** What a look-up may see and change beside its key. */
export interface LookupContext {
  readonly scope: MacroScope;
  /** Expands macro text (`$j`, `$?x...`) in the scope. */
  expand(text: string): string;
  /** Trace or message text, printed by test mode in the order of events; mail ignores it. */
  message?(text: string): void;
  /** True in delivery mode "deferred": maps with -D (host, dns) are not asked. */
  readonly deferred: boolean;
  /** True for the test mode command /map: the key is meant as it was typed, quotes included. */
  readonly verbatim?: boolean;
}

export interface LookupMap {
  readonly name: string;
  /** Class as on the K line: "hash", "dns", ... */
  readonly mapClass: string;
  /** -S: the text between two words of a key, in place of BlankSub, when the engine joins its tokens. */
  readonly wordSeparator?: string;
  /** Asked without arguments, what it says depends on the key alone, and asking does nothing. */
  readonly constant?: boolean;
  /**
   * What its answers are made from now, a table that was read: as long as it is the same thing, a question that was answered
   * (not with a failure) has the same answer, and asking does nothing. Undefined: nobody knows without asking.
   */
  edition?(): object | undefined;
  /**
   * False when the K line was wrong or an optional (-o) source is not there: look-ups find nothing, and test mode says
   * `Map named "x" not open`. May open the source.
   */
  available?(): boolean;
  /** Opens the source before the first look-up does, and says what is wrong with it: for those who show the steps. */
  prepare?(context: LookupContext): void;
  /**
   * Looks `key` up. The key is the joined text of its tokens, still with quotes and letter case: folding, unquoting,
   * %-substitution and the other common flags are the map's business (maps/flagged-map.ts).
   * `args` are the texts after `$@`, first one first (it is %1).
   */
  lookup(key: string, args: readonly string[], context: LookupContext): MaybePromise<LookupResult>;
  /** A file with secrets that the map reads, which often only root may read: it is read for the server before it gives up root. */
  readonly keyFile?: string | undefined;
  /** Releases files and connections. */
  close?(): void;
}
