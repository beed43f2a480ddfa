/**
 * How important a message is, as sendmail counts: smaller numbers go first (manual §5.6, ClassFactor,
 * RecipientFactor, RetryFactor). Pure arithmetic; times are the scheduler's.
 */
import type { Options } from "../config/config.ts";
import type { Envelope } from "../envelope/envelope.ts";

export interface PriorityFactors {
  /** O ClassFactor: taken off per unit of message class (Precedence:). */
  readonly classFactor: number;
  /** O RecipientFactor: added per recipient. */
  readonly recipientFactor: number;
  /** O RetryFactor: added at every attempt. */
  readonly retryFactor: number;
}

/** As the options say. */
export function factorsOf(options: Pick<Options, "number">): PriorityFactors {
  return {
    classFactor: options.number("ClassFactor"),
    recipientFactor: options.number("RecipientFactor"),
    retryFactor: options.number("RetryFactor"),
  };
}

export const standardFactors: PriorityFactors = { classFactor: 1800, recipientFactor: 30_000, retryFactor: 90_000 };

/** Size of header and body, less for urgent classes, more for many recipients. */
export function initialPriority(envelope: Envelope, factors: PriorityFactors): number {
  let size = envelope.bodySize;
  for (const { name, value } of envelope.headers) size += name.length + value.length + 3;
  return size - envelope.messageClass * factors.classFactor + envelope.recipients.length * factors.recipientFactor;
}
