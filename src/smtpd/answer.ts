/** What a verb answers. The session says it, and does what has to follow. */
import type { Reply } from "../mail/reply.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";

/** A reply; one with code 421 closes the connection. */
export type Answer =
  | Reply
  /** A last reply: the connection closes after it. */
  | { readonly last: Reply }
  /** Something begins once the reply is said: data, a chunk (which has no reply yet), a handshake. */
  | { readonly reply?: Reply; readonly begin: () => MaybePromise<void> };

/** Undefined: the client has gone, and nothing is said. */
export type MaybeAnswer = MaybePromise<Answer | undefined>;
