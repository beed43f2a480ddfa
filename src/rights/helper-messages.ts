/** What the server and the root helper say to each other over the channel that Node makes between parent and child. */
import type { MadeFile } from "./made-files.ts";
import type { ConversingProgram, TaskUser } from "./task.ts";
import type { PortTerm, Terms } from "./terms.ts";

/** What the server asks. `begin` is taken once, from a server that is root still; nothing else that it says names terms. */
export type HelperRequest =
  | {
      readonly id: number;
      readonly verb: "begin";
      readonly terms: Terms;
      readonly termsCommand: readonly string[];
      readonly made: readonly MadeFile[];
    }
  /** A connection to a new pool process. */
  | { readonly id: number; readonly verb: "pool" }
  /** A listening socket on a port of the terms. */
  | { readonly id: number; readonly verb: "listen"; readonly port: PortTerm; readonly backlog: number }
  /** The octets of a file of the terms. */
  | { readonly id: number; readonly verb: "read"; readonly path: string }
  /** Reads the configuration again: new terms. */
  | { readonly id: number; readonly verb: "reload" }
  /** Takes away what the server made as root: it ends. */
  | { readonly id: number; readonly verb: "tidy" }
  /** A connection to a program that speaks SMTP or LMTP, run as one of the identities of the terms, or as root where they say so. */
  | { readonly id: number; readonly verb: "converse"; readonly who: TaskUser; readonly program: ConversingProgram };

/** With a handle for `pool` and `listen`. */
export interface HelperAnswer {
  readonly id: number;
  readonly error?: string;
  /** errno name of what failed. */
  readonly code?: string;
  /** In base64: messages are JSON, which has the smaller reader. */
  readonly octets?: string;
  readonly terms?: Terms;
  /** What the child said that read the configuration. */
  readonly messages?: readonly string[];
}

/** What the helper tells a pool process. */
export interface PoolMessage {
  readonly terms: Terms;
}
