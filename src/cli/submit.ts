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
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { readMessage } from "./read-message.ts";

export async function submit(args: SendmailArguments): Promise<ExitCode> {
  if (args.addresses.length === 0 && !args.fromHeaders) {
    process.stderr.write("Recipient names must be specified\n");
    return EX.USAGE;
  }
  const { submitSocket } = homeFolder();
  const input = readMessage(process.stdin, args.ignoreDots || ignoresDots(args));
  let client: Awaited<ReturnType<typeof connectControl>>;
  try {
    client = await connectControl(submitSocket);
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
    const { leaveInClientQueue } = await import("./client-submission.ts");
    return leaveInClientQueue(args, factsOf(args), input);
  }
  try {
    return report(await client.submit(factsOf(args), input), args.addresses);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return EX.TEMPFAIL;
  } finally {
    client.close();
  }
}

/** -oi and -O IgnoreDots. */
function ignoresDots({ settings }: SendmailArguments): boolean {
  return settings.some(({ kind, text }) => kind === "option" && /^(?:i(?:t|$)|\s*IgnoreDots(?:=\s*t|$))/i.test(text));
}

/** Login name of who calls. */
export function caller(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 0); // a uid without an account
  }
}

function factsOf(args: SendmailArguments): SubmissionFacts {
  return {
    user: caller(),
    ...(args.sender === undefined ? {} : { sender: senderAddress(args.sender) }),
    recipients: args.addresses,
    fromHeader: args.fromHeaders,
    fullName: args.fullName ?? process.env.NAME,
    bodyType: args.bodyType,
    smtputf8: args.smtpUtf8,
    notify: args.notify,
    ret: args.ret,
    envid: args.envelopeId,
  };
}

/** `-f '<>'` and `-f ''` both mean the null sender. */
function senderAddress(given: string): string {
  return given.replace(/^<(.*)>$/s, "$1");
}

function report(answer: SubmissionAnswer, given: readonly string[]): ExitCode {
  for (const { address, reply } of answer.refused ?? []) {
    process.stderr.write(`${address}... ${reply.lines.join(" ")}\n`);
  }
  if (answer.reply.code === 250) return exitOfRefused(answer.refused ?? []);
  if ((answer.refused ?? []).length === 0) process.stderr.write(`${answer.reply.lines.join("\n")}\n`);
  if (answer.reply.enhanced === "5.1.3" && given.length === 0) return EX.USAGE;
  return exitOf(answer.reply);
}

function exitOfRefused(refused: readonly { readonly reply: Reply }[]): ExitCode {
  return refused.length === 0 ? EX.OK : exitOf(refused[0].reply);
}

/** Exit codes that scripts know: 67 for an unknown user, 68 for an unknown host, 75 for "try again". */
function exitOf({ code, enhanced }: Reply): ExitCode {
  if (code < 500) return EX.TEMPFAIL;
  if (enhanced === "5.1.1") return EX.NOUSER;
  if (enhanced === "5.1.2") return EX.NOHOST;
  return enhanced?.startsWith("5.6") || enhanced?.startsWith("5.2") ? EX.DATAERR : EX.UNAVAILABLE;
}
