/**
 * `sendmail user ...`, `sendmail -t`: hands one message to the server and says nothing until it is durable. Without a
 * server the message is left, just as durable, in the client queue.
 *
 * Called from cron and web pages for every mail they send: imports nothing that it does not need (decision D10).
 */
import type { SubmissionAnswer, SubmissionFacts } from "../control/protocol.ts";
import { ControlError, connectToSubmit, NoDaemonError } from "../control/client.ts";
import { homeFolder } from "../daemon/home.ts";
import { EX } from "../sys/sysexits.ts";
import { caller } from "./caller.ts";
import type { SendmailArguments } from "./arguments.ts";
import { answerAfterKeeping, deferredBy, KeptCopy, reasonOf } from "./kept-copy.ts";
import { readMessage } from "./read-message.ts";
import { octets } from "./given-words.ts";
import { standardInput } from "./standard-input.ts";
import { type Listener, report } from "./submission-answer.ts";
import type { TrafficLog } from "./traffic-log.ts";
import { givenOrigin, submissionOptions, type SubmissionOptions } from "./submission-options.ts";

/** Who calls, and where the message comes from. */
export interface Caller extends Listener {
  readonly user: string;
  /** NAME of the environment. */
  readonly fullName?: string;
  readonly input: AsyncIterable<Buffer>;
}

/** @returns the exit status */
export async function submit(args: SendmailArguments, by: Caller = thisProcess()): Promise<number> {
  const options = submissionOptions(args);
  if (args.addresses.length === 0 && !args.fromHeaders) {
    by.complain("Recipient names must be specified\n");
    return EX.USAGE;
  }
  if (options.problem !== undefined) {
    by.complain(`${options.problem}\n`);
    return EX.USAGE;
  }
  const { submitSocket } = homeFolder();
  const traffic = args.trafficLog === undefined ? undefined : await openTraffic(args.trafficLog);
  const message = readMessage(by.input, options.ignoreDots);
  const input = traffic?.passing(message) ?? message;
  const facts = factsOf(args, options, by);
  let client: Awaited<ReturnType<typeof connectToSubmit>>;
  try {
    client = await connectToSubmit(submitSocket);
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
    const { leaveInClientQueue } = await import("./client-submission.ts");
    return leaveInClientQueue(facts, input);
  }
  const copy = new KeptCopy(facts);
  try {
    const answer = await client.submit(facts, copy.through(input));
    for (const { via, dialogue = [] } of answer.told ?? []) {
      if (via !== undefined) traffic?.line("===", `CONNECT ${via}`);
      for (const line of dialogue) traffic?.dialogue(line);
    }
    return report(await keepForLater(answer, copy, by), by, options.verbose, facts.errorMode);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    by.complain(`${error.message}\n`);
    return EX.TEMPFAIL;
  } finally {
    copy.discard();
    client.close();
    traffic?.close();
  }
}

async function openTraffic(path: string): Promise<TrafficLog> {
  const { TrafficLog: Log } = await import("./traffic-log.ts");
  return new Log(path);
}

/** What the server wants another time goes to the client queue; where that cannot be, the caller hears that it is not kept. */
async function keepForLater(answer: SubmissionAnswer, copy: KeptCopy, by: Caller): Promise<SubmissionAnswer> {
  const later = deferredBy(answer);
  if (later === undefined) return answer;
  const outcome =
    later === "all"
      ? await copy.leave(undefined, reasonOf(answer))
      : await copy.leave(later, reasonOf(answer, later[0]));
  if (outcome.kind === "left") return answerAfterKeeping(answer);
  by.complain(`it is not kept for later: ${outcome.problem}\n`);
  return answer;
}

function thisProcess(): Caller {
  return {
    user: caller(),
    fullName: process.env.NAME,
    input: standardInput(),
    say: (text) => void process.stdout.write(text),
    complain: (text) => void process.stderr.write(text),
  };
}

function originOf(args: SendmailArguments): Pick<SubmissionFacts, "protocol" | "protocolHost"> {
  const { protocol, protocolHost } = givenOrigin(args);
  return {
    ...(protocol === undefined ? {} : { protocol: octets(protocol) }),
    ...(protocolHost === undefined ? {} : { protocolHost: octets(protocolHost) }),
  };
}

function factsOf(args: SendmailArguments, options: SubmissionOptions, by: Caller): SubmissionFacts {
  return {
    user: by.user,
    sender: args.sender === undefined ? undefined : octets(args.sender),
    recipients: args.addresses.map(octets),
    fromHeader: args.fromHeaders,
    fullName: octets(args.fullName || by.fullName || "") || undefined,
    bodyType: args.bodyType,
    smtputf8: args.smtpUtf8,
    notify: args.notify,
    ret: args.ret,
    envid: args.envelopeId,
    oldStyle: options.oldStyle,
    deliveryMode: options.deliveryMode,
    errorMode: options.errorMode,
    hopCount: args.hopCount,
    ...(args.noAliasing ? { noAliases: true } : {}),
    ...(options.verbose || args.trafficLog !== undefined ? { dialogue: true } : {}),
    ...originOf(args),
  };
}
