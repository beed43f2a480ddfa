/**
 * `sendmail user ...`, `sendmail -t`: hands one message to the server and says nothing until it is durable. Without a
 * server the message is left, just as durable, in the client queue.
 *
 * Called from cron and web pages for every mail they send: imports nothing that it does not need (decision D10).
 */
import { userInfo } from "node:os";
import type { SubmissionAnswer, SubmissionFacts } from "../control/protocol.ts";
import { ControlError, connectControl, NoDaemonError } from "../control/client.ts";
import { homeFolder } from "../daemon/home.ts";
import type { Reply } from "../mail/reply.ts";
import { EX } from "../sys/sysexits.ts";
import { octetsForTerminal } from "../sys/terminal-text.ts";
import type { SendmailArguments } from "./arguments.ts";
import { readMessage } from "./read-message.ts";
import { submissionOptions, type SubmissionOptions } from "./submission-options.ts";

/** Who calls, and where the message comes from. */
export interface Caller {
  readonly user: string;
  /** NAME of the environment. */
  readonly fullName?: string;
  readonly input: AsyncIterable<Buffer>;
  say(text: string): void;
  complain(text: string): void;
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
  const input = readMessage(by.input, options.ignoreDots);
  const facts = factsOf(args, options, by);
  let client: Awaited<ReturnType<typeof connectControl>>;
  try {
    client = await connectControl(submitSocket);
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
    const { leaveInClientQueue } = await import("./client-submission.ts");
    return leaveInClientQueue(args, facts, input);
  }
  try {
    return report(await client.submit(facts, input), args, facts, by);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    by.complain(`${error.message}\n`);
    return EX.TEMPFAIL;
  } finally {
    client.close();
  }
}

function thisProcess(): Caller {
  return {
    user: caller(),
    fullName: process.env.NAME,
    input: process.stdin,
    say: (text) => void process.stdout.write(text),
    complain: (text) => void process.stderr.write(text),
  };
}

/** Login name of who calls. */
export function caller(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 0); // a uid without an account
  }
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
  };
}

/** A word of the command line as the octets that it came in: messages and rulesets know octets only. */
function octets(word: string): string {
  return Buffer.from(word, "utf8").toString("latin1");
}

function report(
  answer: SubmissionAnswer,
  { verbose }: SendmailArguments,
  { errorMode = "p" }: SubmissionFacts,
  by: Caller,
): number {
  const { reply, refused = [], told = [] } = answer;
  if (verbose) for (const each of told) by.say(toldLines(each));
  // With -oem and its like the reasons go to the sender by mail, or nowhere.
  const silent = errorMode === "q" || (errorMode !== "p" && reply.code === 250);
  if (!silent) for (const { address, reply: why } of refused) by.complain(`${aboutAddress(address, why)}\n`);
  if (reply.code !== 250 && refused.length === 0) by.complain(`${reply.lines.join("\n")}\n`);
  if (reply.code === 250 && errorMode === "e") return EX.OK;
  const first = refused.map(({ reply: why }) => exitOf(why)).find((exit) => exit !== EX.OK);
  return first ?? answer.exit ?? (reply.code === 250 ? EX.OK : exitOf(reply));
}

function toldLines({ address, text, via }: NonNullable<SubmissionAnswer["told"]>[number]): string {
  const connecting = via === undefined ? "" : `${address}... Connecting to ${via}...\n`;
  return `${connecting}${address}... ${text}\n`;
}

const LONGEST_SHOWN = 255;

/** The address stands before reasons that are about it: replies 450, 550 and 553, and delays without a code. */
function aboutAddress(address: string, { code, lines, exit }: Reply): string {
  const text = lines.join(" ");
  // Complaints about endless addresses bring a short form of them along.
  const named =
    address.length <= LONGEST_SHOWN && (code === 553 || code % 100 === 50 || (code === 451 && exit === EX.TEMPFAIL));
  return visible(named && !text.startsWith(`${address}... `) ? `${address}... ${text}` : text);
}

/** Octets for a terminal. */
function visible(text: string): string {
  return Buffer.from(octetsForTerminal(text), "latin1").toString("utf8");
}

/**
 * Exit codes that scripts know: what the rule says (`$#error $@`), else 67 for an unknown user, 68 for an unknown host,
 * 64 for what is no address. What waits in the queue is no failure of the caller's.
 */
function exitOf({ code, enhanced = "", exit }: Reply): number {
  if (exit !== undefined) return exit === EX.TEMPFAIL && code < 500 ? EX.OK : exit;
  if (code < 500) return EX.TEMPFAIL;
  return EXITS.find(([start]) => enhanced.startsWith(start))?.[1] ?? EX.USAGE;
}

const EXITS: readonly (readonly [string, number])[] = [
  ["5.1.1", EX.NOUSER],
  ["5.1.2", EX.NOHOST],
  ["5.2", EX.DATAERR],
  ["5.6", EX.DATAERR],
  ["5.3.5", EX.SOFTWARE],
  ["5.0", EX.UNAVAILABLE],
];
