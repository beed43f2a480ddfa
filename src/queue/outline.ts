/** What conditions, sums and queue runs ask of a message. */
import type { Envelope } from "../envelope/envelope.ts";
import type { Recipient, Triple } from "../envelope/recipient.ts";

/** Of an open recipient; the user part of `resolved` is left out. */
export interface OutlinedRecipient extends Pick<Recipient, "given" | "state"> {
  readonly resolved?: Triple;
  readonly status?: { readonly text: string };
}

/** A queue entry is one, too. */
export interface EntryOutline {
  readonly id: string;
  readonly group: string;
  readonly priority: number;
  readonly attempts: number;
  /** Milliseconds since the epoch. */
  readonly lastTry?: number;
  readonly nextTry: number;
  readonly hold?: string;
  readonly envelope: Pick<Envelope, "sender" | "arrived" | "bodySize"> & {
    /** Those that are open, at least. */
    readonly recipients: readonly OutlinedRecipient[];
  };
}
