/**
 * The send list of a message: each recipient is resolved, aliases, .forward files and :include: lists are opened
 * until only deliverable recipients are left; duplicates and loops are found on the way.
 *
 * Pure with respect to the queue: it returns what changes and what is added. A large list comes in portions: dispatch/ writes
 * each down as one record before anything of it is attempted (decision D5). A list counts as expanded when all of it is
 * written down: who finds one half done opens it again, and members that are there already are passed over.
 */
import type { Recipient } from "../envelope/recipient.ts";
import type { Expansion, ExpansionContext, Portion } from "./expansion.ts";
import { SendList } from "./send-list.ts";

/** Recipients of the first portion, and of the largest: the first delivery begins soon, and no record is long. */
const FIRST_PORTION = 100;
const LARGEST_PORTION = 400;

/** Resolves and expands the recipients with these indexes (those that are to be tried now), all at once. */
export async function expandRecipients(
  context: ExpansionContext,
  recipients: readonly Recipient[],
  todo: readonly number[],
): Promise<Expansion> {
  const list = new SendList(context, recipients);
  await list.begin(todo);
  while (await list.go(Infinity));
  return list.take();
}

/** The same in portions; the next one is made when it is asked for. */
export async function* expandInPortions(
  context: ExpansionContext,
  recipients: readonly Recipient[],
  todo: readonly number[],
): AsyncGenerator<Portion, void, undefined> {
  const list = new SendList(context, recipients);
  await list.begin(todo);
  for (let most = FIRST_PORTION; ; most = Math.min(most * 2, LARGEST_PORTION)) {
    const isMore = await list.go(most);
    yield list.take();
    if (!isMore) return;
  }
}
