/**
 * `rulemail queue why ID`: of each recipient what was tried when and what was said, where it goes and by which rule, and when it
 * is tried next.
 */
import type { Argv } from "yargs";
import { explanationLines } from "../../analysis/explain-text.ts";
import type { Why } from "../../control/queue-answers.ts";
import { isOpen, type Recipient } from "../../envelope/recipient.ts";
import type { RecipientStatus, Tries } from "../../envelope/status.ts";
import { triesOf } from "../../envelope/tries.ts";
import { recipientMatcherOf } from "../../queue/filter.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { Order, QueueCommand } from "./command.ts";
import { withDesk } from "./open-desk.ts";
import { SelectionError } from "./selection.ts";
import { address, age, count, moment, nextTime, size } from "./words.ts";

export const whyCommand: QueueCommand = {
  usage: "ID... [--recipient TEXT]",
  says: "why it is still there: what was tried when, what was said, which rules chose the route",
  selects: true,
  options: (parser: Argv) =>
    parser.option("all", { type: "boolean", describe: "every rule that fired, not only the last" }),
  run: runWhy,
};

async function runWhy({ words, filter, place, options, json, output, errors, now }: Order): Promise<number> {
  if (words.length === 0) throw new SelectionError("name a queue id");
  const { ids: _, ...conditions } = filter;
  return withDesk(place, async (desk) => {
    let exit: number = EX.OK;
    for (const [index, id] of words.entries()) {
      const why = await desk.why(id, conditions);
      if (why === undefined) {
        errors.line(`rulemail queue why: ${id} is not in the queue`);
        exit = EX.NOINPUT;
        continue;
      }
      if (json) output.line(asciiJson(why));
      else {
        if (index > 0) output.line("");
        const isMeant = recipientMatcherOf(conditions);
        for (const line of whyLines(why, { isMeant, allRules: options["all"] === true, now })) output.line(line);
      }
    }
    return exit;
  });
}

/** Recipients that are told of one by one. */
const MOST_TOLD = 50;

interface Telling {
  /** Which open recipients are told of. */
  readonly isMeant: (recipient: Recipient) => boolean;
  readonly allRules: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

function whyLines(why: Why, { isMeant, allRules, now }: Telling): string[] {
  const { envelope } = why.entry;
  const open: string[][] = [];
  const done: string[] = [];
  const uncounted = new Map<string, number>();
  for (const [index, recipient] of envelope.recipients.entries()) {
    if (isOpen(recipient)) {
      if (isMeant(recipient) && open.length < MOST_TOLD) open.push(recipientLines(why, index, allRules));
      else uncounted.set("waiting", (uncounted.get("waiting") ?? 0) + 1);
    } else if (done.length < MOST_TOLD) done.push(`${address(recipient.given)} ${doneText(recipient)}`);
    else uncounted.set(recipient.state, (uncounted.get(recipient.state) ?? 0) + 1);
  }
  const others = [...uncounted].map(([state, number]) => `${number} ${state}`).join(", ");
  return [
    ...messageLines(why, now),
    ...open.flatMap((lines) => ["", ...lines]),
    ...(done.length === 0 ? [] : ["", ...done]),
    ...(others === "" ? [] : ["", `and other recipients: ${others}`]),
  ];
}

function messageLines({ entry, claimed, waits, warnAt, giveUpAt }: Why, now: number): string[] {
  const { id, envelope, attempts, hold, nextTry } = entry;
  const { arrived, sender, bodySize } = envelope;
  const at = (ms: number): string => `${nextTime(ms, now)} (${moment(ms)})`;
  const next = nextTime(nextTry, now);
  const tried = attempts === 0 ? "not tried yet" : `tried ${attempts === 1 ? "once" : `${attempts} times`}`;
  const when =
    hold !== undefined
      ? "not tried as long as it is held"
      : next.startsWith("in ")
        ? `next ${at(nextTry)}`
        : `next ${next}`;
  return [
    `${id}: ${size(bodySize)} octets from <${sender}>, arrived ${moment(arrived)} (${age(now - arrived)} ago)`,
    `${tried}, ${claimed ? "is being delivered just now" : when}`,
    ...(hold === undefined ? [] : [`held: ${hold}`]),
    ...(waits === undefined ? [] : [`waits: ${waits}`]),
    ...(warnAt === undefined ? [] : [`the sender is told of the delay ${at(warnAt)}`]),
    ...(giveUpAt === undefined ? [] : [`goes back to the sender ${at(giveUpAt)} when it has not been delivered`]),
  ];
}

function recipientLines({ entry, routes }: Why, index: number, allRules: boolean): string[] {
  const { recipients } = entry.envelope;
  const { given, parent, rerouted, status } = recipients[index];
  const origin = parent === undefined ? "" : `, from ${address(recipients[parent]?.given ?? "")}`;
  const route = routes[index];
  const byOperator =
    rerouted === undefined
      ? []
      : [`goes to mailer ${rerouted.mailer}, host ${rerouted.host}: an operator has said so, whatever the rules say`];
  const byRules = route === undefined || rerouted !== undefined ? [] : explanationLines(route, allRules).slice(1);
  const tries = status === undefined ? ["not tried yet"] : statusLines(status);
  return [`${address(given)}${origin}:`, ...[...tries, ...byOperator, ...byRules].map((line) => `  ${line}`)];
}

/** Attempts with their words, the oldest first. */
function statusLines(status: RecipientStatus): string[] {
  return [...(status.earlier ?? []), triesOf(status, Infinity)].flatMap(triesLines);
}

function triesLines({ since, at, times, text, diagnostic, relay, others = [] }: Tries): string[] {
  const when = times === 1 ? moment(at) : `${moment(since)} to ${moment(at)}, ${count(times, "time")}`;
  const where = relay === undefined || relay === "" ? "" : `, ${relay}`;
  return [
    `${when}${where}:`,
    `    ${diagnostic ?? text.replace(/^Deferred: /, "")}`,
    ...others.map((other) => `    also tried ${other}`),
  ];
}

/** What became of a recipient that does not wait. */
function doneText({ state, status, parent }: Recipient): string {
  if (state === "duplicate" && status === undefined) return "gets it as another recipient";
  if (state === "expanded") return "stands for others";
  const words = status === undefined ? "" : `: ${status.text}`;
  return `${state}${parent === undefined ? "" : " (from a list)"}${words}`;
}
