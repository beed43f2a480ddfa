/** What DMARC says about a message. */
import type { DmarcPolicy, DmarcRecord } from "./record.ts";

export interface DmarcResult {
  /** `permerror`: nobody can tell whose message it is (From). A record that makes no sense counts as none. */
  readonly result: "none" | "pass" | "fail" | "temperror" | "permerror";
  /** The domain in From; "" when there is none. */
  readonly domain: string;
  /** What the domain wants to be done with a message that fails, sp=, np=, t= and pct= taken into account. */
  readonly policy: DmarcPolicy;
  /** Where the record stands, and what it says; absent: there is none. */
  readonly recordAt?: string;
  readonly record?: DmarcRecord;
  /** Which policy of the record it was. */
  readonly policyTag?: "p" | "sp" | "np";
  /** The record asks for `pct` per cent of such messages, and this is none of them. */
  readonly isSampledOut?: boolean;
  /** SPF has passed, for the author's organization. */
  readonly spfAligned: boolean;
  /** The d= of a signature that has passed and is of the author's organization. */
  readonly dkimAligned?: string;
  readonly reason?: string;
}
