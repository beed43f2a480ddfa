/** Submission while no server runs: the message is left in the client queue, durable, until the server collects it. */
import { accessSync, constants, statSync } from "node:fs";
import type { SubmissionFacts } from "../control/protocol.ts";
import type { Recipient } from "../envelope/recipient.ts";
import { type ClientWishes, wishesAsMacros } from "../queue/client-wishes.ts";
import { CLIENT_FOLDER_MODE, ClientQueue, makeClientFolder } from "../queue/client-queue.ts";
import type { QueueDraft } from "../queue/draft.ts";
import { QueueUnavailableError } from "../queue/queue.ts";
import { type Home, homeFolder, makeHome } from "../daemon/home.ts";
import { submittedFields } from "../reception/submission-header.ts";
import { headerRecipients } from "../reception/submission-recipients.ts";
import { Collector } from "../envelope/collect.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { HeaderField } from "../mail/header.ts";
import { splitRecipients } from "../mail/recipient-list.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";

/** `sendmail` without a server: says what is wrong, or nothing. */
export async function leaveInClientQueue(facts: SubmissionFacts, message: AsyncIterable<Buffer>): Promise<ExitCode> {
  const outcome = await leave(facts, message);
  if (outcome.kind === "left") return EX.OK;
  process.stderr.write(`${outcome.problem}\n`);
  return outcome.kind === "nobody" ? EX.USAGE : EX.TEMPFAIL;
}

/**
 * Leaves a message for the server; returns its queue id, undefined when that cannot be.
 * @param again the server wants it later, for these recipients, and has said why
 */
export async function leaveMessage(
  facts: SubmissionFacts,
  message: Iterable<Buffer>,
  again?: { readonly later: readonly string[]; readonly deferred: string },
): Promise<string | undefined> {
  const outcome = await leave(facts, message, again);
  return outcome.kind === "left" ? outcome.id : undefined;
}

/** The name of -F, in the field that carries it to the server. */
function nameField({ fullName }: SubmissionFacts): readonly HeaderField[] {
  return fullName ? [{ name: "Full-Name", value: ` ${fullName.replace(/[\r\n]+/g, " ")}` }] : [];
}

/** Whom the words and the header name, each with what was said about it. */
function namedIn(
  facts: SubmissionFacts,
  fields: readonly HeaderField[],
  some: readonly string[] | undefined,
): readonly Recipient[] {
  const { recipients, each, fromHeader, notify, oldStyle = true, smtp } = facts;
  const todo = (given: string): Recipient => ({ given, state: "todo", notify });
  const wishes = new Map(recipients.map((given, index) => [given, each?.[index]]));
  if (some !== undefined) return some.map((given) => ({ ...todo(given), ...wishes.get(given) }));
  if (smtp) return recipients.map((given, index) => ({ ...todo(given), ...each?.[index] }));
  // Lists are taken apart once more, by the server, which knows whether blanks separate.
  const words = recipients.flatMap((word) => splitRecipients(word, oldStyle));
  return [...words, ...(fromHeader ? headerRecipients(fields, oldStyle) : [])].map(todo);
}

function delayed(recipient: Recipient, why: string): Recipient {
  const status = { action: "delayed", status: "4.3.2", text: `Deferred: ${why}`, at: Date.now() } as const;
  return { ...recipient, state: "deferred", status };
}

function nobodyIn({ fromHeader, recipients }: SubmissionFacts): string {
  return fromHeader && recipients.length === 0
    ? "No recipient addresses found in header"
    : "Recipient names must be specified";
}

function wishesOf(facts: SubmissionFacts): ClientWishes {
  const { noAliases, deliveryMode, hopCount, oldStyle, smtp, protocol, protocolHost } = facts;
  const mode = (["b", "q", "d"] as const).find((each) => each === deliveryMode);
  return { noAliases, deliveryMode: mode, hopCount, oldStyle, smtp, protocol, protocolHost };
}

export type Outcome =
  | { readonly kind: "left"; readonly id: string }
  | { readonly kind: "nobody" | "unavailable"; readonly problem: string };

/** For whom a message is left, and why. */
interface Leaving {
  /** Some of those that it is for; absent: whom the words and the header name. */
  readonly later?: readonly string[] | undefined;
  /** The server has seen it and wants it another time, not at once; what it said about them, for mailq. */
  readonly deferred?: string;
}

/** @param message header and body with CRLF lines */
async function leave(
  facts: SubmissionFacts,
  message: AsyncIterable<Buffer> | Iterable<Buffer>,
  leaving?: Leaving,
): Promise<Outcome> {
  const opened = MessageToLeave.open(facts);
  if ("kind" in opened) return opened;
  try {
    for await (const chunk of message) {
      const problem = await opened.write(chunk);
      if (problem !== undefined) return problem;
    }
  } catch (error) {
    opened.discard();
    throw error;
  }
  return opened.commit(leaving);
}

/** A message that may be left in the client queue: its body lies there once it is large, and nobody sees it before `commit`. */
export class MessageToLeave {
  readonly #facts: SubmissionFacts;
  readonly #home: Home;
  readonly #draft: QueueDraft;
  readonly #collector: Collector;

  private constructor(facts: SubmissionFacts, home: Home) {
    this.#facts = facts;
    this.#home = home;
    const draft = new ClientQueue(home.clientQueue).draft();
    this.#draft = draft;
    this.#collector = new Collector({ maxHeadersLength: 0, body: (chunk) => draft.write(chunk) });
  }

  static open(facts: SubmissionFacts): MessageToLeave | Outcome {
    const home = homeFolder();
    const unprepared = prepare(home);
    return unprepared === undefined ? new MessageToLeave(facts, home) : unavailableBecause(unprepared);
  }

  /** @returns why nothing can be left, for good */
  write(chunk: Buffer): Promise<Outcome | undefined> {
    return this.#try(async () => {
      await this.#collector.write(chunk);
      return undefined;
    });
  }

  async commit({ later, deferred }: Leaving = {}): Promise<Outcome> {
    const committed = this.#try(async () => {
      await this.#collector.finish();
      const all = namedIn(this.#facts, this.#collector.fields, later);
      const named = deferred === undefined ? all : all.map((each) => delayed(each, deferred));
      if (named.length === 0) {
        this.#draft.discard();
        return { kind: "nobody", problem: nobodyIn(this.#facts) };
      }
      await this.#draft.commit(this.#envelope(named, deferred !== undefined));
      return { kind: "left", id: this.#draft.id };
    });
    return (await committed)!;
  }

  discard(): void {
    this.#draft.discard();
  }

  #envelope(recipients: readonly Recipient[], isDeferred: boolean): Envelope {
    const { fields, bodySize, eightBit } = this.#collector;
    const { bodyType, smtputf8 = false, envid, ret, deliverBy, sender, user } = this.#facts;
    return {
      id: this.#draft.id,
      sender: sender ?? user,
      recipients,
      headers: submittedFields([...nameField(this.#facts), ...fields]),
      bodySize,
      eightBit,
      bodyType,
      smtputf8,
      envid,
      ret,
      deliverBy,
      arrived: Date.now(),
      macros: wishesAsMacros({ ...wishesOf(this.#facts), ...(isDeferred ? { isDeferred } : {}) }),
      isReport: false,
      messageClass: 0,
    };
  }

  async #try(work: () => Promise<Outcome | undefined>): Promise<Outcome | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#draft.discard();
      if (!(error instanceof QueueUnavailableError)) throw error;
      const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
      return unavailableBecause(code === "EACCES" ? whyClosed(this.#home) : error.message);
    }
  }
}

function unavailableBecause(reason: string): Outcome {
  return { kind: "unavailable", problem: `no server is running, and the message cannot be left for it: ${reason}` };
}

/** Before a server ever ran there is nothing yet: who may makes it. Returns what prevents it, and what to do. */
function prepare(home: Home): string | undefined {
  try {
    makeHome(home.folder);
    makeClientFolder(home.clientQueue);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "EACCES" || code === "EROFS" ? whyClosed(home) : message;
  }
}

/** Which folder keeps this user out, or is not there. */
function whyClosed({ folder, clientQueue }: Home): string {
  const user = `user ${process.getuid?.()}`;
  if (isFolder(clientQueue)) {
    return `${user} may not write to ${clientQueue} (as root: chmod ${CLIENT_FOLDER_MODE.toString(8)} ${clientQueue})`;
  }
  if (isFolder(folder) && !mayEnter(folder)) return `${user} may not enter ${folder} (as root: chmod 755 ${folder})`;
  return (
    `there is no ${isFolder(folder) ? clientQueue : folder}, because no server has run with this folder yet, and ${user} ` +
    `may not make it: start the server once, or send one message as root (RULEMAIL_HOME names another folder)`
  );
}

function mayEnter(folder: string): boolean {
  try {
    accessSync(folder, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** False also where we may not look. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
