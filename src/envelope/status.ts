/** What became of a recipient at an attempt: the per-recipient fields of a delivery status (RFC 3464 §2.3). */
import type { Reply } from "../mail/reply.ts";

export type Action = "delivered" | "relayed" | "expanded" | "delayed" | "failed";

/** Attempts one after the other that came to the same (tries.ts). */
export interface Tries {
  /** The first of them and the last, ms since the epoch. */
  readonly since: number;
  readonly at: number;
  readonly times: number;
  /** Of the last one, as in its status. */
  readonly text: string;
  readonly diagnostic?: string;
  readonly relay?: string;
  readonly others?: readonly string[];
}

export interface RecipientStatus {
  readonly action: Action;
  /** RFC 3463 code: "2.0.0", "4.4.1", "5.1.1". */
  readonly status: string;
  /** What the log and mailq say after `stat=`: "Sent (ok queued as 12)", "Deferred: Connection refused by b.test". */
  readonly text: string;
  /** Diagnostic-Code, with its type: { type: "smtp", text: "550 5.1.1 User unknown" }. */
  readonly diagnostic?: { readonly type: string; readonly text: string };
  /** Given up because its time is over: what the last attempt came to, in words as in `text`. */
  readonly lastText?: string;
  /** The command that a refusal of an SMTP server answers, as it was sent: "RCPT TO:<joe@b.test>". */
  readonly asked?: string;
  /** Remote-MTA: the host that said so. */
  readonly remoteMta?: string;
  /** `relay=` of the log: "mx.b.test. [192.0.2.1]", "local". */
  readonly relay?: string;
  /** What its owner has published about connections, and held for this one: "dane=3-1-1", "sts=enforce". */
  readonly line?: string;
  /** What came of the other hosts that this attempt went to, each with its relay: "mx1.b.test. [192.0.2.1]: Connection refused". */
  readonly others?: readonly string[];
  /**
   * The duty to report success has gone on: to the next host (it offers DSN, RFC 3461 §5.2), or to the only recipient that an
   * alias stands for.
   */
  readonly passedOn?: boolean;
  /** "expanded" by a list with an owner: its members are recipients of his (RFC 3461 §5.2.7.1). */
  readonly toList?: boolean;
  /** The next host has taken over the time that BY= gave (it offers DELIVERBY, RFC 2852). */
  readonly deliverByPassedOn?: boolean;
  /** Exit code of a program, or what sendmail would end with for this reason. */
  readonly exit?: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** When attempts began to come to this, and how many have: absent for one alone. */
  readonly since?: number;
  readonly times?: number;
  /** What those before them came to, the oldest first. */
  readonly earlier?: readonly Tries[];
}

/**
 * The outcome that a reply of our own rulesets means for a recipient: 4xx delays, 5xx fails.
 * @param at milliseconds since the epoch
 */
export function statusOfReply({ code, enhanced, lines, exit }: Reply, at: number): RecipientStatus {
  const text = lines.join(" ");
  const permanent = code >= 500;
  const status = enhanced ?? (permanent ? "5.0.0" : "4.0.0");
  return {
    action: permanent ? "failed" : "delayed",
    status,
    text: permanent ? text : `Deferred: ${text}`,
    diagnostic: { type: "smtp", text: `${code} ${status} ${text}` },
    ...(exit === undefined ? {} : { exit }),
    at,
  };
}
