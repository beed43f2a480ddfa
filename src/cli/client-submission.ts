/** Submission while no server runs: the message is left in the client queue, durable, until the server collects it. */
import type { SubmissionFacts } from "../control/protocol.ts";
import { ClientQueue } from "../queue/client-queue.ts";
import { QueueUnavailableError } from "../queue/queue.ts";
import { homeFolder } from "../daemon/home.ts";
import { headerRecipients, bareAddress } from "../reception/local-submission.ts";
import { Collector } from "../envelope/collect.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { isField } from "../mail/header.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";

/** `sendmail` without a server: says what is wrong, or nothing. */
export async function leaveInClientQueue(
  args: SendmailArguments,
  facts: SubmissionFacts,
  message: AsyncIterable<Buffer>,
): Promise<ExitCode> {
  const outcome = await leave(facts, message);
  if (outcome.kind === "left") return EX.OK;
  process.stderr.write(`${outcome.problem}\n`);
  return outcome.kind === "nobody" && args.fromHeaders ? EX.USAGE : EX.TEMPFAIL;
}

/** Leaves a message for the server; returns its queue id, undefined when that cannot be. */
export async function leaveMessage(facts: SubmissionFacts, message: Iterable<Buffer>): Promise<string | undefined> {
  const outcome = await leave(facts, message);
  return outcome.kind === "left" ? outcome.id : undefined;
}

type Outcome =
  | { readonly kind: "left"; readonly id: string }
  | { readonly kind: "nobody" | "unavailable"; readonly problem: string };

/** @param message header and body with CRLF lines */
async function leave(facts: SubmissionFacts, message: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<Outcome> {
  const draft = new ClientQueue(homeFolder().clientQueue).draft();
  try {
    const collector = new Collector({ maxHeadersLength: 0, body: (chunk) => draft.write(chunk) });
    for await (const chunk of message) await collector.write(chunk);
    await collector.finish();
    const { fields, bodySize, eightBit } = collector;
    const { recipients, fromHeader, notify, bodyType, smtputf8 = false, envid, ret } = facts;
    const addresses = fromHeader ? headerRecipients(fields, recipients) : recipients.map(bareAddress);
    if (addresses.length === 0) {
      draft.discard();
      return { kind: "nobody", problem: "No recipient addresses found in header" };
    }
    const envelope: Envelope = {
      id: draft.id,
      sender: facts.sender ?? facts.user,
      recipients: addresses.map((given) => ({ given, state: "todo", notify })),
      headers: fields.filter((field) => !isField(field, "Bcc")),
      bodySize,
      eightBit,
      bodyType,
      smtputf8,
      envid,
      ret,
      arrived: Date.now(),
      macros: {},
      isReport: false,
      messageClass: 0,
    };
    await draft.commit(envelope);
    return { kind: "left", id: draft.id };
  } catch (error) {
    draft.discard();
    if (!(error instanceof QueueUnavailableError)) throw error;
    return {
      kind: "unavailable",
      problem: `no server is running, and the message cannot be left for it: ${error.message}`,
    };
  }
}
