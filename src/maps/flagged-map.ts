/**
 * A map as rulesets see it: the bare look-up of its class between what the common flags do to key and result.
 *
 *     key ─ unquote (not with -q) ─ fold (not with -f) ─▶ class ─▶ value ─ %0..%9 ─ -a ─▶ result
 */
import type { LookupContext, LookupMap, LookupResult } from "../rewriting/lookup-map.ts";
import { foldCase } from "../rewriting/fold-case.ts";
import { type MaybePromise, isPromise } from "../sys/maybe-promise.ts";
import { EX } from "../sys/sysexits.ts";
import type { BareMap, BareResult, MapClass } from "./map-class.ts";
import type { MapFlags } from "./flags.ts";

const NOT_FOUND: LookupResult = { kind: "missing" };
const DEFERRED: LookupResult = { kind: "tempfail", reason: "not asked in deferred mode", status: EX.TEMPFAIL };

export class FlaggedMap implements LookupMap {
  readonly name: string;
  readonly mapClass: string;
  readonly wordSeparator: string | undefined;
  readonly constant: boolean;
  /** undefined when the K line could not be used. */
  readonly #bare: BareMap | undefined;
  readonly #unquotes: boolean;
  readonly #folds: boolean;
  readonly #matchOnly: boolean;
  readonly #optional: boolean;
  readonly #deferrable: boolean;
  readonly #literal: boolean;
  readonly #append: string;
  readonly #appendOnTempfail: string | undefined;
  readonly #tempfailIsMissing: boolean;

  constructor(name: string, mapClass: string, kind: MapClass, flags: MapFlags, bare: BareMap | undefined) {
    this.name = name;
    this.mapClass = mapClass;
    this.wordSeparator = flags.value("S") || undefined;
    this.#bare = bare;
    this.#unquotes = !kind.keepsQuotes && !flags.has("q");
    this.#folds = !kind.keepsCase && !flags.has("f");
    this.#matchOnly = !kind.ownMatchOnly && flags.has("m");
    this.#optional = flags.has("o");
    this.#deferrable = flags.has("D");
    this.constant = kind.constant === true && !this.#deferrable;
    this.#literal = kind.literal ?? false;
    this.#append = kind.appendsNothing ? "" : (flags.value("a") ?? "");
    this.#appendOnTempfail = flags.value("T");
    this.#tempfailIsMissing = flags.has("t");
  }

  get keyFile(): string | undefined {
    return this.#bare?.keyFile;
  }

  available(): boolean {
    if (this.#bare === undefined) return false;
    return !this.#optional || (this.#bare.available?.() ?? true);
  }

  edition(): object | undefined {
    return this.#deferrable ? undefined : this.#bare?.edition?.();
  }

  prepare(context: LookupContext): void {
    if (!this.#deferrable || !context.deferred) this.#bare?.prepare?.(context);
  }

  lookup(given: string, args: readonly string[], context: LookupContext): MaybePromise<LookupResult> {
    if (this.#bare === undefined) return NOT_FOUND;
    if (this.#deferrable && context.deferred) return DEFERRED;
    const key = this.#unquotes && !context.verbatim ? unquote(given) : given;
    const bare = this.#bare.find(this.#folds ? foldCase(key) : key, args, context);
    if (!isPromise(bare)) return this.#finish(bare, key, args, context);
    return bare.then((result) => this.#finish(result, key, args, context));
  }

  close(): void {
    this.#bare?.close?.();
  }

  #finish(result: BareResult, key: string, args: readonly string[], context: LookupContext): LookupResult {
    if (result.kind === "missing") return result;
    if (result.kind === "found") {
      const value = this.#matchOnly ? key : this.#literal ? result.value : fillTemplate(result.value, key, args);
      return { kind: "found", value: value + this.#append };
    }
    // Members of a sequence leave -T and -t to the sequence, or the other members would not be asked.
    if (context.verbatim) return result;
    const value = this.#appendOnTempfail === undefined ? undefined : key + this.#appendOnTempfail;
    if (!this.#tempfailIsMissing) return value === undefined ? result : { ...result, value };
    return value === undefined ? { kind: "missing", status: result.status } : { kind: "found", value };
  }
}

/** Removes quotes; a backslash protects the character after it and goes too: `"a\"b".c` is `a"b.c`. */
function unquote(text: string): string {
  if (!text.includes('"') && !text.includes("\\")) return text;
  return text.replace(/"|\\(.?)/gs, (_, protectedCharacter: string | undefined) => protectedCharacter ?? "");
}

/** Fills `%0` (the key) and `%1` to `%9` (the arguments) in; `%%` is a percent sign, a missing argument is empty. */
function fillTemplate(template: string, key: string, args: readonly string[]): string {
  if (!template.includes("%")) return template;
  return template.replace(/%([%0-9])/g, (_, what: string) => {
    if (what === "%") return "%";
    return what === "0" ? key : (args[Number(what) - 1] ?? "");
  });
}
