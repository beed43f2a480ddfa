/** What is known of the sender of one message: handed to rules, log, and whoever collects reports. */
import type { ArcResult } from "./arc/verify.ts";
import type { DkimResult } from "./dkim/verify.ts";
import type { DmarcPolicy } from "./dmarc/record.ts";
import type { DmarcResult } from "./dmarc/result.ts";
import type { IprevResult } from "./iprev.ts";
import type { SpfResult } from "./spf/result.ts";

export interface SenderEvidence {
  /** IP address. */
  readonly client: string;
  readonly helo: string;
  /** Reverse-path without brackets; "" for the null path. */
  readonly mailFrom: string;
  /** Domain of From; absent: there is none. */
  readonly headerFrom?: string;
  /** Of MAIL (for the null path: of the HELO name). */
  readonly spf: SpfResult;
  /** Of the HELO name, where that was looked at beside the sender. */
  readonly spfHelo?: SpfResult;
  readonly dkim: readonly DkimResult[];
  readonly arc: ArcResult;
  readonly dmarc: DmarcResult;
  readonly iprev: IprevResult;
  /** What was done with the message in the end, as far as its sender is the reason (check_spf, check_auth). */
  readonly disposition: DmarcPolicy;
}
