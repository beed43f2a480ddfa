/** What a configuration wants to know about senders: its options, read once for each site. */
import { macroValue } from "../rewriting/macro-value.ts";
import { type Networks, readNetworks } from "../sys/networks.ts";
import type { Config } from "./config.ts";

export type SenderCheck = "spf" | "dkim" | "dmarc" | "arc";

export interface SenderCheckSettings {
  readonly checks: ReadonlySet<SenderCheck>;
  /** Our name in Authentication-Results. */
  readonly authservId: string;
  /** Our name, $j. */
  readonly hostName: string;
  /** Whose Authentication-Results are as good as ours. */
  readonly gateways: Networks;
  /** Milliseconds for one check. */
  readonly timeLimit: number;
}

/** DMARC is made of the others. */
const NEEDS: Readonly<Partial<Record<SenderCheck, readonly SenderCheck[]>>> = { dmarc: ["spf", "dkim"] };

/** @returns undefined where nothing is to be found out */
export function readSenderChecks({ options, macros }: Config): SenderCheckSettings | undefined {
  const words = options.text("SenderChecks").split(" ") as (SenderCheck | "")[];
  const checks = new Set(words.flatMap((word) => (word === "" ? [] : [word, ...(NEEDS[word] ?? [])])));
  if (checks.size === 0) return undefined;
  const hostName = macroValue("j", macros.child());
  return {
    checks,
    authservId: options.text("AuthServId") || hostName,
    hostName,
    gateways: readNetworks(options.text("SenderCheckGateways")),
    timeLimit: options.time("SenderCheckTimeout"),
  };
}
