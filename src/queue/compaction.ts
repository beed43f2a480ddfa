/**
 * When an old segment of the journal is worth emptying. Segments go oldest first, so one message that waits for days
 * in the oldest would keep all later ones; what is left of it becomes files instead, and the segment goes.
 */
import type { Segment } from "./segment.ts";

/** Segments kept whatever lies in them: 16 of 64 MB. */
const MOST_SEGMENTS = 16;
/** An older segment is emptied when less than this part of its messages is left. */
const MOSTLY_SETTLED = 0.25;
/** Young segments settle by themselves, ms. */
const OLD = 10 * 60_000;
/** So long mail may lie in the journal: what waits longer lingers, and becomes files. Segments are not written to longer, ms. */
export const LINGERING = 3_600_000;

/** The segment to empty now, or undefined. */
export function segmentToCompact(
  segments: readonly Segment[],
  current: Segment | undefined,
  now: number,
): Segment | undefined {
  // What has nothing left is on its way out.
  const oldest = segments.find(({ live }) => live > 0);
  if (oldest === undefined || oldest === current) return undefined;
  if (segments.length > MOST_SEGMENTS) return oldest;
  const age = now - oldest.created;
  if (age >= LINGERING) return oldest;
  return age >= OLD && oldest.live < Math.max(1, oldest.messages) * MOSTLY_SETTLED ? oldest : undefined;
}
