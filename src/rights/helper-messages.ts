/** What the server and the root helper say to each other over the channel that Node makes between parent and child. */
import { type MadeFile, parseMadeFiles } from "./made-files.ts";
import type { ConversingProgram, TaskUser } from "./task.ts";
import {
  list,
  number,
  parsePort,
  parseTaskUser,
  parseTerms,
  type PortTerm,
  record,
  type Terms,
  text,
} from "./terms.ts";

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

/** Number of a request, if it is one at all: without it there is nothing to answer to. */
export function requestId(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null || !("id" in value)) return undefined;
  return Number.isSafeInteger(value.id) ? (value.id as number) : undefined;
}

/** Longest queue of connections that a listener is opened with. */
const LARGEST_BACKLOG = 65_535;

/**
 * What the server says is looked at member by member, and what it says beyond that is dropped.
 * @throws when it is no request
 */
export function parseRequest(value: unknown): HelperRequest {
  const given = record(value, "request");
  const id = number(given.id, "id", 0, Number.MAX_SAFE_INTEGER);
  switch (given.verb) {
    case "begin": {
      const termsCommand = list(given.termsCommand, "termsCommand", text);
      return { id, verb: "begin", terms: parseTerms(given.terms), termsCommand, made: parseMadeFiles(given.made) };
    }
    case "pool":
    case "reload":
    case "tidy":
      return { id, verb: given.verb };
    case "listen": {
      const backlog = number(given.backlog, "backlog", 0, LARGEST_BACKLOG);
      return { id, verb: "listen", port: parsePort(given.port, "port"), backlog };
    }
    case "read":
      return { id, verb: "read", path: text(given.path, "path") };
    case "converse":
      return { id, verb: "converse", who: parseTaskUser(given.who, "who"), program: conversingProgram(given.program) };
    default:
      throw new Error("the root helper knows no such request");
  }
}

function conversingProgram(value: unknown): ConversingProgram {
  const { path, argv, environment } = record(value, "program");
  return {
    path: text(path, "program.path"),
    argv: list(argv, "program.argv", text),
    environment: list(environment, "program.environment", text),
  };
}
