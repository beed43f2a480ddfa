/**
 * `rulemail queue top`: what waits, by what it has in common.
 *
 *     recipients  messages   octets  oldest  next     destination  reason
 *            412       398     3.1M     14h  in 12m   far.test     Connection refused by mx.far.test.
 */
import type { Argv } from "yargs";
import { type Top, TOP_FIELDS, type TopField, type TopLine } from "../../control/queue-top.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { Order, QueueCommand } from "./command.ts";
import { limitOf } from "./list.ts";
import { withLooks } from "./open-desk.ts";
import { SelectionError } from "./selection.ts";
import { age, count, nextTime, size } from "./words.ts";

export const topCommand: QueueCommand = {
  usage: "[ID...] [conditions]",
  says: "what waits, by destination and reason: the first question of a bad morning",
  selects: true,
  options: (parser: Argv) =>
    parser
      .option("by", {
        type: "string",
        nargs: 1,
        default: "destination,reason",
        describe: `what to count by: ${TOP_FIELDS.join(", ")}`,
      })
      .option("limit", { type: "string", nargs: 1, default: "20", describe: "no more lines than so many" }),
  run: runTop,
};

async function runTop({ filter, place, options, json, output, now }: Order): Promise<number> {
  const by = fieldsOf(String(options["by"]));
  const most = limitOf(options["limit"], 20);
  const top = await withLooks(place, (looks) => looks.top(filter, by, most));
  if (json) output.line(asciiJson(top));
  else for (const line of topLines(top, by, now)) output.line(line);
  return EX.OK;
}

function fieldsOf(text: string): readonly TopField[] {
  return text.split(",").map((name) => {
    const field = TOP_FIELDS.find((each) => each === name.trim());
    if (field === undefined) throw new SelectionError(`--by knows ${TOP_FIELDS.join(", ")}, not "${name}"`);
    return field;
  });
}

/** @param now milliseconds since the epoch */
function topLines(top: Top, by: readonly TopField[], now: number): string[] {
  const { lines, others, messages, recipients, octets, held } = top;
  const heldOnes = held === 0 ? "" : `, ${held} of them held`;
  const sum = `${count(messages, "message")}${heldOnes}, ${count(recipients, "recipient")}, ${size(octets)} octets`;
  if (messages === 0) return ["nothing waits"];
  const rows = [
    ["recipients", "messages", "octets", "oldest", "next", ...by],
    ...lines.map((line) => cells(line, by, now)),
  ];
  const widths = rows[0].map((_, column) => Math.min(WIDEST, Math.max(...rows.map((row) => row[column].length))));
  const table = rows.map((row) =>
    row
      .map((cell, column) => (column < NUMBERS ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join("  ")
      .trimEnd(),
  );
  const rest =
    others.lines === 0 ? [] : [`and ${count(others.lines, "line")} more: ${count(others.recipients, "recipient")}`];
  return [...table, ...rest, "", sum];
}

/** Columns that are numbers, and the width from which on a column stops pushing the others away. */
const NUMBERS = 4;
const WIDEST = 60;

function cells(
  { fields, recipients, messages, octets, oldest, nextTry }: TopLine,
  by: readonly TopField[],
  now: number,
) {
  const next = nextTry === undefined ? "held" : nextTime(nextTry, now);
  const numbers = [String(recipients), String(messages), size(octets), age(now - oldest), next];
  return [...numbers, ...by.map((field) => fields[field] ?? "")];
}
