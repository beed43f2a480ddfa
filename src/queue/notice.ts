/**
 * When somebody has to look at a message although its destination takes nothing: to tell its sender of the delay, or to return
 * it. Who works on messages knows the exact time and says it when they are given back; before that, this guess counts.
 */
import { deadlineOf } from "../envelope/deliver-by.ts";
import type { Envelope } from "../envelope/envelope.ts";

/** Younger messages have nothing to tell, ms; those that are older are looked at once. */
const PATIENCE = 30 * 60_000;

/** Ms since the epoch. */
export function firstNotice(envelope: Pick<Envelope, "arrived" | "deliverBy">): number {
  return Math.min(envelope.arrived + PATIENCE, deadlineOf(envelope) ?? Infinity);
}
