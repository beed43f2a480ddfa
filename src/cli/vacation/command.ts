/**
 * `vacation LOGIN`, in a `.forward` file: answers a message with ~/.vacation.msg, each sender once in an interval.
 *
 *     \joe, "|/usr/bin/vacation -a joseph joe"
 *
 * Who gets no answer: judgement.ts. Who had one: replies.ts. The answer is recorded before it is sent. Errors go to syslog,
 * with -d to standard error.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { ctimeDate } from "../../mail/date.ts";
import { findField, unfold } from "../../mail/header.ts";
import { becomeForGood } from "../../rights/identity.ts";
import { type Clock, systemClock } from "../../sys/clock.ts";
import { openMailboxDatabase } from "../../sys/mailbox-database.ts";
import { errorText } from "../../sys/safe-file.ts";
import { EX } from "../../sys/sysexits.ts";
import { octetsForTerminal } from "../../sys/terminal-text.ts";
import type { MailboxDatabase } from "../../sys/users.ts";
import { readArguments } from "../arguments.ts";
import { caller } from "../caller.ts";
import { type CommandStreams, linesOf, processStreams } from "../command-streams.ts";
import { inUtf8, octets } from "../given-words.ts";
import { readShortOptions, type ShortOptions } from "../short-options.ts";
import { submit } from "../submit.ts";
import { reasonAgainst } from "./judgement.ts";
import { readGivenMessage } from "./message.ts";
import { BusyError, listReplies, Replies } from "./replies.ts";

const USAGE =
  "usage: vacation [-a alias] [-C cfpath] [-d] [-f db] [-i] [-j] [-l] [-m msg] [-R returnaddr] [-r interval] [-s sender] [-t time] [-U] [-x] [-z] login";
/** Characters of a subject that are repeated. */
const LONGEST_SUBJECT = 200;
const WRITTEN = 40;

/** What is outside; replaced in tests. */
export interface Surroundings {
  readonly send: typeof submit;
  readonly users: MailboxDatabase;
  readonly clock: Clock;
  /** An error, where nobody sees standard error. */
  log(text: string): void;
}

/** @param words the words after the program's name. Resolves with the exit status. */
export async function runVacation(
  words: readonly string[],
  streams: CommandStreams = processStreams(),
  given: Partial<Surroundings> = {},
): Promise<number> {
  const clock = given.clock ?? systemClock;
  const around = { send: submit, users: openMailboxDatabase("pw", clock), clock, log: toSyslog, ...given };
  const read = readShortOptions(words, "a:C:df:iIjlm:R:r:s:t:Uxz", "vacation");
  const isSeen = read.options.has("d") || words.includes("-d");
  try {
    return await new Vacation(read, streams, around).run();
  } catch (error) {
    if (!(error instanceof VacationError)) throw error;
    if (isSeen) streams.errors.line(octetsForTerminal(error.message));
    else around.log(error.message);
    return error.status;
  } finally {
    streams.output.flush();
    streams.errors.flush();
  }
}

class VacationError extends Error {
  override readonly name = "VacationError";
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

class Vacation {
  readonly #read: ShortOptions;
  readonly #streams: CommandStreams;
  readonly #around: Surroundings;

  constructor(read: ShortOptions, streams: CommandStreams, around: Surroundings) {
    this.#read = read;
    this.#streams = streams;
    this.#around = around;
  }

  async run(): Promise<number> {
    const { options, operands, problem } = this.#read;
    const isNew = options.has("i") || options.has("I");
    const isAboutReplies = isNew || options.has("l") || options.has("x");
    // Without a login these are about the caller.
    if (problem !== undefined || (operands.length !== 1 && !isAboutReplies)) {
      throw new VacationError(`uid ${process.getuid?.() ?? 0}: ${USAGE}`, EX.USAGE);
    }
    const login = operands.length === 1 ? operands[0] : caller();
    const place = await this.#placeOf(login);
    const database = place(this.#last("f") ?? ".vacation");
    if (options.has("l") && !isNew) this.#list(database);
    else if (isNew || options.has("x")) await this.#prepare(database, isNew);
    else await this.#answer(login, place, database);
    return EX.OK;
  }

  #last(letter: string): string | undefined {
    return this.#read.options.get(letter)?.at(-1);
  }

  #octets(letter: string): string | undefined {
    const value = this.#last(letter);
    return value === undefined ? undefined : octets(value);
  }

  /** Where files are that are named without a folder: the home of the user, with whose rights they are used. */
  async #placeOf(login: string): Promise<(name: string) => string> {
    const { options } = this.#read;
    if (options.has("U")) {
      if (options.has("f") && options.has("m")) return (name) => name;
      throw new VacationError("vacation: -U requires setting both -f and -m", EX.NOINPUT);
    }
    const user = await this.#around.users.find(login);
    if (user === undefined) throw new VacationError(`vacation: no such user ${login}.`, EX.NOUSER);
    // Root has no business in a home where somebody else makes the files.
    if (process.getuid?.() === 0 && user.uid !== 0) becomeForGood({ user: login, uid: user.uid, gid: user.gid });
    return (name) => (isAbsolute(name) ? name : join(user.home, name));
  }

  #list(database: string): void {
    const { output } = this.#streams;
    try {
      for (const [address, second] of listReplies(database)) {
        const when = second === undefined ? "(exclusion)" : ctimeDate(second * 1000);
        output.line(`${octetsForTerminal(address).padEnd(WRITTEN)} ${when}`);
      }
    } catch (error) {
      throw this.#databaseError(error);
    }
  }

  /** -i, -x, and -r with them. */
  async #prepare(database: string, isNew: boolean): Promise<void> {
    const excluded: string[] = [];
    if (this.#read.options.has("x")) {
      for await (const line of linesOf(this.#streams.input)) if (line.trim() !== "") excluded.push(line.trim());
    }
    await this.#change(database, isNew, (replies) => {
      this.#setInterval(replies);
      for (const each of excluded) replies.exclude(each);
      return true;
    });
  }

  #setInterval(replies: Replies): boolean {
    const days = this.#last("r");
    if (days !== undefined) replies.setInterval(days);
    return days !== undefined;
  }

  async #answer(login: string, place: (name: string) => string, database: string): Promise<void> {
    const { options } = this.#read;
    const { isEmpty, sender, fields } = await readGivenMessage(this.#streams.input);
    if (isEmpty) return;
    const from = this.#octets("s") ?? sender;
    if (from === undefined) throw new VacationError('vacation: no initial "From " line.', EX.DATAERR);
    const text = this.#message(login, place);
    const names = [login, ...(options.get("a") ?? []).map(octets)];
    const reason = reasonAgainst({ sender: from, fields, names, anyRecipient: options.has("j") });
    const second = Math.floor(this.#around.clock.now() / 1000);
    if (reason !== undefined && !options.has("r")) return;
    const mayAnswer = await this.#change(database, false, (replies) => {
      const isSet = this.#setInterval(replies);
      if (reason !== undefined || !replies.mayAnswer(from, second)) return isSet ? "no answer" : false;
      replies.answered(from, second);
      return true;
    });
    if (!mayAnswer) return;
    const subject = unfold(findField(fields, "Subject")?.value ?? "");
    await this.#send(
      login,
      from,
      text.replaceAll("$SUBJECT", () => oneLine(subject)),
    );
  }

  /** The text of the answer, header and all; octets as latin1. */
  #message(login: string, place: (name: string) => string): string {
    const name = this.#last("m") ?? ".vacation.msg";
    try {
      return readFileSync(place(name), "latin1");
    } catch {
      const shown = isAbsolute(name) || this.#read.options.has("U") ? name : `~${login}/${name}`;
      throw new VacationError(`vacation: no ${shown} file.`, EX.NOINPUT);
    }
  }

  /**
   * Changes the database under its lock.
   * @param change whether there is something to save, and (true) whether to answer
   */
  async #change(
    database: string,
    isNew: boolean,
    change: (replies: Replies) => boolean | "no answer",
  ): Promise<boolean> {
    const second = Math.floor(this.#around.clock.now() / 1000);
    try {
      const replies = await Replies.open(database, isNew);
      try {
        const wanted = change(replies);
        if (wanted !== false) replies.save(second);
        return wanted === true;
      } finally {
        replies.close();
      }
    } catch (error) {
      throw this.#databaseError(error);
    }
  }

  #databaseError(error: unknown): VacationError {
    const name = this.#last("f") ?? ".vacation";
    const status = error instanceof BusyError ? EX.TEMPFAIL : EX.DATAERR;
    return new VacationError(`vacation: ${name}: ${errorText(error)}`, status);
  }

  /** What becomes of the answer is no reason to return the message: it has come to its user. */
  async #send(login: string, to: string, text: string): Promise<void> {
    const { options } = this.#read;
    const sender = options.has("z") ? "<>" : (this.#last("R") ?? login);
    // One address, whatever is in it.
    const recipient = to.includes(",") && !to.startsWith("<") ? `<${to}>` : to;
    const head = `To: ${to}\nAuto-Submitted: auto-replied\n`;
    const { errors } = this.#streams;
    const tell = (said: string): void => {
      if (options.has("d")) errors.print(octetsForTerminal(said));
    };
    try {
      await this.#around.send(readArguments("sendmail", ["-oi", "-f", sender, "--", inUtf8(recipient)]), {
        user: caller(),
        input: octetsOf(head + text),
        say: tell,
        complain: tell,
      });
    } catch (error) {
      const reason = `vacation: the answer to ${to} was not sent: ${error instanceof Error ? error.message : String(error)}`;
      if (options.has("d")) tell(`${reason}\n`);
      else this.#around.log(reason);
    }
  }
}

async function* octetsOf(text: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(text, "latin1"));
}

function oneLine(subject: string): string {
  return subject
    .replace(/[\0-\x1f\x7f]+/g, " ")
    .trim()
    .slice(0, LONGEST_SUBJECT);
}

function toSyslog(text: string): void {
  spawnSync("logger", ["-i", "-p", "mail.err", "-t", "vacation", "--", text], { stdio: "ignore", timeout: 5_000 });
}
