/**
 * A configuration ready for use: frozen, swapped as a whole on reload (promise 5 of docs/architecture.md).
 *
 * Built by `loadConfig` from a cf file; everything below asks it and nothing changes it.
 */
import type { ClassSet } from "../rewriting/class-set.ts";
import type { LookupMap } from "../rewriting/lookup-map.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { RulesetTable } from "../rewriting/rulesets.ts";
import type { Rewriter } from "../rewriting/rewriter.ts";
import type { Trace } from "../rewriting/trace.ts";
import type { OriginOf } from "../source/source-map.ts";
import type { LastGood } from "../sys/last-good.ts";
import type { SealedFiles } from "../sys/sealed-file.ts";
import type { Mailer } from "./mailer.ts";
import type { Filter } from "./milters.ts";
import type { PortOptions } from "./daemon-ports.ts";
import type { FlagOption, NumberOption, OptionName, TimeOption } from "./options/table.ts";
import type { TimeoutName } from "./options/timeouts.ts";
import type { QueueGroup } from "./queue-groups.ts";

export type { PortOptions } from "./daemon-ports.ts";

/** An H line (manual §5.5). */
export interface HeaderRule {
  readonly name: string;
  /** `?flags?`: mailer flags of which one is needed; empty for none. */
  readonly flags: string;
  /** `?${macro}?`: added only when the macro has a value. */
  readonly macro?: string;
  /** Raw macro text of the value; absent for a check only. */
  readonly template?: string;
  /** `$>ruleset` or `$>+ruleset` to call with the field's text; `keepComments` for `$>+`. */
  readonly check?: { readonly ruleset: number; readonly keepComments: boolean };
}

/**
 * Option values by their long name: typed getters with sendmail's defaults. `timeout` takes the suboption name
 * ("queuereturn", "queuewarn.urgent", "connect") and answers in milliseconds, 0 for none.
 */
export interface Options {
  text(name: OptionName): string;
  number(name: NumberOption): number;
  flag(name: FlagOption): boolean;
  /** Milliseconds. */
  time(name: TimeOption): number;
  timeout(name: TimeoutName): number;
  /** The same as it was written, or its default. */
  timeoutText?(name: TimeoutName): string;
  /** True when the configuration or the command line set it. */
  isSet(name: OptionName | `Timeout.${TimeoutName}`): boolean;
}

/** One member of AliasFile: "hash:-o /etc/mail/aliases" is class hash with arguments. */
export interface AliasFile {
  readonly mapClass: string;
  readonly args: string;
}

export interface Config {
  /** The cf file it came from. */
  readonly file: string;
  /** That file and those of its classes: the texts it was read from. */
  readonly texts: readonly string[];
  /** Files of it that may not be read here, and that somebody else has read: keys above all. */
  readonly sealed?: SealedFiles;
  /** Its files with secrets as they were before. */
  readonly lastGood?: LastGood;
  /** V: the version level of its language, 0 when it does not say. */
  readonly level: number;
  /** Where a line of that file came from, when its source map is there: `site.mc:12 FEATURE(access_db)`. */
  readonly originOf: OriginOf;
  readonly rewriter: Rewriter;
  /** The same rulesets by the interpreter, which tells this trace what it does: for explanations, beside mail. */
  traced(trace: Trace): Rewriter;
  readonly mailers: ReadonlyMap<string, Mailer>;
  readonly maps: ReadonlyMap<string, LookupMap>;
  /** It has a map of class srs: forwarded mail may leave with another sender, and never in one transaction with other mail. */
  readonly marksForwarded?: boolean;
  /** @param create makes an empty class when there is none (test mode adds words to it) */
  classWords(name: string, create?: boolean): ClassSet;
  /** Names of all classes that have been mentioned: for listings and completion. */
  classNames?(): readonly string[];
  /** The bottom layer of macro values ($j, $w, $m ... already computed). */
  readonly macros: MacroScope;
  readonly headers: readonly HeaderRule[];
  readonly options: Options;
  readonly daemonPorts: readonly PortOptions[];
  readonly clientPorts: readonly PortOptions[];
  /** Q lines, by name. */
  readonly queueGroups: ReadonlyMap<string, QueueGroup>;
  /** X lines, by name; InputMailFilters says which are used, and in which order. */
  readonly filters: ReadonlyMap<string, Filter>;
  /** Milter.LogLevel and Milter.macros.STAGE, by suboption in lower case. */
  readonly milterSettings: ReadonlyMap<string, string>;
  /** Members of AliasFile, in order. */
  readonly aliasFiles: readonly AliasFile[];
  /** E lines: what programs find in their environment; undefined takes the value of our own. */
  readonly environment: ReadonlyMap<string, string | undefined>;
  /** P lines: Precedence: value → message class number. */
  readonly precedences: ReadonlyMap<string, number>;
  /** Rulesets by name and number, with their rules: for listings and analysis. */
  readonly rulesets: RulesetTable;
  /** Where a database ("hosts", "aliases") is looked up, in order: ServiceSwitchFile. */
  services(database: string): readonly string[];
  /** Macro text to plain text in a scope (`$j`, `${x}`, `$?x..$|..$.`). */
  expand(text: string, scope: MacroScope): string;
  /** Closes maps and what else is open. */
  close(): void;
}
