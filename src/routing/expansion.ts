/** What an expansion (recipients.ts) asks, and what it answers. */
import type { Recipient, RecipientChange } from "../envelope/recipient.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { LocalNames } from "./local-user.ts";
import type { UserFiles } from "./user-files.ts";

export interface ExpansionContext extends LocalNames {
  readonly scope: MacroScope;
  /** Reads .forward files and lists with their users' rights. */
  readonly files: UserFiles;
  /** DontBlameSendmail names in force. */
  readonly dontBlame: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** A .forward file that was not trusted, a list that could not be read: for the log. */
  warn(text: string): void;
  /** Somebody who wants to see the way of the work. */
  readonly watch?: ExpansionWatch;
}

/** Hears of the work as it goes on; indexes are those of the recipients. */
export interface ExpansionWatch {
  /** @param origin "/etc/mail/list: line 3" for a member that a file names */
  placed?(index: number, origin: string | undefined): void;
  /** @param value of an alias: its right side */
  opened(index: number, list: OpenedList, value?: string): void;
  /** A recipient that names one of its own ancestors. @param way "a -> b -> a" */
  circle?(index: number, way: string): void;
}

/** `name`: under which an alias was found, or the file. */
export interface OpenedList {
  readonly kind: "alias" | "forward" | "include";
  readonly name: string;
}

export interface Expansion {
  /** What becomes of recipients that the message already had. */
  readonly changes: readonly RecipientChange[];
  /** New recipients in the order of their indexes. */
  readonly added: readonly Recipient[];
}

/** A part of an expansion: it goes on from where the one before it ended. */
export interface Portion extends Expansion {
  /** Recipients that can be delivered to now. */
  readonly ready: readonly number[];
}
