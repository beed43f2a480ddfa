/**
 * What one map class provides: its flags, and a bare look-up. Folding, unquoting, %-substitution, -a, -m, -T and -t are
 * the same for all classes and done once, in flagged-map.ts.
 */
import type { LookupContext } from "../rewriting/lookup-map.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { ExitCode } from "../sys/sysexits.ts";
import type { MapDeclaration, MapEnvironment } from "./environment.ts";
import type { FlagSyntax, MapFlags } from "./flags.ts";

export type BareResult =
  /** The text that was found, before %-substitution and -a. */
  | { readonly kind: "found"; readonly value: string }
  | { readonly kind: "missing"; readonly status?: number }
  | { readonly kind: "tempfail"; readonly reason: string; readonly status: ExitCode };

export interface BareMap {
  /** @param key without quotes and in lower case, unless the class or the flags say otherwise */
  find(key: string, args: readonly string[], context: LookupContext): MaybePromise<BareResult>;
  /** See LookupMap. */
  edition?(): object | undefined;
  /** False when the source is not there; only asked of maps with -o. */
  available?(): boolean;
  /** Opens the source and tells what is wrong with it, as the first look-up does by itself. */
  prepare?(context: LookupContext): void;
  /** A file with secrets that the class reads, which often only root may read. */
  readonly keyFile?: string;
  close?(): void;
}

export interface OpenRequest {
  readonly declaration: MapDeclaration;
  readonly flags: MapFlags;
  readonly environment: MapEnvironment;
  /** Reports what is wrong with the K line, in sendmail's words. */
  readonly problem: (text: string) => void;
}

export interface MapClass {
  readonly flags: FlagSyntax;
  /** Flags in force unless the K line sets them: letter → value ("" for a switch). */
  readonly defaults?: Readonly<Record<string, string>>;
  /** Text of flags in force unless the K line sets them: an option. */
  readonly defaultFlags?: (environment: MapEnvironment) => string;
  /** The class wants the key as it came: letter case kept. */
  readonly keepsCase?: boolean;
  /** The class wants the key as it came: quotes kept. */
  readonly keepsQuotes?: boolean;
  /** Asked without arguments, what it says depends on the key alone, and asking does nothing: nobody has to ask twice. */
  readonly constant?: boolean;
  /** The value is not a template: `%1` in it stays. */
  readonly literal?: boolean;
  /** -a adds nothing to what the class finds. */
  readonly appendsNothing?: boolean;
  /** The class itself knows what -m means: the look-up has given it already. */
  readonly ownMatchOnly?: boolean;
  /** Makes the map; undefined when the K line is of no use (the reason was reported). Opens no file yet. */
  open(request: OpenRequest): BareMap | undefined;
}

export const MISSING: BareResult = { kind: "missing" };

export function found(value: string): BareResult {
  return { kind: "found", value };
}

/** A look-up that may succeed later: EX_TEMPFAIL. */
export function tempfail(reason: string): BareResult {
  return { kind: "tempfail", reason, status: 75 };
}
