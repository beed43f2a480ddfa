/**
 * Which messages `rulemail queue` commands mean: queue ids, and conditions as options. Conditions of different kinds must all
 * hold; of several of one kind it is enough that one does.
 */
import type { Argv } from "yargs";
import type { QueueFilter, TextMatch } from "../../queue/filter.ts";
import { duration } from "../duration.ts";
import { octets } from "../given-words.ts";

/** What is wrong with the words of a command, for a line that says so. */
export class SelectionError extends Error {
  override readonly name = "SelectionError";
}

/** The conditions, and what they are about, for --help. */
const TEXTS = {
  id: "part of the queue id",
  sender: "of the reverse-path; <> for none",
  recipient: "of a recipient's address",
  host: "the host or domain that a recipient's mail goes to",
  status: "part of what the last attempt said of a recipient",
  reason: "part of the reason of a hold or quarantine",
} as const;
type TextKind = keyof typeof TEXTS;

export function withSelectors<T>(parser: Argv<T>) {
  let with_ = parser as unknown as Argv;
  for (const [name, describe] of Object.entries(TEXTS)) {
    with_ = with_.option(name, { type: "string", array: true, nargs: 1, describe, group: SELECT });
  }
  return with_
    .option("older", { type: "string", nargs: 1, describe: "arrived longer ago than 30m, 2h, 5d ...", group: SELECT })
    .option("newer", { type: "string", nargs: 1, describe: "arrived less long ago", group: SELECT })
    .option("group", { type: "string", nargs: 1, describe: "queue group", group: SELECT })
    .option("held", { type: "boolean", describe: "only held messages; --no-held: only others", group: SELECT });
}

const SELECT = "Which messages (! before a text: those that it does not hold for):";

/** The options as yargs gives them. */
type Given = Readonly<Record<string, unknown>>;

/**
 * @param ids as typed behind the command
 * @param now milliseconds since the epoch
 * @throws SelectionError
 */
export function filterOf(ids: readonly string[], given: Given, now: number): QueueFilter {
  const filter: { -readonly [Key in keyof QueueFilter]: QueueFilter[Key] } = {};
  if (ids.length > 0) filter.ids = ids;
  for (const kind of Object.keys(TEXTS) as TextKind[]) {
    const texts = given[kind];
    if (Array.isArray(texts)) filter[kind] = texts.map((text) => matchOf(kind, octets(String(text))));
  }
  const { older, newer, group, held } = given;
  if (typeof older === "string") filter.arrivedBefore = now - durationOf("older", older);
  if (typeof newer === "string") filter.arrivedAfter = now - durationOf("newer", newer);
  if (typeof group === "string") filter.group = group;
  if (typeof held === "boolean") filter.held = held;
  return filter;
}

/** True when anything but ids narrows the choice down. */
export function hasConditions(filter: QueueFilter): boolean {
  return Object.keys(filter).some((name) => name !== "ids");
}

/** A whole address means that address; a text without a part on either side of the `@` is looked for in it. */
function matchOf(kind: TextKind, typed: string): TextMatch {
  const not = typed.startsWith("!") ? { not: true as const } : {};
  const text = typed.replace(/^!/, "");
  if (text === "") throw new SelectionError(`--${kind} needs a text`);
  const bare = text.replace(/^<(.*)>$/, "$1");
  const isWhole = (kind === "sender" || kind === "recipient") && (/^[^@].*@.*[^@]$/.test(bare) || text === "<>");
  if (!isWhole) return { text, ...not };
  return { text: kind === "sender" ? `<${bare}>` : bare, whole: true, ...not };
}

/** Milliseconds. */
function durationOf(option: string, text: string): number {
  const length = text.startsWith("+") ? undefined : duration(text);
  if (length !== undefined) return length;
  throw new SelectionError(`--${option} takes a time such as 90s, 30m, 2h, 5d or 1w, not "${text}"`);
}
