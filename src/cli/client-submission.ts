/** Submission while no server runs: the message is left in the client queue, durable, until the server collects it. */
import { ClientQueue } from "../queue/client-queue.ts";
import { QueueUnavailableError } from "../queue/queue.ts";
import { homeFolder } from "../daemon/home.ts";
import { headerRecipients, bareAddress } from "../dispatch/local-submission.ts";
import { Collector } from "../envelope/collect.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { isField } from "../mail/header.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { senderAddress } from "./submit.ts";

export async function leaveInClientQueue(
  args: SendmailArguments,
  user: string,
  message: AsyncIterable<Buffer>,
): Promise<ExitCode> {
  const draft = new ClientQueue(homeFolder().clientQueue).draft();
  try {
    const collector = new Collector({ maxHeadersLength: 0, body: (chunk) => draft.write(chunk) });
    for await (const chunk of message) await collector.write(chunk);
    await collector.finish();
    const { fields, bodySize, eightBit } = collector;
    const addresses = args.fromHeaders ? headerRecipients(fields, args.addresses) : args.addresses.map(bareAddress);
    if (addresses.length === 0) {
      process.stderr.write("No recipient addresses found in header\n");
      draft.discard();
      return EX.USAGE;
    }
    const envelope: Envelope = {
      id: draft.id,
      sender: args.sender === undefined ? user : senderAddress(args.sender),
      recipients: addresses.map((given) => ({ given, state: "todo", notify: args.notify })),
      headers: fields.filter((field) => !isField(field, "Bcc")),
      bodySize,
      eightBit,
      bodyType: args.bodyType,
      smtputf8: args.smtpUtf8,
      envid: args.envelopeId,
      ret: args.ret,
      arrived: Date.now(),
      macros: {},
      isReport: false,
      messageClass: 0,
    };
    await draft.commit(envelope);
    return EX.OK;
  } catch (error) {
    draft.discard();
    if (!(error instanceof QueueUnavailableError)) throw error;
    process.stderr.write(`no server is running, and the message cannot be left for it: ${error.message}\n`);
    return EX.TEMPFAIL;
  }
}
