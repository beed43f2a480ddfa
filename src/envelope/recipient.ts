/** One recipient of an envelope: what was asked for, where it goes, what has become of it. */
import type { Notify } from "../mail/notify.ts";
import type { RecipientStatus } from "./status.ts";

/** The triple that ruleset 0 selects: `$# mailer $@ host $: user`, joined to text. */
export interface Triple {
  /** Name of the mailer; "error" and "discard" are possible. */
  readonly mailer: string;
  /** "" when the rule gave no host. May be a list `a:b`. */
  readonly host: string;
  /** The user part as the mailer sees it in `$u`. */
  readonly user: string;
}

/** The part of a triple that an operator may choose. */
export type NextHop = Pick<Triple, "mailer" | "host">;

export type RecipientState = "todo" | "duplicate" | "expanded" | "deferred" | "delivered" | "failed" | "discarded";

/** With whose rights a recipient from an alias, `.forward` or `:include:` file may open files and run programs. */
export interface Rights {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  /** The address that the recipient was expanded from, where no recipient says it: in the queue of a genuine sendmail. */
  readonly alias?: string;
}

export interface Recipient {
  /** Address as given in RCPT, on the command line, in a header field, or by the expansion of its parent. */
  readonly given: string;
  /**
   * Where ruleset 0 sent it when it was accepted. Used for the first attempt; computed anew for later ones, so that
   * an administrator's correction helps mail that is stuck.
   */
  readonly resolved?: Triple;
  /** Where an operator sends it, whatever the rules say. */
  readonly rerouted?: NextHop;
  readonly state: RecipientState;
  /** Index of the recipient whose alias, .forward or list this came from. */
  readonly parent?: number;
  readonly rights?: Rights;
  /** A list's owner (`owner-list`), to whom reports about this recipient go instead of the sender. */
  readonly owner?: string;
  /** ORCPT= (RFC 3461), "rfc822;" form, still in xtext. */
  readonly orcpt?: string;
  /** NOTIFY=; absent when not given. */
  readonly notify?: readonly Notify[];
  /** Outcome of the last attempt. */
  readonly status?: RecipientStatus;
}

/** True for a recipient that somebody still has to deliver to. */
export function isOpen({ state }: Pick<Recipient, "state">): boolean {
  return state === "todo" || state === "deferred";
}

/** What an attempt, an expansion or a decision changes about one recipient. */
export interface RecipientChange {
  /** Index in envelope.recipients. */
  readonly index: number;
  readonly state: RecipientState;
  readonly status?: RecipientStatus;
  readonly resolved?: Triple;
  /** Without a mailer ("") the rules choose again. */
  readonly rerouted?: NextHop;
}
