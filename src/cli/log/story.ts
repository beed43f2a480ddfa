/** `rulemail log story`: all lines of a message and of those that it begot, in order, as a story. */
import { type LoggedMessage, MessageIndex, newMessage } from "../../log/message-index.ts";
import type { LogEntry } from "../../log/read-entry.ts";
import { type Facts, idAtNextHop, readFacts } from "../../log/read-facts.ts";
import { systemClock } from "../../sys/clock.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { CommandStreams } from "../command-streams.ts";
import { NOTHING_FOUND, parsed, parserOf, say, usageError } from "./command.ts";
import { entriesOf, type Source, sourcesOf, withLasting } from "./sources.ts";
import { type Story, storyDocument, storyLines } from "./story-text.ts";

/** Messages of one address, when it has more. */
const MOST_MESSAGES = "10";
/** Messages that one story has, and lines that one message has. */
const MOST_KIN = 1_000;
const MOST_LINES = 5_000;

/** @returns 0; 1 when the log knows no such message; 64; 66 */
export async function runLogStory(words: readonly string[], streams: CommandStreams): Promise<number> {
  const parser = parserOf("story", "ID|ADDRESS|MESSAGE-ID [FILE ...]\nAll that happened to a message.")
    .option("raw", { type: "boolean", default: false, describe: "the lines as they are" })
    .option("last", {
      type: "string",
      nargs: 1,
      default: MOST_MESSAGES,
      describe: "the youngest so many, of an address",
    })
    .example("rulemail log story 5AKJ3Crx012345", "that message")
    .example("rulemail log story joe@example.com --last 1", "the last one from or to him")
    .epilogue("Status 0; 1: no such message; 64: bad words; 66: a log cannot be read.");
  const read = await parsed("story", parser, words, streams);
  if (read === undefined) return EX.OK;
  const { options } = read;
  const [word, ...files] = read.words;
  if (word === undefined) throw usageError("story", "a queue id, an address or a Message-Id is wanted");
  if (!/^[1-9]\d{0,3}$/.test(options.last)) throw usageError("story", `--last "${options.last}" is no number`);
  const now = systemClock.now();
  const sources = sourcesOf([...(options.file ?? []), ...files], streams, now);
  const stories = await withLasting(sources, async (lasting) => {
    const { seeds, left } = await seedsOf(lasting, word, Number(options.last));
    if (left > 0)
      streams.errors.line(`rulemail log story: ${left} older ones are not shown: --last ${left + seeds.length}`);
    return collect(lasting, await kinOf(lasting, seeds));
  });
  if (stories.length === 0) {
    streams.errors.line(Buffer.from(`rulemail log story: the log knows nothing of ${word}`, "utf8").toString("latin1"));
    return NOTHING_FOUND;
  }
  if (options.raw) tellRaw(stories, streams);
  else if (options.json) for (const story of stories) streams.output.line(asciiJson(storyDocument(story)));
  else for (const line of storyLines(stories)) say(streams, line);
  return EX.OK;
}

function tellRaw(stories: readonly Story[], streams: CommandStreams): void {
  const lines = stories.flatMap(({ entries }) => entries.map(([entry]) => entry));
  for (const { line } of lines.toSorted((a, b) => a.origin.time - b.origin.time)) say(streams, line);
}

async function forEach(
  sources: readonly Source[],
  visit: (entry: LogEntry, facts: () => Facts) => void,
): Promise<void> {
  for (const source of sources) {
    for await (const entries of entriesOf(source))
      for (const entry of entries) visit(entry, () => readFacts(entry.text));
  }
}

const QUEUE_ID = /^(?=[A-Za-z]*\d)[0-9A-Za-z]{8,24}$/;

/** The messages that a word names, the youngest `most` of them. */
async function seedsOf(sources: readonly Source[], word: string, most: number) {
  if (QUEUE_ID.test(word)) return { seeds: [word], left: 0 };
  const wanted = Buffer.from(word.replace(/^<(.*)>$/s, "$1"), "utf8")
    .toString("latin1")
    .toLowerCase();
  const isMeant = (text: string | undefined): boolean => text?.replace(/^<(.*)>$/s, "$1").toLowerCase() === wanted;
  const seeds = new Set<string>();
  let left = 0;
  await forEach(sources, ({ id, text }, facts) => {
    // Most lines are about others, and need not be read.
    if (id === undefined || !text.toLowerCase().includes(wanted)) return;
    const read = facts();
    const isSeed =
      read.kind === "from"
        ? isMeant(read.from) || isMeant(read.msgid)
        : read.kind === "to"
          ? read.to.some(isMeant) || isMeant(read.ctladdr?.replace(/ \(.*$/, ""))
          : read.kind === "ruleset" && isMeant(read.arg1);
    if (!isSeed || seeds.has(id)) return;
    seeds.add(id);
    if (seeds.size <= most) return;
    const [oldest] = seeds;
    seeds.delete(oldest);
    left++;
  });
  return { seeds: [...seeds], left };
}

interface Kin {
  /** In the order in which they were found. */
  readonly ids: ReadonlySet<string>;
  /** Child → who begot it. */
  readonly parents: ReadonlyMap<string, { readonly id: string; readonly why: string }>;
}

/** Those that begot these messages, and those that they begot, and so on. */
async function kinOf(sources: readonly Source[], seeds: readonly string[]): Promise<Kin> {
  const ids = new Set(seeds);
  const parents = new Map<string, { id: string; why: string }>();
  for (let known = -1; known !== ids.size && ids.size < MOST_KIN;) {
    known = ids.size;
    await forEach(sources, (entry, facts) => {
      const link = linkOf(entry, facts);
      if (link === undefined || (!ids.has(link.parent) && !ids.has(link.child)) || ids.size >= MOST_KIN) return;
      ids.add(link.parent);
      ids.add(link.child);
      if (!parents.has(link.child) && link.parent !== link.child)
        parents.set(link.child, { id: link.parent, why: link.why });
    });
  }
  return { ids, parents };
}

function linkOf({ id, text }: LogEntry, facts: () => Facts) {
  if (id === undefined || text.startsWith("from=")) return undefined;
  if (text.startsWith("to=") && !text.includes("Message accepted for delivery")) return undefined;
  const read = facts();
  if (read.kind === "to") {
    const next = idAtNextHop(read);
    return next === undefined ? undefined : { parent: id, child: next, why: "handed on" };
  }
  if (read.kind !== "link") return undefined;
  return read.how === "origin"
    ? { parent: read.id, child: id, why: "taken over" }
    : { parent: id, child: read.id, why: read.text };
}

async function collect(sources: readonly Source[], { ids, parents }: Kin): Promise<Story[]> {
  const lines = new Map<string, { entries: (readonly [LogEntry, Facts])[]; leftOut: number }>();
  const messages = new Map<string, LoggedMessage>();
  const index = new MessageIndex((message) => void messages.set(message.id!, message), {
    recent: MOST_KIN,
    waiting: MOST_KIN,
  });
  await forEach(sources, (entry, facts) => {
    const { id } = entry;
    if (id === undefined || !ids.has(id)) return;
    const read = facts();
    index.add(entry, read);
    const own = lines.get(id) ?? { entries: [], leftOut: 0 };
    lines.set(id, own);
    if (own.entries.length < MOST_LINES) own.entries.push([entry, read]);
    else own.leftOut++;
  });
  index.end();
  return [...lines]
    .map(([id, own]) => {
      const parent = parents.get(id);
      const isTold = parent !== undefined && lines.has(parent.id);
      return { message: messages.get(id) ?? onlyWords(id, own.entries), ...own, ...(isTold && { parent }) };
    })
    .toSorted((a, b) => a.message.first - b.message.first);
}

/** A message of which the log has words alone. */
function onlyWords(id: string, entries: readonly (readonly [LogEntry, Facts])[]): LoggedMessage {
  const times = entries.map(([{ origin }]) => origin.time);
  return { ...newMessage(id, times[0]), last: times.at(-1)! };
}
