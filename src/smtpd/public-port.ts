/** Ports at which mail from anywhere arrives, in contrast to those for people and programs who are known. */
import type { PortOptions } from "../config/config.ts";
import { isLocal } from "./listen.ts";
import { isLmtp } from "./lmtp.ts";

/** Submission with STARTTLS and inside TLS (RFC 8314). */
const SUBMISSION: ReadonlySet<number> = new Set([587, 465]);

/** True when its clients may name senders of other sites: no port for submission (M=a, MSA, 587, 465), no LMTP, no unix socket. */
export function isPublic(port: PortOptions): boolean {
  const isSubmission = port.modifiers.has("a") || port.name.toUpperCase() === "MSA" || SUBMISSION.has(port.port);
  return !isSubmission && !isLocal(port) && !isLmtp({ port });
}
