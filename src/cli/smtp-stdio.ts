/**
 * `sendmail -bs`: SMTP on standard input and output. Rules are asked here; the messages go the way of all submissions,
 * to the running server, or to the client queue while there is none.
 */
import { connectToSubmit, NoDaemonError } from "../control/client.ts";
import type { SubmissionAnswer, SubmissionFacts } from "../control/protocol.ts";
import { homeFolder } from "../daemon/home.ts";
import { serverUser } from "../daemon/server-user.ts";
import { becomeForGood } from "../rights/identity.ts";
import { SystemUsers } from "../sys/getent.ts";
import type { IncomingMessage, Intake } from "../reception/intake.ts";
import { rulesetJudges } from "../reception/ruleset-judges.ts";
import type { Transaction } from "../reception/transaction.ts";
import { silentLog } from "../log/log.ts";
import { type Reply, reply } from "../mail/reply.ts";
import type { Site } from "../site/site.ts";
import { listServices } from "../routing/list-members.ts";
import { ServerTls } from "../smtpd/server-tls.ts";
import { serveStdio, type StdioStreams } from "../smtpd/stdio.ts";
import { systemClock } from "../sys/clock.ts";
import type { SendmailArguments } from "./arguments.ts";
import { leaveMessage } from "./client-submission.ts";
import { deferredBy, reasonOf } from "./kept-copy.ts";
import { caller } from "./caller.ts";
import { EX } from "../sys/sysexits.ts";
import { submissionOptions } from "./submission-options.ts";
import { TrafficLog } from "./traffic-log.ts";
import { type CommandSurroundings, openForCommand, surroundings } from "./system.ts";

type Client = Awaited<ReturnType<typeof connectToSubmit>>;

/** What the command line says about every message of the conversation. */
type Wishes = Pick<SubmissionFacts, "deliveryMode" | "hopCount" | "noAliases">;

/** @param streams of this process, when absent */
export async function speakSmtp(args: SendmailArguments, streams: StdioStreams = thisProcess()): Promise<number> {
  const around = surroundings();
  const opened = await openForCommand(args, around);
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
  const traffic = args.trafficLog === undefined ? undefined : new TrafficLog(args.trafficLog);
  const line = new ServerLine();
  if (process.getuid?.() === 0) await giveUpRoot(opened, around, line);
  const exit = await serveStdio(
    {
      site: () => opened,
      intake: handingOver(opened, wishes, line),
      log: silentLog,
      clock: systemClock,
      tls: new ServerTls({ clock: systemClock, log: silentLog }),
      identify: () => ({ name: "localhost", ptr: "localhost", resolve: "OK" }),
      judges: rulesetJudges,
      ...listServices(systemClock, () => opened.agents.files),
      storageProblem: () => undefined,
      load: () => 0,
      startQueueRun: () => 0,
    },
    traffic === undefined ? streams : { ...streams, ...traffic.between(streams.input, streams.output) },
  );
  traffic?.close();
  line.close();
  await opened.close();
  return exit;
}

/**
 * As with the original, what root's `-bs` is told (by inetd's strangers, at worst) is read with the server's rights. Who calls is
 * root all the same: that is shown before.
 */
async function giveUpRoot({ config, users }: Site, { workers }: CommandSurroundings, line: ServerLine): Promise<void> {
  const user = await serverUser(config, new SystemUsers(systemClock), users);
  if (user.uid === 0) return;
  await line.open().catch(() => undefined);
  await workers.start();
  becomeForGood(user);
}

/** The connection to the server, kept from one message to the next. */
class ServerLine {
  /** Whoever called, before rights are given up. */
  readonly user = caller();
  #client: Client | undefined;

  /** @throws NoDaemonError */
  async open(): Promise<Client> {
    if (this.#client?.isOpen !== true) {
      this.close();
      this.#client = await connectToSubmit(homeFolder().submitSocket);
    }
    return this.#client;
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}

function thisProcess(): StdioStreams {
  return { input: process.stdin, output: process.stdout, user: caller() };
}

/** An intake that passes messages on; what counts as durable is the other side's word. */
function handingOver({ config }: Site, wishes: Wishes, line: ServerLine): Intake {
  return { begin: (incoming) => new HandedOver(incoming, wishes, line, config.options.number("MaxMessageSize")) };
}

class HandedOver implements IncomingMessage {
  readonly id = "";
  readonly #facts: SubmissionFacts;
  readonly #limit: number;
  readonly #octets: Buffer[] = [];
  readonly #line: ServerLine;
  #size = 0;

  constructor({ announced, recipients }: Transaction, wishes: Wishes, line: ServerLine, limit: number) {
    this.#line = line;
    const { sender, bodyType, smtputf8, ret, envid, deliverBy } = announced;
    this.#limit = limit;
    this.#facts = {
      ...wishes,
      user: line.user,
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
      deliverBy,
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
    let answer: SubmissionAnswer | undefined;
    try {
      answer = await this.#submit();
    } catch (error) {
      if (!(error instanceof NoDaemonError)) return reply(451, "4.3.0", (error as Error).message);
    }
    const later = answer === undefined ? [] : this.#again(answer);
    if (answer !== undefined && later.length === 0) return answer.reply;
    const again = answer && { later, deferred: reasonOf(answer, later[0]) };
    const id = await leaveMessage(this.#facts, this.#octets, again);
    if (answer?.reply.code === 250 && id !== undefined) return answer.reply;
    if (id === undefined) return reply(452, "4.3.1", "Queue not available; try again later");
    return reply(250, "2.0.0", `${id} Message accepted for delivery`);
  }

  /**
   * For whom the message is to be handed in once more: who is to come again; and when it was taken for the others, whom RCPT
   * had accepted and filters then refused, for these come back to the sender as a report.
   */
  #again(answer: SubmissionAnswer): readonly string[] {
    const { reply: said, refused = [], filtered = [] } = answer;
    const later = deferredBy(answer) ?? [];
    const named = later === "all" ? this.#facts.recipients : later;
    if (said.code >= 500) return [];
    const unwanted = new Set(filtered.map(({ address }) => address));
    return [...named, ...refused.map(({ address }) => address).filter((address) => unwanted.has(address))];
  }

  abort(): void {
    this.#octets.length = 0;
  }

  async #submit(): Promise<SubmissionAnswer> {
    const client = await this.#line.open();
    try {
      return await client.submit(this.#facts, this.#octets);
    } catch (error) {
      // What was said about this message is not what will be said about the next.
      this.#line.close();
      throw error;
    }
  }
}
