/**
 * What the port that a message came in by wants of the way out: DaemonPortOptions M=b, to leave from the address that the
 * client has connected to, and M=h, to say the name of our address in EHLO. The queue keeps both with the message, as sendmail
 * does: {daemon_flags} and {if_addr}.
 */
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import type { Job } from "../agent.ts";

export interface PortWishes {
  /** Of this machine; connections to addresses of the other family leave from where they like. */
  readonly address?: string;
  readonly ownName: boolean;
}

const NONE: PortWishes = { ownName: false };

export function portWishes({ envelope: { macros } }: Pick<Job, "envelope">): PortWishes {
  const { daemon_flags: flags = "" } = macros;
  if (flags === "") return NONE;
  const modifiers = new Set(flags.split(" "));
  const ownName = modifiers.has("h");
  if (!modifiers.has("b")) return ownName ? { ownName } : NONE;
  const address = (macros["if_addr"] ?? "").replace(/^IPv6:/i, "");
  return isIP(address) !== 0 && isOurs(address) ? { address, ownName } : { ownName };
}

/** Not one that a proxy has named, or that the machine had when the message came. */
function isOurs(address: string): boolean {
  if (address.startsWith("127.")) return true;
  return Object.values(networkInterfaces()).some((each) => each?.some((own) => own.address === address));
}
