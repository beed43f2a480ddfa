/** `rulemail log follow`: lines as they are written, or messages as they end. */
import { type LoggedMessage, hasEnded, MessageIndex } from "../../log/message-index.ts";
import { EntryReader, type LogEntry } from "../../log/read-entry.ts";
import { readFacts } from "../../log/read-facts.ts";
import { type Clock, systemClock } from "../../sys/clock.ts";
import { errorText } from "../../sys/safe-file.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { CommandStreams } from "../command-streams.ts";
import { CommandError } from "../database-target.ts";
import { isReaderGone } from "../output.ts";
import { type Conditions, conditionsOf, matches, withConditions } from "./conditions.ts";
import { parsed, parserOf, say, usageError } from "./command.ts";
import { LogTail } from "./log-tail.ts";
import { documentOf, lineOf } from "./message-text.ts";
import { entriesOf, ownLog, sourcesOf } from "./sources.ts";

/** How often the file is looked at. */
const POLL_MS = 250;

/** What may end it besides its reader; tests turn the clock. */
export interface Following {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/** @returns 0 when its input or its reader ends; 64; 66 */
export async function runLogFollow(
  words: readonly string[],
  streams: CommandStreams,
  following: Following = { clock: systemClock },
): Promise<number> {
  const usage =
    "[conditions] [FILE | -]\nLines as they are written, also after the log was rotated; of messages that match.";
  const parser = withConditions(parserOf("follow", usage))
    .option("stories", { type: "boolean", default: false, describe: "one line for each message, when it ends" })
    .example("rulemail log follow --to @example.org", "lines about mail to example.org")
    .example("rulemail log follow --stories --status bounced", "each message that bounces")
    .epilogue("Ends with its reader or by a signal. Status 0; 64: bad words; 66: the log cannot be read.");
  const read = await parsed("follow", parser, words, streams);
  if (read === undefined) return EX.OK;
  const files = [...(read.options.file ?? []), ...read.words];
  if (files.length > 1) throw usageError("follow", "one log can be followed");
  const [path = ownLog()] = files;
  const { clock } = following;
  const watch = new Watch(streams, conditionsOf(read.options, clock.now()), read.options);
  if (path === "-") {
    const [source] = sourcesOf(["-"], streams, clock.now());
    for await (const entries of entriesOf(source)) {
      for (const entry of entries) watch.see(entry);
      streams.output.flush();
    }
    watch.end();
    return EX.OK;
  }
  return followFile(path, watch, streams, following);
}

async function followFile(path: string, watch: Watch, streams: CommandStreams, following: Following): Promise<number> {
  const { clock, signal } = following;
  const reader = new EntryReader(() => clock.now());
  const failed = (error: unknown): CommandError =>
    new CommandError(`rulemail log: ${path}: ${errorText(error)}`, EX.NOINPUT);
  let tail: LogTail;
  try {
    tail = new LogTail(path);
  } catch (error) {
    throw failed(error);
  }
  // Held by hand: timers of the clock keep no process alive.
  const alive = setInterval(() => undefined, 1 << 30);
  try {
    for (;;) {
      if (signal?.aborted === true) return EX.OK;
      for (const line of tail.poll()) {
        const entry = reader.read(line);
        if (entry !== undefined) watch.see(entry);
      }
      streams.output.flush();
      await new Promise<void>((resolve) => clock.after(POLL_MS, resolve));
    }
  } catch (error) {
    if (isReaderGone(error)) return EX.OK;
    throw (error as NodeJS.ErrnoException).code === undefined ? error : failed(error);
  } finally {
    clearInterval(alive);
    tail.close();
  }
}

/** What is shown of the lines that come. */
class Watch {
  readonly #streams: CommandStreams;
  readonly #conditions: Conditions;
  readonly #options: { readonly stories: boolean; readonly json: boolean };
  readonly #index = new MessageIndex((message) => this.#ended(message));

  constructor(streams: CommandStreams, conditions: Conditions, options: { stories: boolean; json: boolean }) {
    this.#streams = streams;
    this.#conditions = conditions;
    this.#options = options;
  }

  see(entry: LogEntry): void {
    const facts = readFacts(entry.text);
    const message = this.#index.add(entry, facts);
    if (this.#options.stories) {
      if (message !== undefined && hasEnded(message)) this.#index.finish(message);
      return;
    }
    if (this.#isMeant(entry, message)) this.#show(entry, facts);
  }

  end(): void {
    this.#index.end();
  }

  /** Without conditions all lines are; lines about no message match by their time alone. */
  #isMeant({ origin: { time } }: LogEntry, message: LoggedMessage | undefined): boolean {
    const { since, until, ...others } = this.#conditions;
    if (time < since || time > until) return false;
    if (Object.keys(others).length === 0) return true;
    return message !== undefined && matches(message, this.#conditions);
  }

  #show({ origin, id, text, line }: LogEntry, facts: ReturnType<typeof readFacts>): void {
    if (!this.#options.json) {
      say(this.#streams, line);
      return;
    }
    const { time, ...where } = origin;
    this.#streams.output.line(
      asciiJson({ time: new Date(time).toISOString(), ...where, id: id ?? null, text, ...facts }),
    );
  }

  #ended(message: LoggedMessage): void {
    if (!this.#options.stories || !matches(message, this.#conditions)) return;
    if (this.#options.json) this.#streams.output.line(asciiJson(documentOf(message)));
    else say(this.#streams, lineOf(message));
  }
}
