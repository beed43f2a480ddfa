/** What a local submission says about its message beside sender and recipients: how it enters, and who is told. */
import type { Recipient, Triple } from "./recipient.ts";
import type { RecipientStatus } from "./status.ts";

/** Macro of ours in the queue: the submitter wants no aliases (`sendmail -n`), whenever the message is tried. */
export const NO_ALIASES = "no_aliases";

/**
 * Is told how the first attempt at a recipient went.
 * @param index in the envelope's recipients
 * @param triple absent: no mailer was asked
 */
export type FirstAttempt = (
  index: number,
  recipient: Recipient,
  triple: Triple | undefined,
  status: RecipientStatus,
) => void;

export interface LocalFacts {
  /** Ready to stand before `<address>`. */
  readonly fullName?: string;
  /** The mailer that its sender belongs to, where he has one. */
  readonly senderMailer?: string | undefined;
  /** Hops behind the message, as far as known. */
  readonly hops?: number;
  readonly noAliases?: boolean;
  /** Why it is held from the start: nobody tries it before it is released. */
  readonly hold?: string | undefined;
  /** Called before the message is answered for, in delivery mode i. */
  readonly firstAttempt?: FirstAttempt;
}
