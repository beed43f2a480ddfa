/**
 * What has been said and found out about a message so far, from the moment its client connected. The session itself is
 * the first transaction, one without a sender: what is decided about it holds for all its messages.
 */
import type { Examination } from "../authentication/examination.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { LocalFacts } from "../envelope/local-facts.ts";
import type { Recipient } from "../envelope/recipient.ts";
import type { HeaderField } from "../mail/header.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { HeaderNotes } from "../routing/note-budget.ts";
import { ACCEPTED, meet, type Verdict } from "../routing/verdict.ts";
import type { Site } from "../site/site.ts";
import type { SessionFilters } from "./session-filters.ts";
import { type Changes, editHeader, type HeaderEdit } from "./changes.ts";

/** Where mail comes from, as the log tells it. */
export interface Client {
  /** `relay=` of log lines: "host [address]", or "user@localhost". */
  relay: string;
  /** Name= of the daemon port; absent for local submission. */
  readonly daemon?: string;
  /** An SMTP client at a port for mail from anywhere: it may name senders that are not its own. */
  readonly fromAnywhere?: boolean;
}

/** What MAIL says (RFC 5321 §4.1.1.2), or the command line. */
export interface Announcement extends Pick<
  Envelope,
  "sender" | "bodyType" | "smtputf8" | "envid" | "ret" | "auth" | "deliverBy" | "requireTls" | "isReport"
> {
  /** BODY=BINARYMIME: parts of it may come as they are; the message that is kept of it has BODY=8BITMIME. */
  readonly isBinary?: boolean;
  /** Local submission: Bcc: is taken out, what is missing in the header is added from these facts. */
  readonly submission?: LocalFacts;
}

const NOTHING_SAID: Announcement = { sender: "", smtputf8: false, isReport: false };

export class Transaction {
  readonly site: Site;
  readonly client: Client;
  /**
   * Macros: $r protocol, $s HELO name, $_ validated client, {client_addr}, {daemon_name}, {auth_type} ... They appear in
   * Received: and are saved as {persistentMacros} tells.
   */
  readonly scope: MacroScope;
  #announced: Announcement;
  /** Accepted recipients, resolved. */
  recipients: Recipient[] = [];
  badRecipients = 0;
  /** What may still be logged about its header fields. */
  readonly headerNotes = new HeaderNotes();
  #fate: Verdict;
  readonly #session: Transaction | undefined;
  #isRefused = false;
  #evidence: Map<string, unknown> | undefined;
  #filters: SessionFilters | undefined;
  /** Queue id, where it is known before the message comes. */
  id: string | undefined;
  /** Looks at the message while it comes in: who has sent it (sender-checks.ts). Absent: nobody wants to know. */
  examination: Examination | undefined;
  #headerEdits: HeaderEdit[] | undefined;

  private constructor(
    place: Pick<Transaction, "site" | "client">,
    scope: MacroScope,
    announced: Announcement,
    session?: Transaction,
  ) {
    this.site = place.site;
    this.client = place.client;
    this.scope = scope;
    this.#announced = announced;
    this.#session = session;
    this.#fate = session?.fate ?? ACCEPTED;
  }

  /** The session of a client. */
  static ofSession(site: Site, client: Client, scope: MacroScope): Transaction {
    return new Transaction({ site, client }, scope, NOTHING_SAID);
  }

  /** A message of this session; its macros are a layer above the session's. */
  message(announced: Announcement, macros: Iterable<readonly [string, string | undefined]> = []): Transaction {
    return new Transaction(this, this.scope.child(macros), announced, this);
  }

  get announced(): Announcement {
    return this.#announced;
  }

  /** A judge wants another sender, or other wishes of his. */
  announce(change: Partial<Announcement>): void {
    this.#announced = { ...this.#announced, ...change };
  }

  /** The mail filters of the session; undefined where none are asked. */
  get filters(): SessionFilters | undefined {
    return (this.#session ?? this).#filters;
  }

  /** Of a session; those that it had before are closed. */
  useFilters(filters: SessionFilters | undefined): void {
    this.#filters?.close();
    this.#filters = filters;
  }

  /** What was decided so far: ok, quarantine or discard. Refusals are answered at once and change nothing here. */
  get fate(): Verdict {
    return this.#fate;
  }

  /** Takes note of what a judge decided. */
  decided(verdict: Verdict): void {
    if (verdict.kind === "discard" || verdict.kind === "quarantine") this.#fate = meet(this.#fate, verdict);
  }

  /** The mailer that the sender belongs to; undefined while there is none. */
  get senderMailer(): string | undefined {
    const { sender, submission } = this.announced;
    const isNull = this.#session !== undefined && sender === "";
    return submission?.senderMailer ?? this.scope.get("mail_mailer") ?? (isNull ? "local" : undefined);
  }

  /** A judge has refused it: counted once for each session, whatever the client goes on to try. */
  countRefusal(): void {
    const session = this.#session ?? this;
    if (session.#isRefused) return;
    session.#isRefused = true;
    const { statistics } = this.site;
    if (this.announced.submission === undefined) statistics.connection("rejected");
    if (this.senderMailer !== undefined) statistics.stopped(this.senderMailer, "rejected");
  }

  /** Nobody gets the message: it was thrown away as a whole, or each of its recipients was. */
  get isDiscarded(): boolean {
    const { recipients } = this;
    const nobody = recipients.length > 0 && recipients.every(({ state }) => state === "discarded");
    return nobody || this.#fate.kind === "discard";
  }

  /** What a judge found out about this message or its session. */
  evidence(judge: string): unknown {
    return this.#evidence?.get(judge) ?? this.#session?.evidence(judge);
  }

  /** The one place where what judges want changed is changed. */
  apply(judge: string, { macros, evidence, recipients, header }: Changes): void {
    for (const [name, value] of macros ?? []) this.scope.set(name, value);
    if (evidence !== undefined) (this.#evidence ??= new Map()).set(judge, evidence);
    if (recipients !== undefined) this.recipients = recipients(this.recipients);
    if (header !== undefined) (this.#headerEdits ??= []).push(...header);
  }

  /** Header fields with what judges changed about them. */
  edited(fields: readonly HeaderField[]): readonly HeaderField[] {
    return this.#headerEdits === undefined ? fields : editHeader(fields, this.#headerEdits);
  }
}
