/**
 * Submission from this machine: `sendmail user ...`, `sendmail -t`. The same way in as for SMTP; what differs is that
 * recipients may stand in the header, that Bcc: is taken out, and that the caller hears at once which recipients are bad.
 */
import { directFlags } from "../config/daemon-ports.ts";
import { privacyOf } from "../config/policies.ts";
import type { Config } from "../config/config.ts";
import type { FirstAttempt } from "../envelope/local-facts.ts";
import type { Recipient, Triple } from "../envelope/recipient.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import { findField, type HeaderField, parseHeader } from "../mail/header.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { QueueUnavailableError } from "../queue/queue.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import { exitOfStatus } from "../envelope/exit-meaning.ts";
import { EX } from "../sys/sysexits.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { UserFiles } from "../routing/user-files.ts";
import type { Site } from "../site/site.ts";
import type { IncomingMessage, Intake } from "./intake.ts";
import type { SessionFilters } from "./session-filters.ts";
import { askAboutSubmission, givenOf, isLater } from "./submission-filters.ts";
import type { Problem, Submission, SubmissionResult, Told } from "./submission.ts";
import { namedAddresses, type RecipientNames, resolveRecipients } from "./submission-recipients.ts";
import { submissionSender } from "./submission-sender.ts";
import { Transaction } from "./transaction.ts";

export interface SubmissionEnvironment {
  readonly site: Site;
  /** Reads .forward files and lists with their users' rights. */
  readonly files: UserFiles;
  readonly intake: Intake;
  /** Mail filters of InputMailFilters; absent, or undefined: none are asked. */
  filters?(site: Site): SessionFilters | undefined;
}

const NO_RECIPIENTS = { ...reply(553, "5.1.3", "Recipient names must be specified"), exit: EX.USAGE };
const NONE_IN_HEADER = { ...reply(553, "5.1.3", "No recipient addresses found in header"), exit: EX.USAGE };

/** Lines of all conversations that the caller is shown at most, and characters of each. */
const MOST_LINES = 10_000;
const LONGEST_LINE = 512;

/** Header octets that are read before the recipients must be known. */
const LONGEST_HEADER = 4 * 1024 * 1024;

/** A message being submitted: octets with CRLF lines, then the answer. */
export class LocalSubmission {
  readonly #environment: SubmissionEnvironment;
  readonly #submission: Submission;
  /** Gives the site back; the message, once it is begun, holds it for itself. */
  readonly #release: () => void;
  /** Octets until the header is complete; undefined afterwards. */
  #header: Buffer | undefined = Buffer.alloc(0);
  #message: IncomingMessage | undefined;
  #filters: SessionFilters | undefined;
  #problems: readonly Problem[] = [];
  /** Who may be handed in again, and whom filters refused for good. */
  #later: readonly string[] = [];
  #filtered: readonly Problem[] = [];
  /** Who gets the message, before filters change that. */
  #meant: readonly string[] = [];
  readonly #told: Told[] = [];
  /** By the first recipient of each conversation. */
  readonly #dialogues = new Map<number, string[]>();
  #lines = 0;
  #exit: { readonly index: number; readonly exit: number } | undefined;
  #answer: Reply | undefined;
  #sender: string | undefined;

  constructor(environment: SubmissionEnvironment, submission: Submission) {
    this.#environment = environment;
    this.#submission = submission;
    this.#release = environment.site.use();
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
    try {
      return await this.#finish();
    } finally {
      this.#filters?.close();
      this.#release();
    }
  }

  async #finish(): Promise<SubmissionResult> {
    if (this.#header !== undefined && this.#answer === undefined) await this.#begin(this.#header);
    const answer = this.#answer ?? (await this.#end()) ?? NO_RECIPIENTS;
    const refused = this.#problems;
    const told = this.#told;
    const exit = this.#exit === undefined ? {} : { exit: this.#exit.exit };
    const sender = this.#sender === undefined ? {} : { sender: this.#sender };
    const id = this.#message === undefined ? {} : { id: this.#message.id };
    const later = this.#later.length === 0 ? {} : { later: this.#later };
    const filtered = this.#filtered.length === 0 ? {} : { filtered: this.#filtered };
    return { reply: answer, refused, told, ...exit, ...sender, ...id, ...later, ...filtered };
  }

  async #end(): Promise<Reply | undefined> {
    const answer = await this.#message?.finish();
    if (answer === undefined) return undefined;
    if (isLater(answer)) this.#later = [...this.#later, ...this.#meant];
    if (answer !== this.#filters?.refusal) return answer;
    if (answer.code >= 500) this.#filteredBy(answer, this.#meant);
    return { ...answer, exit: answer.code < 500 ? EX.TEMPFAIL : EX.UNAVAILABLE };
  }

  #filteredBy(why: Reply, addresses: readonly string[]): void {
    this.#filtered = [...this.#filtered, ...addresses.map((address) => ({ address, reply: why }))];
  }

  abort(): void {
    this.#message?.abort();
    this.#filters?.close();
    this.#release();
  }

  async #begin(start: Buffer): Promise<void> {
    this.#header = undefined;
    const { site, files, intake } = this.#environment;
    const submission = this.#submission;
    const { config } = site;
    const asked = submissionScope(config, submission, submission.sender ?? submission.user);
    const from = await submissionSender(site, submission, asked);
    if (from.kind === "refused") {
      this.#problems = [{ address: submission.sender ?? submission.user, reply: from.reply }];
      this.#answer = from.reply;
      return;
    }
    const sender = from.address;
    this.#sender = sender;
    const scope = asked.child([
      ["f", sender],
      ["x", from.fullName],
    ]);
    const addresses = namedAddresses(config, submission, headerOf(start));
    const list = await resolveRecipients(namesOf(site, files), addresses, submission, scope, Date.now());
    this.#problems = from.warning === undefined ? list.problems : [from.warning, ...list.problems];
    this.#told.push(...list.told);
    const recipients = [...list.accepted, ...this.#reported(list.problems, addresses)];
    if (recipients.length === 0) {
      this.#answer = list.problems[0]?.reply ?? nobody(submission, list.named);
      return;
    }
    const { bodyType, smtputf8 = false, envid, ret, deliverBy, noAliases } = submission;
    const local = {
      fullName: from.fullName,
      senderMailer: from.mailer,
      hops: submission.hopCount,
      noAliases,
      hold: submission.hold,
      firstAttempt: this.#firstAttempt(),
    };
    const announced = { sender, bodyType, smtputf8, envid, ret, deliverBy, isReport: false, submission: local };
    const whole = Transaction.ofSession(site, { relay: relayOf(submission) }, scope);
    const transaction = whole.message(announced);
    transaction.recipients.push(...recipients);
    try {
      if (!(await this.#passFilters(whole, transaction, from.mailer))) return;
      this.#meant = givenOf(transaction);
      this.#message = await intake.begin(transaction);
    } catch (error) {
      if (!(error instanceof QueueUnavailableError)) throw error;
      this.#later = [...this.#later, ...givenOf(transaction)];
      this.#answer = reply(452, "4.3.1", `Queue not available: ${error.message}`);
      return;
    }
    await this.#message.write(withWarning(config, submission, sender, start));
  }

  /** @returns false when they want nothing of it */
  async #passFilters(whole: Transaction, transaction: Transaction, mailer: string | undefined): Promise<boolean> {
    const { site, intake } = this.#environment;
    this.#filters = this.#environment.filters?.(site);
    if (this.#filters === undefined) return true;
    whole.useFilters(this.#filters);
    transaction.id = await intake.reserve?.();
    for (const [name, value] of [
      ["i", transaction.id],
      ["mail_mailer", mailer],
      ["mail_addr", transaction.announced.sender],
    ] as const) {
      transaction.scope.set(name, value);
    }
    const { refusal, problems, later } = await askAboutSubmission(whole, transaction);
    this.#problems = [...this.#problems, ...problems];
    this.#later = later;
    this.#filtered = problems.filter(({ reply: why }) => !isLater(why));
    if (refusal !== undefined && !isLater(refusal)) this.#filteredBy(refusal, givenOf(transaction));
    this.#answer = refusal ?? this.#waitForAll(problems);
    return this.#answer === undefined;
  }

  /** What nobody waits for comes whole, as long as it may still come: the file in the client queue is not for parts of it. */
  #waitForAll(problems: readonly Problem[]): Reply | undefined {
    const { returnByMail = false, isLastTry = false } = this.#submission;
    return returnByMail && !isLastTry ? problems.find(({ reply: why }) => isLater(why))?.reply : undefined;
  }

  /** With -oem, -oew and -oee bad recipients come back as a report: the queue finds them bad once more. */
  #reported(problems: readonly Problem[], addresses: readonly string[]): Recipient[] {
    if (!"mwe".includes(this.#submission.errorMode ?? "p")) return [];
    const named = new Set(addresses);
    return problems
      .filter(({ address, reply: { code } }) => named.has(address) && code >= 500)
      .map(({ address }) => ({ given: address, state: "todo" }));
  }

  #firstAttempt(): FirstAttempt {
    return {
      outcome: (index, { given }, triple, status) => {
        if (triple !== undefined) this.#told.push(this.#toldOf(index, given, triple, status));
        else if (status.action === "delayed") this.#told.push({ address: given, text: status.text });
        const exit = exitOfAttempt(status);
        // The first of the recipients counts, not the first that was done.
        if (exit !== undefined && index < (this.#exit?.index ?? Infinity)) this.#exit = { index, exit };
      },
      ...(this.#submission.dialogue === true ? { heard: (first, line) => this.#hear(first, line) } : {}),
    };
  }

  #toldOf(index: number, address: string, { host, mailer }: Triple, { text }: RecipientStatus): Told {
    const dialogue = this.#dialogues.get(index);
    const via = host === "" ? mailer : `${host} via ${mailer}`;
    return { address, text, via, ...(dialogue === undefined ? {} : { dialogue }) };
  }

  #hear(first: number, line: string): void {
    if (this.#lines++ >= MOST_LINES) return;
    const lines = this.#dialogues.get(first) ?? [];
    this.#dialogues.set(first, lines);
    lines.push(line.slice(0, LONGEST_LINE));
  }
}

/** What recipients are looked up in. */
function namesOf({ config, rules, aliases, users, dontBlame }: Site, files: UserFiles): RecipientNames {
  return { config, rules, aliases, users, dontBlame, files };
}

/** The exit status for what became of a recipient; undefined when all is well, or the message waits. */
function exitOfAttempt({ action, status, exit }: RecipientStatus): number | undefined {
  if (action !== "failed" && action !== "delayed") return undefined;
  if (exit === undefined) return action === "failed" ? exitOfStatus(status) : undefined;
  if (exit === EX.TEMPFAIL || exit === EX.OK) return undefined;
  return exit >= EX.USAGE && exit <= EX.CONFIG ? exit : EX.UNAVAILABLE;
}

/** Nobody to send to: nobody was named, or all that were are discarded. */
function nobody({ fromHeader, recipients }: Submission, named: boolean): Reply {
  if (named) return reply(250, "2.0.0", "discarded");
  return fromHeader && recipients.length === 0 ? NONE_IN_HEADER : NO_RECIPIENTS;
}

const CRLF = Buffer.from("\r\n");

function headerOf(message: Buffer): readonly HeaderField[] {
  const end = message.indexOf("\r\n\r\n");
  return parseHeader(message.toString("latin1", 0, end < 0 ? message.length : end + 2)).fields;
}

function submissionScope(config: Config, submission: Submission, sender: string): MacroScope {
  return config.macros.child([
    ["_", relayOf(submission)],
    ["s", ofOneLine(submission.protocolHost)],
    ["r", ofOneLine(submission.protocol)],
    ["f", sender],
    ["client_name", "localhost"],
    ["client_addr", "127.0.0.1"],
    ["client_resolve", "OK"],
    ["daemon_flags", directFlags(config.options) ?? "c u"],
    ...(submission.deliveryMode === undefined ? [] : [["deliveryMode", submission.deliveryMode] as const]),
  ]);
}

/** It is to stand in a header field. */
function ofOneLine(text: string | undefined): string | undefined {
  return (
    text
      ?.replaceAll(/[\0-\x1f\x7f]+/g, " ")
      .trim()
      .slice(0, LONGEST_LINE) || undefined
  );
}

/** As the original words it of a client whose name proves nothing. */
function relayOf({ user, isStranger }: Submission): string {
  return `${user}@localhost${isStranger === true ? " (may be forged)" : ""}`;
}

/** PrivacyOptions authwarnings: says so when somebody sets another sender who is not trusted to (class t). */
function withWarning(config: Config, submission: Submission, sender: string, message: Buffer): Buffer {
  const { user, isStranger = false } = submission;
  const warns = privacyOf(config.options).has("authwarnings");
  const own = sender === user || sender === "" || (config.classWords("t").has(user) && !isStranger);
  if (!warns || own || findField(headerOf(message), "X-Authentication-Warning") !== undefined) return message;
  const host = macroValue("j", config.macros);
  const text = `X-Authentication-Warning: ${host}: ${user} set sender to ${sender.replace(/[\r\n]/g, " ")} using -f\r\n`;
  return Buffer.concat([Buffer.from(text, "latin1"), message]);
}
