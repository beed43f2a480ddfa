/** A delivery agent as an M line describes it (manual §5.4). */

/** Ruleset numbers of a mailer's S= or R=; 0 means none. */
export interface RulesetPair {
  readonly envelope: number;
  readonly header: number;
}

export interface Mailer {
  readonly name: string;
  /** Position in =M; 0 prog, 1 *file*, 2 *include* unless redefined. */
  readonly number: number;
  /** P=: "[IPC]", "[FILE]", or the path of a program. */
  readonly path: string;
  /** F=: one letter each. */
  readonly flags: ReadonlySet<string>;
  /** A=: raw macro text of each argument, the first is the program's own name (or TCP, FILE). */
  readonly argv: readonly string[];
  readonly sender: RulesetPair;
  readonly recipient: RulesetPair;
  /** E=: end of line, "\n" unless set ("\r\n" for SMTP). */
  readonly eol: string;
  /** M=: octets, 0 for no limit. */
  readonly maxSize: number;
  /** m=: messages on one connection, 0 for no limit. */
  readonly maxMessages: number;
  /** r=: recipients in one transaction. */
  readonly maxRecipients: number;
  /** L=: octets in a line, 0 for no limit. */
  readonly lineLimit: number;
  /** D=: folders to try as working directory, raw macro text, colon separated. */
  readonly directory?: string;
  /** U=: user and group that run it; numbers, or names still to be looked up. */
  readonly user?: { readonly uid: number | string; readonly gid?: number | string };
  readonly nice: number;
  /** C=: default character set. */
  readonly charset?: string;
  /** T=: address, diagnostic types for DSNs, as "dns/rfc822/smtp". */
  readonly types: { readonly mta: string; readonly address: string; readonly diagnostic: string };
  /** W=: longest run of the agent in ms, 0 for no limit. */
  readonly wait: number;
  /** Q=: queue group. */
  readonly queueGroup?: string;
  /** /=: folder to chroot to. */
  readonly root?: string;
}
