/**
 * What a mail server and a filter (milter) tell each other: the interface of this folder. docs/milter.md shows how it is used.
 *
 * Text is octets: each code unit of a string is one octet (latin1). Nothing here knows the server that asks.
 */
import type { MaybePromise } from "../sys/maybe-promise.ts";

export type FilterAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "inet" | "inet6"; readonly host: string; readonly port: number };

/**
 * Milliseconds. 0: no limit of ours.
 *
 * `connect`: until the connection stands; `send`: until a command is taken; `read`: until its answer has come; `end`: from the
 * end of the message on, until the filter says anything (an edit, SMFIR_PROGRESS, its answer).
 */
export interface FilterTimeouts {
  readonly connect: number;
  readonly send: number;
  readonly read: number;
  readonly end: number;
}

export interface FilterSettings {
  /** As log lines call it. */
  readonly name: string;
  readonly address: FilterAddress;
  readonly timeouts: FilterTimeouts;
}

/** Before which command macros are sent; the words of `Milter.macros.*`. */
export type MacroStage = "connect" | "helo" | "envfrom" | "envrcpt" | "data" | "eoh" | "eom";

/** Names of macros as configurations write them: `j`, `{daemon_name}`. */
export type MacroLists = Readonly<Record<MacroStage, readonly string[]>>;

/** The value of a macro; undefined when it has none: then the filter is not told about it. */
export type MacroReader = (name: string) => string | undefined;

/** The commands that a filter is asked about. */
export type Step = "connect" | "helo" | "mail" | "rcpt" | "data" | "unknown" | "header" | "eoh" | "body" | "end";

/**
 * What a filter says to a command.
 *
 * - `accept`: it wants to hear no more, of this message or (at connect, helo) of this session.
 * - `skip` (header, eoh, body): it wants nothing (more) of the body; the end of the message is told all the same.
 * - `shutdown`, `connection-failure`: SMFIR_SHUTDOWN, SMFIR_CONN_FAIL: it cannot go on; sendmail takes both as failures.
 * - `reply`: a reply of its own, 4xx or 5xx.
 */
export type Answer =
  | {
      readonly kind:
        | "continue"
        | "accept"
        | "reject"
        | "tempfail"
        | "discard"
        | "skip"
        | "shutdown"
        | "connection-failure";
    }
  | FilterReply;

export interface FilterReply {
  readonly kind: "reply";
  /** 400 to 599. */
  readonly code: number;
  /** RFC 3463, as the filter gave it: its class may be another than that of the code; absent when it gave none. */
  readonly enhanced?: string;
  /** At least one; without codes. */
  readonly lines: readonly string[];
}

/**
 * What a filter wants changed, said at the end of the message, in this order to be carried out.
 *
 * A `value` is what stands behind the colon of the field, the blank at its beginning and folding (CRLF) included, as in
 * `header()`.
 */
export type Edit =
  | { readonly kind: "add-header"; readonly name: string; readonly value: string }
  /** `index`: before which field of all, from 0; more than there are: behind the last one. */
  | { readonly kind: "insert-header"; readonly index: number; readonly name: string; readonly value: string }
  /** `index`: which field of that name, from 1. A value of undefined: it goes. */
  | {
      readonly kind: "change-header";
      readonly index: number;
      readonly name: string;
      readonly value: string | undefined;
    }
  /** Paths in angle brackets as in SMTP; `parameters`: of the command, `NOTIFY=NEVER`. */
  | { readonly kind: "add-recipient"; readonly path: string; readonly parameters: readonly string[] }
  | { readonly kind: "delete-recipient"; readonly path: string }
  | { readonly kind: "change-sender"; readonly path: string; readonly parameters: readonly string[] }
  /** The next part of the new body; the first one begins it. Lines end as in the old one: CRLF. */
  | { readonly kind: "replace-body"; readonly chunk: Buffer }
  | { readonly kind: "quarantine"; readonly reason: string };

/** What the server offers, and what filters are told unless they ask for something else. */
export interface Offer {
  readonly macros: MacroLists;
  /** Kinds of edits that the server can carry out; absent: all. */
  readonly edits?: ReadonlySet<Edit["kind"]>;
  /** How much a packet may hold: 64, 256 or 1024 KB less one octet; the filter may agree to less. Default 64. */
  readonly chunk?: 64 | 256 | 1024;
  /** Hears what is odd about the filter and was put up with, for the log. */
  readonly note?: (text: string) => void;
}

/** What both agreed on. */
export interface Negotiated {
  /** 2 to 6. */
  readonly version: number;
  readonly edits: ReadonlySet<Edit["kind"]>;
  /** Steps that the filter does not want to hear about. */
  readonly unwanted: ReadonlySet<Step>;
  /** Steps that it gives no answer to. */
  readonly unanswered: ReadonlySet<Step>;
  /** Hears of recipients that were refused, too. */
  readonly rejectedRecipients: boolean;
  /** Values of fields go to and fro with the blank behind the colon. */
  readonly leadingSpace: boolean;
  /** May answer `skip`. */
  readonly skip: boolean;
  /** The most octets of a body in one packet. */
  readonly chunk: number;
  readonly macros: MacroLists;
}

/** The client as SMFIC_CONNECT tells it. */
export type ClientPlace =
  | { readonly family: "inet" | "inet6"; readonly address: string; readonly port: number }
  | { readonly family: "unix"; readonly path: string }
  | { readonly family: "unknown" };

/**
 * - `connect`: it is not there; `timeout`: it does not answer in time; `closed`: it went away.
 * - `protocol`: it said what it may not say, or nothing that can be understood.
 */
export type FilterErrorKind = "connect" | "timeout" | "closed" | "protocol";

/**
 * A filter that is away, slow or speaks nonsense. The connection is closed when it is thrown; every later step of the same
 * connection throws it again.
 */
export class FilterError extends Error {
  readonly kind: FilterErrorKind;
  /** The name of the filter. */
  readonly filter: string;

  /** @param message what happened, without the filter's name: "no answer to MAIL within 10s" */
  constructor(filter: string, kind: FilterErrorKind, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "FilterError";
    this.filter = filter;
    this.kind = kind;
  }
}

/**
 * One filter, asked about one session after the other, one message after the other. One step at a time: the next one is
 * taken when the answer to the last is there.
 *
 * Steps answer at once with `continue` where the filter wants not to be asked, or gives no answer; where the filter accepted
 * the session or the message, with `accept`. Failures are thrown as FilterError, always by way of a promise.
 */
export interface FilterConnection {
  readonly settings: FilterSettings;
  readonly negotiated: Negotiated;
  /** It stands, as far as is known: what was kept for another session may have gone since. */
  readonly isUsable: boolean;
  /** @param host the verified name of the client, or its address in square brackets */
  connect(macros: MacroReader, host: string, place: ClientPlace): MaybePromise<Answer>;
  helo(macros: MacroReader, name: string): MaybePromise<Answer>;
  /** A message begins. @param path in angle brackets, as given @param parameters "SIZE=2000" */
  mail(macros: MacroReader, path: string, parameters: readonly string[]): MaybePromise<Answer>;
  rcpt(macros: MacroReader, path: string, parameters: readonly string[]): MaybePromise<Answer>;
  data(macros: MacroReader): MaybePromise<Answer>;
  /** A command that the server does not know. @param line without its line end */
  unknown(line: string): MaybePromise<Answer>;
  /** @param value what stands behind the colon, without the last line end */
  header(name: string, value: string): MaybePromise<Answer>;
  eoh(macros: MacroReader): MaybePromise<Answer>;
  /** Any number of octets, sent in packets of the agreed size. `skip`, `accept` and refusals end it early. */
  body(octets: Buffer): MaybePromise<Answer>;
  /**
   * The end of the message. While `edit` is at work on an edit (it may return a promise) no further one is read.
   *
   * What `edit` throws is thrown on; the connection is closed then, for nobody knows how far the filter got.
   */
  endOfMessage(macros: MacroReader, edit: (edit: Edit) => MaybePromise<void>): MaybePromise<Answer>;
  /** This message is over, without its end having been told; nothing where no message began. */
  abort(): void;
  /**
   * The session is over. With `reuse` true it is kept for another session (SMFIC_QUIT_NC, version 6): true when it may be used
   * again, beginning with `connect()`; else it is closed.
   *
   * Only for filters that are known to do their part: those made with libmilter (8.17) take SMFIC_QUIT_NC, and give no answer
   * to what begins the next session. sendmail opens a connection for each session.
   */
  close(reuse: boolean): boolean;
}

/** How a filter is reached: `openFilter` of open-filter.ts; connects and negotiates. Throws FilterError. */
export type OpenFilter = (settings: FilterSettings, offer: Offer) => Promise<FilterConnection>;
