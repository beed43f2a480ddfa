/** Why a conversation with a server ended before its time. */
import { isRefusal } from "./reply-reader.ts";

/** Why there is no (further) reply. */
export interface ClientFailure {
  /** Connection refused by the system, broken off by the peer, timed out, not understood, our message unreadable. */
  readonly kind: "refused" | "lost" | "timeout" | "protocol" | "tls" | "local" | "aborted";
  /** Errno name when there is one. */
  readonly code?: string;
  readonly message: string;
  /** What was being waited for: "greeting", "EHLO", "MAIL" ... */
  readonly during: string;
  /** The refusal (4xx, 5xx) that ended it, when there was one. */
  readonly reply?: string;
}

/** What the library and the system say in errors, in our words. */
export function describeError(error: Error, during: string): ClientFailure {
  const { code, originalCode, response } = error as { code?: string; originalCode?: string; response?: string };
  const reply = typeof response === "string" && response !== "" ? response : undefined;
  if (reply !== undefined && !isRefusal(reply)) return unexpectedReply(reply, during);
  const message = /closed unexpectedly/.test(error.message) ? "connection closed" : error.message;
  const base = { message, during };
  if (reply !== undefined) return { kind: "refused", ...base, reply };
  if (code === "EPROTOCOL") return { kind: "protocol", ...base };
  if (during === "STARTTLS" || code === "ETLS") return { kind: "tls", ...base };
  // The library's own timers have no system error behind them.
  if (code === "ETIMEDOUT" && originalCode === undefined) return { kind: "timeout", ...base };
  return { kind: "lost", ...base, ...(originalCode === undefined ? {} : { code: originalCode }) };
}

/** A reply that is no answer to what was asked, or that nobody asked for. */
export function unexpectedReply(reply: string, during: string): ClientFailure {
  return { kind: "protocol", message: `unexpected reply "${reply.slice(0, 100)}"`, during };
}
