/**
 * `mail.local [-f FROM] USER...`: puts the message on standard input into mailboxes; `-l`: speaks LMTP there (lmtp.ts).
 *
 * As root it writes each mailbox with its user's ids, and makes a missing one in root's folder; as anybody else it does what
 * that user may. Exit status: 75 when one of the users can have the message later, 69 when one can never have it.
 */
import { hostname } from "node:os";
import type { TaskResult } from "../../rights/task.ts";
import { type Clock, systemClock } from "../../sys/clock.ts";
import { EX } from "../../sys/sysexits.ts";
import { octetsForTerminal } from "../../sys/terminal-text.ts";
import { caller } from "../caller.ts";
import { type CommandStreams, processStreams } from "../command-streams.ts";
import { octets } from "../given-words.ts";
import { readShortOptions, type ShortOptions } from "../short-options.ts";
import { speakLmtp } from "./lmtp.ts";
import { Mailboxes } from "./mailboxes.ts";
import { MailboxMessage } from "./message.ts";

const USAGE = "usage: mail.local [-7] [-b] [-d] [-D mbdb] [-l] [-f from|-r from] [-h filename] [-n] [-p path] user ...";

/** @param words the words after the program's name. Resolves with the exit status. */
export async function runMailLocal(
  words: readonly string[],
  streams: CommandStreams = processStreams(),
  clock: Clock = systemClock,
): Promise<number> {
  const { output, errors } = streams;
  const complain = (text: string): void => errors.line(octetsForTerminal(`mail.local: ${text}`));
  try {
    const read = readShortOptions(words, "7bdD:f:h:lnp:r:", "mail.local");
    const problem = problemOf(read);
    if (problem !== undefined) {
      for (const line of problem) errors.line(line);
      return EX.UNAVAILABLE;
    }
    const { options, operands } = read;
    const speaksLmtp = options.has("l");
    if (speaksLmtp && operands.length > 0) {
      output.line("421 Users should not be specified in command line if LMTP required");
      return EX.TEMPFAIL;
    }
    const mailboxes = openMailboxes(options, clock);
    if (typeof mailboxes === "string") {
      complain(mailboxes);
      return EX.UNAVAILABLE;
    }
    try {
      process.umask(0o077);
      if (speaksLmtp) {
        const features = { host: hostname(), eightBit: !options.has("7"), wholeAddress: options.has("n") };
        await speakLmtp(streams, mailboxes, features, clock);
        return EX.OK;
      }
      const sender = (options.get("f") ?? options.get("r"))?.[0] ?? caller();
      const message = new MailboxMessage(octets(sender), clock.now());
      for await (const chunk of streams.input) message.push(Buffer.from(chunk));
      message.end();
      return await deliverToAll(operands, message, mailboxes, complain);
    } catch (error) {
      // Nothing is known to be for ever.
      complain(error instanceof Error ? error.message : String(error));
      return EX.TEMPFAIL;
    } finally {
      mailboxes.close();
    }
  } finally {
    output.flush();
    errors.flush();
  }
}

/** Lines that say what is wrong with the words. */
function problemOf({ options, operands, problem }: ShortOptions): readonly string[] | undefined {
  if (problem !== undefined) return [problem, `mail.local: ${USAGE}`];
  const senders = (options.get("f")?.length ?? 0) + (options.get("r")?.length ?? 0);
  if (senders > 1) return ["mail.local: Multiple -f options", `mail.local: ${USAGE}`];
  return operands.length === 0 && !options.has("l") ? [`mail.local: ${USAGE}`] : undefined;
}

/** @returns what is wrong with -D */
function openMailboxes(options: ShortOptions["options"], clock: Clock): Mailboxes | string {
  const last = (letter: string): string | undefined => options.get(letter)?.at(-1);
  const [database, spool, inHome] = [last("D"), last("p"), last("h")];
  try {
    return new Mailboxes({
      ...(database === undefined ? {} : { database }),
      ...(spool === undefined ? {} : { spool }),
      ...(inHome === undefined ? {} : { inHome }),
      isQuotaFinal: options.has("b"),
      clock,
    });
  } catch {
    return `Can not open mailbox database ${database ?? ""}: Service unavailable`;
  }
}

async function deliverToAll(
  names: readonly string[],
  message: MailboxMessage,
  mailboxes: Mailboxes,
  complain: (text: string) => void,
): Promise<number> {
  const results: TaskResult[] = [];
  for (const name of names) {
    const user = await mailboxes.find(name);
    const result: TaskResult =
      user === undefined
        ? { kind: "never", status: "5.1.1", text: `${octets(name)}: User unknown` }
        : await mailboxes.deliver(user, message.octets);
    if (result.kind !== "done") complain(result.text);
    results.push(result);
  }
  message.octets.close();
  if (results.some(({ kind }) => kind === "later")) return EX.TEMPFAIL;
  return results.some(({ kind }) => kind === "never") ? EX.UNAVAILABLE : EX.OK;
}
