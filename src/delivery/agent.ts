/**
 * The seam between deciding about mail and moving it: a delivery agent gets a job and returns a report. It never
 * touches the queue, never bounces, never throws for what can happen to mail (STYLE "Errors and outcomes").
 */
import type { Mailer } from "../config/mailer.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { MessageReader } from "../envelope/message.ts";
import type { Recipient, Triple } from "../envelope/recipient.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import type { AddressRewriter } from "../routing/address-rewriter.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";

export interface JobRecipient {
  /** Index in envelope.recipients: the key of the report. */
  readonly index: number;
  readonly recipient: Recipient;
  readonly triple: Triple;
}

/** Recipients of one message that share mailer and host. */
export interface Job {
  readonly envelope: Envelope;
  readonly mailer: Mailer;
  /** Host part of the triples; "" for none; may be a list `a:b`. */
  readonly host: string;
  readonly recipients: readonly JobRecipient[];
  readonly message: MessageReader;
  /** Macros of this delivery: a child of the configuration's with $f $i $h ... and the envelope's set. */
  readonly scope: MacroScope;
  /** How this configuration writes addresses for this mailer. */
  readonly addresses: AddressRewriter;
  /** Queue group that the message waits in. */
  readonly group?: string;
  /** Nobody has tried this message before (Timeout.iconnect). */
  readonly isFirst?: boolean;
  /** The sender's mailer has F=l. */
  readonly senderIsLocal?: () => MaybePromise<boolean>;
  /** Character set of 8-bit text without label; that of the configuration when it says nothing. */
  readonly charset?: () => MaybePromise<string | undefined>;
  /** Somebody wants to know each line of the conversation with the next host; those that we say begin with ">>> ". */
  readonly heard?: (line: string) => void;
  /** Fires when the server shuts down or the claim is lost. */
  readonly signal: AbortSignal;
}

export interface Report {
  /** One outcome for every recipient of the job, by index. */
  readonly statuses: ReadonlyMap<number, RecipientStatus>;
  /** Those who were not even tried may be tried then, ms since the epoch, however long the usual wait is. */
  readonly again?: number;
}

export interface Agent {
  deliver(job: Job): Promise<Report>;
  /** Closes cached connections and the like. */
  close?(): Promise<void>;
}
