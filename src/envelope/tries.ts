/**
 * What earlier attempts at a recipient came to, kept in its status: who asks why a message waits wants to know what was said
 * when, and how often. Attempts with the same outcome are one line; of a recipient that is delivered at once nothing is kept.
 *
 *     Nov 20 12:00 to 13:30, 4 times   mx.far.test. [192.0.2.9]   451 4.7.1 Greylisted for 287 seconds
 *     Nov 20 14:00                     Connection refused by mx.far.test.
 */
import { reasonOutline } from "./reason-outline.ts";
import type { RecipientStatus, Tries } from "./status.ts";

/** Different outcomes that are kept of a recipient, and octets of each. */
const MOST_KEPT = 8;
const LONGEST_KEPT = 500;
/** A message with more recipients keeps for each of them how often, not what was said before. */
const MANY_RECIPIENTS = 100;

/**
 * An outcome that knows of those before it.
 * @param before the status that the recipient had until now
 * @param recipients of the message
 */
export function withTries(
  before: RecipientStatus | undefined,
  status: RecipientStatus,
  recipients: number,
): RecipientStatus {
  if (before === undefined) return status;
  const { earlier = [] } = before;
  if (isSame(before, status)) {
    const times = (before.times ?? 1) + 1;
    return { ...status, since: before.since ?? before.at, times, ...(earlier.length === 0 ? {} : { earlier }) };
  }
  if (recipients > MANY_RECIPIENTS) return status;
  return { ...status, earlier: [...earlier, triesOf(before)].slice(-MOST_KEPT) };
}

/**
 * The attempts that came to this status, without those before them.
 * @param longest octets of what was said
 */
export function triesOf(
  { since, at, times = 1, text, diagnostic, relay, others }: RecipientStatus,
  longest = LONGEST_KEPT,
): Tries {
  return {
    since: since ?? at,
    at,
    times,
    text: text.slice(0, longest),
    ...(diagnostic === undefined ? {} : { diagnostic: diagnostic.text.slice(0, longest) }),
    ...(relay === undefined ? {} : { relay }),
    ...(others === undefined ? {} : { others }),
  };
}

function isSame(before: RecipientStatus, now: RecipientStatus): boolean {
  return (
    before.status === now.status &&
    before.relay === now.relay &&
    reasonOutline(before.text) === reasonOutline(now.text) &&
    reasonOutline(before.diagnostic?.text ?? "") === reasonOutline(now.diagnostic?.text ?? "")
  );
}
