/**
 * Submission from this machine: `sendmail user ...`, `sendmail -t`. The same way in as for SMTP; what differs is that
 * recipients may stand in the header, that Bcc: is taken out, and that the caller hears at once which recipients are bad.
 */
import type { Config } from "../config/config.ts";
import type { Notify, Recipient } from "../envelope/recipient.ts";
import { addressSpans } from "../mail/address-list.ts";
import { withoutComments } from "../mail/comments.ts";
import { findField, type HeaderField, parseHeader, unfold } from "../mail/header.ts";
import { type Reply, reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import { type LocalNames, refusalOf } from "../routing/local-user.ts";
import { QueueUnavailableError } from "../queue/queue.ts";
import type { Site } from "../site/site.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { IncomingMessage, Intake } from "./intake.ts";
import { Transaction } from "./transaction.ts";

/** What the command line says. */
export interface Submission {
  /** Login name of the caller. */
  readonly user: string;
  /** -f; absent: the caller. "" is the null sender. */
  readonly sender?: string;
  readonly fullName?: string;
  /** Recipients of the command line; with -t those that are left out. */
  readonly recipients: readonly string[];
  /** -t. */
  readonly fromHeader: boolean;
  readonly notify?: readonly Notify[];
  readonly ret?: "FULL" | "HDRS";
  readonly envid?: string;
  readonly bodyType?: "7BIT" | "8BITMIME";
  readonly smtputf8?: boolean;
  /** Nobody waits for the answer: bad recipients are taken, and come back to the sender as a report. */
  readonly returnByMail?: boolean;
}

export interface SubmissionResult {
  /** 250 with the queue id, or why nothing was taken. */
  readonly reply: Reply;
  readonly id?: string;
  /** Recipients that cannot be; the message goes to the others. */
  readonly refused: readonly { readonly address: string; readonly reply: Reply }[];
}

export interface SubmissionEnvironment {
  readonly site: Site;
  readonly intake: Intake;
}

const NO_RECIPIENTS = reply(553, "5.1.3", "Recipient names must be specified");

/** Header octets that are read before the recipients must be known. */
const LONGEST_HEADER = 4 * 1024 * 1024;

/** A message being submitted: octets with CRLF lines, then the answer. */
export class LocalSubmission {
  readonly #environment: SubmissionEnvironment;
  readonly #submission: Submission;
  /** Octets until the header is complete; undefined afterwards. */
  #header: Buffer | undefined = Buffer.alloc(0);
  #message: IncomingMessage | undefined;
  #refused: SubmissionResult["refused"] = [];
  #answer: Reply | undefined;

  constructor(environment: SubmissionEnvironment, submission: Submission) {
    this.#environment = environment;
    this.#submission = submission;
  }

  write(octets: Buffer): MaybePromise<void> {
    if (this.#answer !== undefined) return undefined;
    if (this.#message !== undefined) return this.#message.write(octets);
    const header = Buffer.concat([this.#header ?? Buffer.alloc(0), octets]);
    this.#header = header;
    const complete = header.indexOf("\r\n\r\n") >= 0 || header.subarray(0, 2).equals(CRLF);
    return complete || header.length > LONGEST_HEADER ? this.#begin(header) : undefined;
  }

  async finish(): Promise<SubmissionResult> {
    if (this.#header !== undefined && this.#answer === undefined) await this.#begin(this.#header);
    const answer = this.#answer ?? (await this.#message?.finish()) ?? NO_RECIPIENTS;
    return { reply: answer, refused: this.#refused, ...(this.#message === undefined ? {} : { id: this.#message.id }) };
  }

  abort(): void {
    this.#message?.abort();
  }

  async #begin(start: Buffer): Promise<void> {
    this.#header = undefined;
    const { site, intake } = this.#environment;
    const submission = this.#submission;
    const sender = submission.sender ?? submission.user;
    const addresses = submission.fromHeader
      ? headerRecipients(headerOf(start), submission.recipients)
      : submission.recipients;
    const scope = submissionScope(site.config, submission, sender);
    const { accepted, refused } = await resolveAll(site, addresses, submission, scope);
    this.#refused = refused;
    if (accepted.length === 0) {
      this.#answer = refused[0]?.reply ?? NO_RECIPIENTS;
      return;
    }
    const { bodyType, smtputf8 = false, envid, ret, user, fullName } = submission;
    const announced = {
      sender,
      bodyType,
      smtputf8,
      envid,
      ret,
      isReport: false,
      submission: { fullName, removeBcc: true },
    };
    const session = Transaction.ofSession(site, { relay: `${user}@localhost` }, scope);
    const transaction = session.message(announced);
    transaction.recipients.push(...accepted);
    try {
      this.#message = await intake.begin(transaction);
    } catch (error) {
      if (!(error instanceof QueueUnavailableError)) throw error;
      this.#answer = reply(452, "4.3.1", `Queue not available: ${error.message}`);
      return;
    }
    await this.#message.write(withWarning(site.config, submission, sender, start));
  }
}

const CRLF = Buffer.from("\r\n");

function headerOf(message: Buffer): readonly HeaderField[] {
  const end = message.indexOf("\r\n\r\n");
  return parseHeader(message.toString("latin1", 0, end < 0 ? message.length : end + 2)).fields;
}

/** -t: To, Cc and Bcc, or their Resent- forms when the message is resent; without what the command line names. */
export function headerRecipients(fields: readonly HeaderField[], without: readonly string[]): string[] {
  const resent = fields.some(({ name }) => /^resent-(?:to|cc|bcc)$/i.test(name));
  const wanted = resent ? /^resent-(?:to|cc|bcc)$/i : /^(?:to|cc|bcc)$/i;
  const excluded = new Set(without.map((each) => bareAddress(each).toLowerCase()));
  const found = fields
    .filter(({ name }) => wanted.test(name))
    .flatMap(({ value }) => addressSpans(value).map(({ start, end }) => bareAddress(unfold(value.slice(start, end)))));
  return [...new Set(found)].filter((address) => address !== "" && !excluded.has(address.toLowerCase()));
}

/** The address without its phrase and comments. */
export function bareAddress(text: string): string {
  const angle = /<([^<>]*)>[^<>]*$/.exec(text);
  if (angle) return angle[1].trim();
  return withoutComments(text);
}

function submissionScope(config: Config, submission: Submission, sender: string): MacroScope {
  return config.macros.child([
    ["_", `${submission.user}@localhost`],
    ["s", undefined],
    ["r", undefined],
    ["f", sender],
    ["x", submission.fullName],
    ["client_name", "localhost"],
    ["client_addr", "127.0.0.1"],
    ["client_resolve", "OK"],
    ["daemon_flags", "c u"],
  ]);
}

async function resolveAll(
  names: LocalNames,
  addresses: readonly string[],
  { notify, returnByMail }: Submission,
  scope: MacroScope,
): Promise<{ accepted: Recipient[]; refused: { address: string; reply: Reply }[] }> {
  const accepted: Recipient[] = [];
  const refused: { address: string; reply: Reply }[] = [];
  for (const address of addresses) {
    if (returnByMail) {
      accepted.push({ given: bareAddress(address), state: "todo", notify });
      continue;
    }
    const resolution = await names.router.resolve(address, scope);
    if (resolution.kind === "discard") continue;
    if (resolution.kind === "triple") {
      const refusal = await refusalOf(names, resolution.triple, scope);
      // Only "never" is said here; what cannot be told now waits in the queue.
      if (refusal === undefined || refusal.code < 500) {
        accepted.push({ given: bareAddress(address), resolved: resolution.triple, state: "todo", notify });
      } else refused.push({ address, reply: refusal });
    } else if (resolution.kind === "tempfail") {
      accepted.push({ given: bareAddress(address), state: "todo", notify });
    } else refused.push({ address, reply: resolution.reply });
  }
  return { accepted, refused };
}

/** PrivacyOptions authwarnings: says so when somebody sets another sender who is not trusted to (class t). */
function withWarning(config: Config, submission: Submission, sender: string, message: Buffer): Buffer {
  const { user } = submission;
  const warns = /authwarnings/i.test(config.options.text("PrivacyOptions"));
  const own = sender === user || sender === "" || config.classWords("t").has(user);
  if (!warns || own || findField(headerOf(message), "X-Authentication-Warning") !== undefined) return message;
  const host = macroValue("j", config.macros);
  const text = `X-Authentication-Warning: ${host}: ${user} set sender to ${sender.replace(/[\r\n]/g, " ")} using -f\r\n`;
  return Buffer.concat([Buffer.from(text, "latin1"), message]);
}
