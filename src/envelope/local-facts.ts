/** What a local submission says about its message beside sender and recipients: how it enters, and who is told. */
import type { Recipient, Triple } from "./recipient.ts";
import type { RecipientStatus } from "./status.ts";

/** Macro of ours in the queue: the submitter wants no aliases (`sendmail -n`), whenever the message is tried. */
export const NO_ALIASES = "no_aliases";

/** Who waits for the first attempt, and is told how it goes. */
export interface FirstAttempt {
  /**
   * How it went for a recipient.
   * @param index in the envelope's recipients
   * @param triple absent: no mailer was asked
   */
  outcome(index: number, recipient: Recipient, triple: Triple | undefined, status: RecipientStatus): void;
  /**
   * A line of the conversation with the next host of a group of recipients, without its end: `250 2.1.0 ok`, or `>>> RCPT ...`
   * where we say it. Absent: nobody wants to know.
   * @param first index of the first recipient of the group
   */
  readonly heard?: (first: number, line: string) => void;
}

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
