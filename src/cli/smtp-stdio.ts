/**
 * `sendmail -bs`: SMTP on standard input and output. Rules are asked here; the messages go the way of all submissions,
 * to the running server, or to the client queue while there is none.
 */
import { connectToSubmit, NoDaemonError } from "../control/client.ts";
import type { SubmissionAnswer, SubmissionFacts } from "../control/protocol.ts";
import { homeFolder } from "../daemon/home.ts";
import type { IncomingMessage, Intake } from "../reception/intake.ts";
import { rulesetJudges } from "../reception/ruleset-judges.ts";
import type { Transaction } from "../reception/transaction.ts";
import { silentLog } from "../log/log.ts";
import { type Reply, reply } from "../mail/reply.ts";
import type { Site } from "../site/site.ts";
import { listServices } from "../routing/list-members.ts";
import { serveStdio, type StdioStreams } from "../smtpd/stdio.ts";
import { systemClock } from "../sys/clock.ts";
import type { SendmailArguments } from "./arguments.ts";
import { leaveMessage } from "./client-submission.ts";
import { caller } from "./caller.ts";
import { EX } from "../sys/sysexits.ts";
import { submissionOptions } from "./submission-options.ts";
import { openForCommand } from "./system.ts";

/** What the command line says about every message of the conversation. */
type Wishes = Pick<SubmissionFacts, "deliveryMode" | "hopCount" | "noAliases">;

/** @param streams of this process, when absent */
export async function speakSmtp(args: SendmailArguments, streams: StdioStreams = thisProcess()): Promise<number> {
  const opened = await openForCommand(args);
  if (typeof opened === "number") return opened;
  const options = submissionOptions(args);
  if (options.problem !== undefined) {
    process.stderr.write(`${options.problem}\n`);
    return EX.USAGE;
  }
  const wishes: Wishes = {
    deliveryMode: options.deliveryMode,
    hopCount: args.hopCount,
    ...(args.noAliasing ? { noAliases: true } : {}),
  };
  const exit = await serveStdio(
    {
      site: () => opened,
      intake: handingOver(opened, wishes),
      log: silentLog,
      clock: systemClock,
      identify: () => ({ name: "localhost", ptr: "localhost", resolve: "OK" }),
      judges: rulesetJudges,
      ...listServices(systemClock, () => opened.agents.files),
      storageProblem: () => undefined,
      startQueueRun: () => 0,
    },
    streams,
  );
  await opened.close();
  return exit;
}

function thisProcess(): StdioStreams {
  return { input: process.stdin, output: process.stdout, user: caller() };
}

/** An intake that passes messages on; what counts as durable is the other side's word. */
function handingOver({ config }: Site, wishes: Wishes): Intake {
  return { begin: (incoming) => new HandedOver(incoming, wishes, config.options.number("MaxMessageSize")) };
}

class HandedOver implements IncomingMessage {
  readonly id = "";
  readonly #facts: SubmissionFacts;
  readonly #limit: number;
  readonly #octets: Buffer[] = [];
  #size = 0;

  constructor({ announced, recipients }: Transaction, wishes: Wishes, limit: number) {
    const { sender, bodyType, smtputf8, ret, envid } = announced;
    this.#limit = limit;
    this.#facts = {
      ...wishes,
      user: caller(),
      sender,
      recipients: recipients.map(({ given }) => given),
      fromHeader: false,
      smtp: true,
      bodyType,
      smtputf8,
      each: recipients.map(({ notify, orcpt }) => ({
        ...(notify === undefined ? {} : { notify }),
        ...(orcpt === undefined ? {} : { orcpt }),
      })),
      ret,
      envid,
    };
  }

  write(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#limit === 0 || this.#size <= this.#limit) this.#octets.push(chunk);
  }

  async finish(): Promise<Reply> {
    if (this.#limit > 0 && this.#size > this.#limit) {
      return reply(552, "5.2.3", `Message exceeds maximum fixed size (${this.#limit})`);
    }
    try {
      return (await this.#submit()).reply;
    } catch (error) {
      if (!(error instanceof NoDaemonError)) return reply(451, "4.3.0", (error as Error).message);
    }
    const id = await leaveMessage(this.#facts, this.#octets);
    if (id === undefined) return reply(452, "4.3.1", "Queue not available; try again later");
    return reply(250, "2.0.0", `${id} Message accepted for delivery`);
  }

  abort(): void {
    this.#octets.length = 0;
  }

  async #submit(): Promise<SubmissionAnswer> {
    const client = await connectToSubmit(homeFolder().submitSocket);
    try {
      return await client.submit(this.#facts, this.#octets);
    } finally {
      client.close();
    }
  }
}
