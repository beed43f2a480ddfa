/**
 * `rmail USER...`: mail that comes by UUCP. Its `From ` lines, one from each machine on the way, become one return path; the
 * rest is submitted as `sendmail -G` does.
 *
 *     From joe Mon Jan  1 00:00:00 2024 remote from b        →  -f b!c!ann  -p UUCP:b.UUCP
 *     >From ann Mon Jan  1 00:00:00 2024 remote from c
 */
import { EX } from "../sys/sysexits.ts";
import { readArguments } from "./arguments.ts";
import { caller } from "./caller.ts";
import { type CommandStreams, processStreams } from "./command-streams.ts";
import { inUtf8 } from "./given-words.ts";
import { readShortOptions } from "./short-options.ts";
import { submit } from "./submit.ts";

const USAGE = "usage: rmail [-T] [-D domain] user ...";
/** Octets of a `From ` line at most. */
const LONGEST = 2_048;

/** @param words the words after the program's name. Resolves with the exit status. */
export async function runRmail(
  words: readonly string[],
  streams: CommandStreams = processStreams(),
  send: typeof submit = submit,
): Promise<number> {
  const { errors } = streams;
  const say = (text: string): void => errors.line(text);
  try {
    const { options, operands, problem } = readShortOptions(words, "D:T", "rmail");
    if (problem !== undefined || operands.length === 0) {
      say(problem === undefined ? USAGE : `${problem}\n${USAGE}`);
      return EX.USAGE;
    }
    const dashed = operands.find((each) => each.startsWith("-"));
    if (dashed !== undefined) {
      say(`rmail: dash precedes argument: ${dashed}`);
      return EX.USAGE;
    }
    const input = new Lines(streams.input);
    const origin = await readOrigin(input);
    const given = sendmailWords(origin, options.get("D")?.at(-1) ?? "UUCP", operands);
    if (options.has("T")) say(traced(origin, given));
    const status = await send(readArguments("sendmail", given), {
      user: caller(),
      input: input.rest(),
      say: (text) => errors.print(text),
      complain: (text) => errors.print(text),
    });
    if (status !== EX.OK) say(`rmail: sendmail: terminated with ${status} (non-zero) status`);
    return status;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    say(`rmail: ${error.message}`);
    return EX.DATAERR;
  } finally {
    errors.flush();
  }
}

/** The input is not what UUCP hands over. */
class DataError extends Error {
  override readonly name = "DataError";
}

interface Origin {
  /** The machine that gave us the message. */
  readonly system?: string;
  /** All machines on the way, the last one first, each with its "!". */
  readonly path: string;
  readonly user: string;
}

/** Reads the lines `From ` and `>From ` at the beginning; what follows stays in the input. */
async function readOrigin(input: Lines): Promise<Origin> {
  let origin: Origin | undefined;
  for (;;) {
    const line = await input.line();
    const start = /^>?From /.exec(line)?.[0];
    if (start === undefined) {
      if (origin === undefined) throw new DataError(`missing or empty From line: ${line}`);
      input.putBack(line);
      return origin;
    }
    const text = line.slice(start.length);
    if (text === "") throw new DataError(`corrupted From line: ${line}`);
    origin = withLine(origin, text);
  }
}

function withLine(before: Origin | undefined, text: string): Origin {
  const blank = text.search(/[ \t]/);
  const user = blank < 0 ? text : text.slice(0, blank);
  const system = user === "" || blank < 0 ? undefined : /remote from (\S+)/.exec(text.slice(blank))?.[1];
  const first = before?.system ?? system;
  return {
    ...(first === undefined ? {} : { system: first }),
    path: (before?.path ?? "") + (system === undefined ? "" : `${system}!`),
    user: user === "" ? "<>" : user,
  };
}

function sendmailWords({ system, path, user }: Origin, domain: string, users: readonly string[]): readonly string[] {
  const protocol = system === undefined ? domain : `${domain}:${system}.${domain}`;
  // One argument is one address: what would be read as a list is put into brackets.
  const addresses = users.map((each) => (each.includes(",") && !each.startsWith("<") ? `<${each}>` : each));
  return ["-G", "-oee", "-odi", "-oi", `-p${inUtf8(protocol)}`, `-f${inUtf8(path + user)}`, ...addresses];
}

function traced({ system, path, user }: Origin, given: readonly string[]): string {
  const from = system === undefined ? [] : [`remote from: ${system}`, `from_sys: ${system}`];
  const lines = [...from, `from_path: ${path}`, `from_user: ${user}`, "Sendmail arguments:", "\tsendmail"];
  return [...lines, ...given.map((each) => `\t${each}`)].join("\n");
}

/** The beginning of an input line by line, the rest as it is. Text is octets (latin1). */
class Lines {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held = Buffer.alloc(0);

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#chunks = input[Symbol.asyncIterator]();
  }

  /** Without its line end. @throws DataError where the input ends, in the line or before it */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#held.indexOf(0x0a);
      if (end > LONGEST || (end < 0 && this.#held.length > LONGEST)) throw new DataError("line too long");
      if (end >= 0) {
        const line = this.#held.subarray(0, end).toString("latin1");
        this.#held = this.#held.subarray(end + 1);
        return line;
      }
      const { done, value } = await this.#chunks.next();
      if (done === true) throw new DataError(this.#held.length === 0 ? "no data" : "line too long");
      this.#held = Buffer.concat([this.#held, value]);
    }
  }

  putBack(line: string): void {
    this.#held = Buffer.concat([Buffer.from(`${line}\n`, "latin1"), this.#held]);
  }

  async *rest(): AsyncGenerator<Buffer> {
    if (this.#held.length > 0) yield this.#held;
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return;
      yield Buffer.from(value);
    }
  }
}
