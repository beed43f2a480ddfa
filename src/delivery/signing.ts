/**
 * Whether this server signs what leaves (DKIM), or seals what it sends on (ARC). Who does it is loaded with the first message that
 * may have to be signed: message-signer.ts.
 */
import { signs } from "../config/signs.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { Job } from "./agent.ts";
import type { DeliveryEnvironment } from "./environment.ts";
import type { WrittenMessage } from "./message-writer.ts";
import type { Outcome } from "./outcome.ts";

export type Signed =
  | { readonly kind: "message"; readonly message: WrittenMessage }
  /** It has to be signed, and cannot be. */
  | { readonly kind: "refused"; readonly outcome: Outcome };

export interface Signing {
  /**
   * The message with its signatures in front, made once for each form of it. A body that lies in a file is read for that; reading
   * errors are thrown.
   * @param message as it would be sent: CRLF, dots stuffed
   */
  sign(job: Job, scope: MacroScope, message: WrittenMessage): Promise<Signed>;
}

/** undefined: the configuration names no keys. */
export function openSigning(
  environment: Pick<DeliveryEnvironment, "config" | "rules" | "clock" | "log">,
): Signing | undefined {
  if (!signs(environment.config)) return undefined;
  let signer: Promise<Signing | undefined> | undefined;
  return {
    async sign(job, scope, message) {
      // A mailbox of ours needs no proof of where the message comes from.
      if (job.mailer.flags.has("l")) return { kind: "message", message };
      signer ??= import("./message-signer.ts").then(({ openSigner }) => openSigner(environment));
      const opened = await signer;
      return opened === undefined ? { kind: "message", message } : opened.sign(job, scope, message);
    },
  };
}
