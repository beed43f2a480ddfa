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
  /** A list that was opened: what it is called, and what it is ("alias", "forward" ...). */
  opened?(name: string, what: OpenedAs): void;
}

/** What was opened: an alias and its right side, or a file. */
export type OpenedAs =
  | { readonly kind: "alias"; readonly value: string }
  | { readonly kind: "forward" | "include"; readonly path: string };

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
