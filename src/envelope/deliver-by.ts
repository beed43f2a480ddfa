/** Until when a message wants to be with its recipients, and what else becomes of it (BY= of MAIL, RFC 2852). */

export interface DeliverBy {
  /** Counted from the arrival of the message; 0 and less with `notify` only: the time was over when it came. */
  readonly seconds: number;
  /** What happens at that time: the message is returned (R), or its sender hears of the delay and it goes on (N). */
  readonly mode: "return" | "notify";
  /** T: the sender hears of each host that passes it on. */
  readonly trace: boolean;
}

/** RFC 2852 §4: nine digits at most. */
export const LONGEST_BY = 999_999_999;

/** What of an envelope matters here. */
export interface Timed {
  /** Milliseconds since the epoch. */
  readonly arrived: number;
  readonly deliverBy?: DeliverBy;
}

/** Milliseconds since the epoch; undefined: no time was asked for. */
export function deadlineOf({ arrived, deliverBy }: Timed): number | undefined {
  return deliverBy === undefined ? undefined : arrived + deliverBy.seconds * 1000;
}

/** The message may not be delivered any more. */
export function isTooLate(envelope: Timed, now: number): boolean {
  return envelope.deliverBy?.mode === "return" && now >= deadlineOf(envelope)!;
}

/** The time of a message that goes on has come while it was here; of others those before us have told. */
export function isLate(envelope: Timed, now: number): boolean {
  const { deliverBy } = envelope;
  return deliverBy?.mode === "notify" && deliverBy.seconds > 0 && now >= deadlineOf(envelope)!;
}

/** What is left of the time, in whole seconds as the next host gets it. */
export function remainingSeconds({ arrived }: Timed, { seconds }: DeliverBy, now: number): number {
  return Math.max(-LONGEST_BY, seconds - Math.max(0, Math.floor((now - arrived) / 1000)));
}

/** The deadline when it comes before `next`: what has to happen at that time happens then. Both in ms since the epoch. */
export function beforeDeadline(envelope: Timed, next: number, now: number): number {
  const deadline = deadlineOf(envelope);
  return deadline === undefined || deadline <= now ? next : Math.min(next, deadline);
}

/** RFC 2852 §4.1.4: what the sender is told of a message that had to be back, or to have arrived, by now. */
export function tooLateText({ seconds }: DeliverBy): string {
  return `Delivery time (${seconds}s) expired`;
}

export function lateText({ seconds }: DeliverBy): string {
  return `Delivery time (${seconds}s) exceeded`;
}

/** As a program that takes the message over now has to know it. */
export function deliverByNow(envelope: Timed, now: number): DeliverBy | undefined {
  const { deliverBy } = envelope;
  return deliverBy && { ...deliverBy, seconds: remainingSeconds(envelope, deliverBy, now) };
}
