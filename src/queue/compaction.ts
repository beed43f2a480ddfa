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

/** The segment to empty now, or undefined. */
export function segmentToCompact(
  segments: readonly Segment[],
  current: Segment | undefined,
  now: number,
): Segment | undefined {
  const oldest = segments[0];
  if (oldest === undefined || oldest === current) return undefined;
  if (segments.length > MOST_SEGMENTS) return oldest;
  const old = now - oldest.created >= OLD;
  return old && oldest.live < Math.max(1, oldest.messages) * MOSTLY_SETTLED ? oldest : undefined;
}
