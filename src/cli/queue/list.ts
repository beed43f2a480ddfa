/**
 * `rulemail queue list`: what waits, two lines a message and more where recipients wait for different reasons.
 *
 *     5AKJRqnn019925   2h    1.2K   5 tries, next in 12m   <anna@a.test>
 *         <bob@b.test>, <carl@b.test>: Connection refused by b.test.
 */
import type { Argv } from "yargs";
import type { ListedRecipient, QueueListing } from "../../control/queue-listing.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { Order, QueueCommand } from "./command.ts";
import { withLooks } from "./open-desk.ts";
import { SelectionError } from "./selection.ts";
import { address, age, count, nextTime, size, some } from "./words.ts";

export const listCommand: QueueCommand = {
  usage: "[ID...] [conditions]",
  says: "what waits, in the order of arrival",
  selects: true,
  options: (parser: Argv) =>
    parser.option("limit", { type: "string", nargs: 1, describe: "no more messages than so many" }),
  run: runList,
};

async function runList({ filter, place, json, options, output, now }: Order): Promise<number> {
  const most = limitOf(options["limit"], Infinity);
  return withLooks(place, async (looks) => {
    const all = json || most === Infinity ? undefined : await looks.count(filter);
    let shown = 0;
    if (most > 0) {
      for await (const entry of looks.list(filter)) {
        shown++;
        if (json) output.line(asciiJson(entry));
        else for (const line of listLines(entry, now)) output.line(line);
        if (shown >= most) break;
      }
    }
    if (!json) output.line(summary(shown, all));
    return EX.OK;
  });
}

/** @throws SelectionError when it is no number */
export function limitOf(given: unknown, otherwise: number): number {
  if (given === undefined) return otherwise;
  if (typeof given === "string" && /^\d{1,9}$/.test(given)) return Number(given);
  throw new SelectionError(`--limit takes a number, not ${JSON.stringify(given)}`);
}

function summary(shown: number, all = shown): string {
  if (all === 0) return "nothing waits";
  return all === shown ? count(all, "message") : `${shown} of ${count(all, "message")}`;
}

/** Addresses of one reason that are shown. */
const MOST_SHOWN = 5;

/** @param now milliseconds since the epoch */
export function* listLines(entry: QueueListing, now: number): Generator<string, void, undefined> {
  const { id, arrived, attempts, sender, claimed, hold, waits, nextTry, recipients } = entry;
  const tries = attempts === 0 ? "not tried yet" : attempts === 1 ? "1 try" : `${attempts} tries`;
  const state = claimed ? "is being delivered" : hold !== undefined ? "held" : `next ${nextTime(nextTry, now)}`;
  const facts = `${age(now - arrived).padStart(4)} ${size(entry.size).padStart(5)}   ${tries}, ${state}`;
  yield `${id} ${facts}   <${sender}>`;
  if (hold !== undefined) yield `    held: ${hold}`;
  if (waits !== undefined) yield `    waits: ${waits}`;
  for (const [status, those] of byStatus(recipients)) {
    const who = some(
      those.map((each) => address(each.address)),
      MOST_SHOWN,
    );
    yield status === "" ? `    ${who}` : `    ${who}: ${status}`;
  }
}

function byStatus(recipients: readonly ListedRecipient[]): ReadonlyMap<string, readonly ListedRecipient[]> {
  const groups = new Map<string, ListedRecipient[]>();
  for (const each of recipients) {
    const status = each.status?.replace(/^Deferred: /, "") ?? "";
    const group = groups.get(status);
    if (group === undefined) groups.set(status, [each]);
    else group.push(each);
  }
  return groups;
}
