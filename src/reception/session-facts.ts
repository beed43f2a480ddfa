/** What an operator is told of an SMTP session that is open (`rulemail status`). */

export interface SessionFacts {
  /** Name of the port (DaemonPortOptions Name=). */
  readonly port: string;
  /** The client: "host [address]"; "" before it was looked up. */
  readonly relay: string;
  /** When it connected, ms since the epoch. */
  readonly since: number;
  /** Absent: in clear. */
  readonly tls?: {
    /** "TLSv1.3" */
    readonly version: string;
    readonly cipher: string;
    /** {verify}: what the client's certificate was worth. */
    readonly verify: string;
  };
  /** Absent: nobody has logged in. */
  readonly login?: {
    readonly user: string;
    readonly mechanism: string;
    /** Ms since the epoch. */
    readonly since: number;
  };
}
