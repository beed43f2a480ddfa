/**
 * What a message waits for: the mailer and host that all its open recipients share. The queue keeps messages apart by it,
 * so that a destination that takes nothing more now holds up nobody else.
 */
import type { Recipient } from "./recipient.ts";

/** Of a message whose recipients go to several places, or have none yet. */
export const SEVERAL = "";

/** "esmtp far.test": host names are compared without regard to letter case. */
export function destinationKey(mailer: string, host: string): string {
  return `${mailer} ${host.toLowerCase()}`;
}

/** The mailer part of such a key. */
export function mailerOfKey(key: string): string {
  return key.slice(0, key.indexOf(" "));
}

/** The destination of a message, or SEVERAL. */
export function destinationOf({
  recipients,
}: {
  readonly recipients: readonly Pick<Recipient, "state" | "resolved">[];
}): string {
  let mailer: string | undefined;
  let host = "";
  for (const { state, resolved } of recipients) {
    if (state !== "todo" && state !== "deferred") continue;
    if (resolved === undefined) return SEVERAL;
    if (mailer === undefined) ({ mailer, host } = resolved);
    else if (resolved.mailer !== mailer || resolved.host.toLowerCase() !== host.toLowerCase()) return SEVERAL;
  }
  return mailer === undefined ? SEVERAL : destinationKey(mailer, host);
}

/** The host part of such a key. */
export function hostOfKey(key: string): string {
  return key.slice(key.indexOf(" ") + 1);
}
