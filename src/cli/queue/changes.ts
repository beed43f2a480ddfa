/**
 * The commands that change what waits. Messages that are named by their ids are changed at once; what conditions select is only
 * shown, until --yes is said: nobody sees from a condition how much it holds for.
 */
import { isatty } from "node:tty";
import type { Argv } from "yargs";
import type { NewRoute } from "../../dispatch/steer.ts";
import type { QueueFilter } from "../../queue/filter.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import { octets } from "../given-words.ts";
import type { Order, QueueCommand } from "./command.ts";
import type { Desk, Looks } from "./desk.ts";
import { listLines } from "./list.ts";
import { withDesk, withLooks } from "./open-desk.ts";
import { Progress } from "./progress.ts";
import { hasConditions, SelectionError } from "./selection.ts";
import { count, size } from "./words.ts";

/** What came of a part of the messages. */
interface Outcome {
  readonly done: number;
  readonly left: readonly { readonly id: string; readonly why: string }[];
}

interface Change {
  /** "returned", "held": what they are afterwards. */
  readonly done: string;
  /** Messages that are changed in one request. */
  readonly atOnce: number;
  /** Narrows down what the conditions say. */
  readonly narrow?: (filter: QueueFilter) => QueueFilter;
  /** Rejects when it cannot be done with any message, as `apply` does: nobody is shown what it would do. */
  readonly check?: (looks: Looks) => Promise<void>;
  readonly apply: (desk: Desk, filter: QueueFilter) => Promise<Outcome>;
}

/** Enough for the connection not to matter, few enough for the progress to be one. */
const PART = 500;
/** Each of them writes a report, and waits for it. */
const SLOW_PART = 50;
/** The queue makes all that are named due at one time. */
const ALL = 1_000_000;

const BECAUSE = "held by the operator";
const RETURNED = "returned by the operator of the mail server";

export const changeCommands: Readonly<
  Record<"hold" | "release" | "retry" | "reroute" | "bounce" | "remove", QueueCommand>
> = {
  hold: command("hold it until it is released", {
    options: (parser) => parser.option("because", { type: "string", nargs: 1, describe: "the reason that is shown" }),
    change: ({ because = BECAUSE }) => ({
      done: "held",
      atOnce: PART,
      apply: (desk, filter) => desk.hold(filter, octets(String(because))),
    }),
  }),
  release: command("let go on what is held or quarantined", {
    change: () => ({
      done: "released",
      atOnce: PART,
      narrow: (filter) => ({ ...filter, held: true }),
      apply: (desk, filter) => desk.release(filter),
    }),
  }),
  retry: command("try it now, whenever it is due", {
    change: () => ({
      done: "due now",
      atOnce: ALL,
      narrow: (filter) => ({ ...filter, held: false }),
      apply: async (desk, filter) => ({ done: await desk.retry(filter), left: [] }),
    }),
  }),
  reroute: command("send it another way", {
    options: (parser) =>
      parser
        .option("via", {
          type: "string",
          nargs: 1,
          describe: "by way of this host: HOST or [ADDRESS], or MAILER:HOST as in a mailertable",
        })
        .option("to", { type: "string", nargs: 1, describe: "to this recipient instead" })
        .option("undo", { type: "boolean", describe: "where the rules say, after all" }),
    change: (options) => {
      const route = routeOf(options);
      return {
        done: "rerouted",
        atOnce: PART,
        check: (looks) => looks.checkRoute(route),
        apply: (desk, filter) => desk.reroute(filter, route),
      };
    },
  }),
  bounce: command("return it to the sender with a report", {
    options: (parser) =>
      parser.option("because", { type: "string", nargs: 1, describe: "the reason that the sender reads" }),
    change: ({ because = RETURNED }) => ({
      done: "returned",
      atOnce: SLOW_PART,
      apply: (desk, filter) => desk.bounce(filter, octets(String(because))),
    }),
  }),
  remove: command("throw it away; nobody is told", {
    change: () => ({ done: "removed", atOnce: PART, apply: (desk, filter) => desk.remove(filter) }),
  }),
};

interface Kind {
  readonly options?: (parser: Argv) => Argv;
  readonly change: (options: Order["options"]) => Change;
}

function command(says: string, { options, change }: Kind): QueueCommand {
  return {
    usage: "ID... | conditions",
    says,
    selects: true,
    options: (parser) =>
      (options?.(parser) ?? parser)
        .option("all", { type: "boolean", describe: "everything that waits" })
        .option("yes", {
          type: "boolean",
          alias: "y",
          describe: "do it: what conditions select is only shown otherwise",
        })
        .option("dry-run", { type: "boolean", alias: "n", describe: "only show what is meant" }),
    run: (order) => runChange(order, change(order.options)),
  };
}

function routeOf({ via, to, undo }: Order["options"]): NewRoute {
  if ([via, to, undo].filter((each) => each !== undefined).length !== 1) {
    throw new SelectionError("say where: --via HOST, --to ADDRESS, or --undo");
  }
  if (typeof to === "string") return { kind: "address", address: octets(to).replace(/^<(.*)>$/, "$1") };
  if (typeof via !== "string") return { kind: "rules" };
  // A colon inside brackets belongs to an address.
  const [, mailer, host = ""] = /^(?:([\w-]+):)?(.+)$/s.exec(octets(via)) ?? [];
  return { kind: "host", host, ...(mailer === undefined ? {} : { mailer }) };
}

async function runChange(order: Order, change: Change): Promise<number> {
  const { words, options } = order;
  const { all, yes } = options;
  const isNamed = words.length > 0;
  if (!isNamed && !hasConditions(order.filter) && all !== true) {
    throw new SelectionError("say which messages: their ids, conditions, or --all");
  }
  if (isNamed && all === true) throw new SelectionError("--all is no other than the messages that are named");
  const filter = change.narrow?.(order.filter) ?? order.filter;
  const isDryRun = options["dry-run"] === true || (!isNamed && yes !== true);
  if (isDryRun) return withLooks(order.place, (looks) => preview(order, looks, filter, change));
  return withDesk(order.place, (desk) => perform(order, desk, filter, change));
}

/** Messages that a preview shows. */
const SHOWN = 10;

async function preview(order: Order, looks: Looks, filter: QueueFilter, { done, check }: Change): Promise<number> {
  const { json, output, now, options } = order;
  await check?.(looks);
  const ids = await looks.ids(filter);
  const { recipients, octets: length } = await looks.top(filter, ["destination"], 0);
  if (json) {
    output.line(asciiJson({ dryRun: true, messages: ids.length, recipients, octets: length, ids }));
    return notFound(order, ids);
  }
  for await (const entry of looks.list({ ...filter, ids: ids.slice(0, SHOWN) })) {
    for (const line of listLines(entry, now)) output.line(line);
  }
  if (ids.length > SHOWN) output.line(`and ${count(ids.length - SHOWN, "message")} more`);
  const sum = `${count(ids.length, "message")} (${count(recipients, "recipient")}, ${size(length)} octets)`;
  const how = options["dry-run"] === true ? "" : "; --yes does it";
  output.line(ids.length === 0 ? "nothing that waits is meant" : `${sum} would be ${done}${how}`);
  return notFound(order, ids);
}

async function perform(order: Order, desk: Desk, filter: QueueFilter, change: Change): Promise<number> {
  const { json, output, errors } = order;
  // What was meant when the command began, whatever comes meanwhile.
  const ids = await desk.ids(filter);
  const progress = new Progress((text) => void process.stderr.write(text), isatty(2) && ids.length > change.atOnce);
  let done = 0;
  const left: Outcome["left"][number][] = [];
  for (let at = 0; at < ids.length; at += change.atOnce) {
    progress.show(`${at} of ${ids.length}`);
    const outcome = await change.apply(desk, { ...filter, ids: ids.slice(at, at + change.atOnce) });
    done += outcome.done;
    left.push(...outcome.left);
  }
  progress.end();
  if (json) output.line(asciiJson({ done, left }));
  else output.line(`${count(done, "message")} ${change.done}`);
  for (const line of leftLines(left)) errors.line(line);
  const missing = notFound(order, ids);
  if (left.length === 0) return missing;
  return done === 0 ? EX.UNAVAILABLE : EX.TEMPFAIL;
}

/** Ids of one reason that are named. */
const MOST_NAMED = 5;

function leftLines(left: Outcome["left"]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { id, why } of left) {
    // What the file system says names the message's file.
    const reason = why.replaceAll(id, "ID");
    const ids = reasons.get(reason);
    if (ids === undefined) reasons.set(reason, [id]);
    else ids.push(id);
  }
  return [...reasons].map(([why, ids]) => {
    const more = ids.length > MOST_NAMED ? ` and ${ids.length - MOST_NAMED} more` : "";
    return `${ids.slice(0, MOST_NAMED).join(", ")}${more}: left as it was: ${why}`;
  });
}

/** Says which of the ids that were typed are not there, or not meant. */
function notFound({ words, errors }: Order, found: readonly string[]): number {
  const there = new Set(found);
  const missing = words.filter((id) => !there.has(id));
  for (const id of missing) errors.line(`${id}: there is no such message that is meant`);
  return missing.length > 0 ? EX.NOINPUT : EX.OK;
}
