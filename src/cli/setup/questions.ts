/** The two questions of setup. Without an answer, and with --yes, the answer in brackets counts. */
import { CommandError } from "../database-target.ts";
import { type CommandStreams, linesOf } from "../command-streams.ts";
import { EX } from "../../sys/sysexits.ts";
import type { Users } from "./wishes.ts";

const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/i;
const USER = /^[a-z_][a-z0-9_.-]{0,31}$/;

export function isHost(text: string): boolean {
  return HOST.test(text);
}

export function isUser(text: string): boolean {
  return USER.test(text);
}

export class Questions {
  readonly #streams: CommandStreams;
  readonly #lines: AsyncIterator<string> | undefined;

  /** @param asks false: nothing is asked */
  constructor(streams: CommandStreams, asks: boolean) {
    this.#streams = streams;
    this.#lines = asks ? linesOf(streams.input)[Symbol.asyncIterator]() : undefined;
  }

  async host(usual: string): Promise<string> {
    return this.#ask(`The whole name of this host, as DNS knows it [${usual}]: `, usual, (text) =>
      isHost(text) ? text.toLowerCase() : `"${text}" is no host name with a domain`,
    );
  }

  /** @param usual accounts, or the name of the first user */
  async users(usual: Users): Promise<Users> {
    const shown = usual.kind === "accounts" ? "accounts" : usual.first;
    const question = `Mailboxes: "accounts" for those of this machine, or the name of a first user of our own [${shown}]: `;
    const text = await this.#ask(question, shown, (answer) =>
      isUser(answer) ? answer : `"${answer}" is no name of a user`,
    );
    return text === "accounts" ? { kind: "accounts" } : { kind: "file", first: text };
  }

  /** Until the answer is one. @param read the answer as it counts, or what is wrong with it */
  async #ask(question: string, usual: string, read: (text: string) => string): Promise<string> {
    if (this.#lines === undefined) return usual;
    const { output } = this.#streams;
    for (;;) {
      output.print(question);
      output.flush();
      const { value, done } = await this.#lines.next();
      const text = done === true ? "" : value.trim();
      if (text === "") return usual;
      const answer = read(text);
      if (!answer.startsWith('"')) return answer;
      output.line(answer);
    }
  }

  async close(): Promise<void> {
    await this.#lines?.return?.();
  }
}

/** @throws CommandError */
export function wrongWord(text: string): never {
  throw new CommandError(`rulemail setup: ${text}; see rulemail setup --help`, EX.USAGE);
}
