/** What reading a configuration may ask the world, and where it tells what it does. */
import type { Resolver } from "../dns/resolver.ts";
import type { Log } from "../log/log.ts";
import type { Trace } from "../rewriting/trace.ts";
import type { Clock } from "../sys/clock.ts";
import type { Machine } from "../sys/machine.ts";
import type { LastGood } from "../sys/last-good.ts";
import type { SealedFiles } from "../sys/sealed-file.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { MailboxDatabase } from "../sys/users.ts";

/** `-O`, `-o` and `-M` of the command line, in order. */
export type CommandLineSetting =
  /** `-o x[value]` and `-O Long=value`: the text after the letter O of an O line. */
  { readonly kind: "option"; readonly text: string } | { readonly kind: "macro"; readonly text: string };

export interface ConfigEnvironment {
  readonly machine: Machine;
  readonly resolver: Resolver;
  readonly users: MailboxDatabase;
  /** The number of a group, by its name. */
  group(name: string): MaybePromise<number | undefined>;
  readonly clock: Clock;
  /** Files that may not be read here, and that somebody else has read. */
  readonly sealed?: SealedFiles;
  /** Files with secrets as they were before, for a server that reads them again; absent: nothing is known of before. */
  readonly lastGood?: LastGood;
  readonly log: Log;
  readonly settings?: readonly CommandLineSetting[];
  /** Debug output of test mode. */
  readonly trace?: Trace;
  /** Gets sendmail's messages, line by line, as they come. */
  print?(line: string): void;
  /** The letter of -b: the macro {opMode}. */
  readonly opMode?: string;
  /** Analysis: tables that are not there count as empty, not as broken. */
  readonly missingTablesAreEmpty?: boolean;
  /** Test mode traces every step: the interpreter runs, and options that only matter for mail are not acted on. */
  readonly testMode?: boolean;
}
