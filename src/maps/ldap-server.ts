/**
 * One directory server as the class ldap uses it: a connection, bound, shared by all maps with the same server, kept
 * until the server ends it, opened again when needed. The only file that knows the package ldapts.
 *
 * What goes wrong is a value with the text that the log shows; nothing here decides what it means for a map. Idle
 * connections do not keep the process alive.
 */
import { connect, type Socket } from "node:net";
import type { ConnectionOptions, connect as connectSecurely } from "node:tls";
import type { Client } from "ldapts";
import { errorText } from "../sys/safe-file.ts";
import { ldapTrust } from "./ldap-trust.ts";

export type LdapAddress =
  | { readonly host: string; readonly port: number; readonly secure: boolean }
  | { readonly path: string };

export interface LdapServerOptions {
  /** Servers with the same content: the first that answers is used. */
  readonly addresses: readonly LdapAddress[];
  /** How the K line names them. */
  readonly shown: string;
  /** Octets as latin1; "" is anonymous. */
  readonly dn: string;
  readonly password: string;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** Milliseconds that an answer may take. */
  readonly timeout: number;
}

export type Scope = "base" | "one" | "sub";

export interface LdapSearch {
  /** Octets as latin1. */
  readonly base: string;
  readonly scope: Scope;
  readonly deref: "never" | "always" | "search" | "find";
  /** Text as readableFilter() gives it. */
  readonly filter: string;
  /** Empty: all user attributes. */
  readonly attributes: readonly string[];
  /** Seconds; 0: the server's own limit. */
  readonly timeLimit: number;
}

/** Names as the server writes them, in its order; values are octets as latin1. */
export type LdapEntry = readonly (readonly [name: string, values: readonly string[]])[];

export type LdapAnswer =
  /** `referred`: other servers were named that may have more. */
  | { readonly kind: "entries"; readonly entries: readonly LdapEntry[]; readonly referred: boolean }
  | { readonly kind: "failed"; readonly phase: "connect" | "search"; readonly problem: string };

/** Octets of all answers under way; more is not an answer to a question about mail. */
const LARGEST_ANSWER = 16 * 1024 * 1024;

/** RFC 4511 Appendix A.2, as libraries of LDAP call them. */
const RESULT_TEXTS: Readonly<Record<number, string>> = {
  1: "Operations error",
  2: "Protocol error",
  3: "Time limit exceeded",
  4: "Size limit exceeded",
  7: "Authentication method not supported",
  8: "Strong(er) authentication required",
  10: "Referral",
  11: "Administrative limit exceeded",
  13: "Confidentiality required",
  18: "Inappropriate matching",
  21: "Invalid syntax",
  32: "No such object",
  33: "Alias problem",
  34: "Invalid DN syntax",
  36: "Alias dereferencing problem",
  48: "Inappropriate authentication",
  49: "Invalid credentials",
  50: "Insufficient access",
  51: "Server is busy",
  52: "Server is unavailable",
  53: "Server is unwilling to perform",
  54: "Loop detected",
  80: "Other (e.g., implementation specific) error",
};

/** strerror(3) and the resolver, of connections. */
const NETWORK_TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ENOTFOUND: "Unknown host",
  EAI_AGAIN: "Temporary failure in name resolution",
  EPIPE: "Broken pipe",
  ETIMEDOUT: "Connection timed out",
};

/** A bound connection. */
class Session {
  readonly client: Client;
  #socket: Socket | undefined;
  #pending = 0;
  #received = 0;
  #ended = false;

  constructor(ClientClass: typeof Client, address: LdapAddress, options: LdapServerOptions) {
    const watch = (socket: Socket): Socket => this.#watch(socket);
    this.client = new ClientClass({
      url: "path" in address ? "ldap://localhost" : urlOf(address),
      timeout: options.timeout,
      connectTimeout: options.connectTimeout,
      createConnection: () => watch("path" in address ? connect(address.path) : connect(address.port, address.host)),
      createSecureConnection: ((port: number, host: string, tls?: ConnectionOptions) =>
        watch(
          process.getBuiltinModule("node:tls").connect(port, host, { ...tls, ...ldapTrust() }),
        )) as typeof connectSecurely,
    });
  }

  /** Does something with the server; the process stays alive meanwhile. */
  async use<Result>(what: (client: Client) => Promise<Result>): Promise<Result> {
    // The library would connect again by itself, without binding.
    if (this.#ended) throw new Error("connection closed");
    if (this.#pending++ === 0) {
      this.#received = 0;
      this.#socket?.ref();
    }
    try {
      return await what(this.client);
    } finally {
      if (--this.#pending === 0) this.#socket?.unref();
    }
  }

  get isOpen(): boolean {
    return !this.#ended && this.client.isConnected && this.#socket?.destroyed === false && !this.#socket.readableEnded;
  }

  get isIdle(): boolean {
    return this.#pending === 0;
  }

  /** Ends the connection; questions under way fail. */
  end(): void {
    this.#ended = true;
    // The library writes its farewell before it closes.
    this.client.unbind().catch(() => undefined);
    this.#socket?.unref();
  }

  #watch(socket: Socket): Socket {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received += chunk.length;
      if (this.#received > LARGEST_ANSWER) socket.destroy(new Error("answer is too large"));
    });
    return socket;
  }
}

export class LdapServer {
  readonly #options: LdapServerOptions;
  #session: Session | undefined;
  /** One attempt at a time; all who wait share it. */
  #opening: Promise<Session> | undefined;

  constructor(options: LdapServerOptions) {
    this.#options = options;
  }

  /** Never throws. A question that meets a connection which broke while idle is asked once more on a new one. */
  async search(search: LdapSearch): Promise<LdapAnswer> {
    for (;;) {
      const reused = this.#session?.isOpen ? this.#session : undefined;
      let session: Session;
      try {
        session = reused ?? (await this.#open());
      } catch (error) {
        return { kind: "failed", phase: "connect", problem: problemOf(error) };
      }
      try {
        return await session.use((client) => ask(client, search));
      } catch (error) {
        const problem = problemOf(error);
        if (resultCodeOf(error) !== undefined) return { kind: "failed", phase: "search", problem };
        this.#drop(session);
        if (!reused || /timed out|too large/.test(problem)) return { kind: "failed", phase: "search", problem };
      }
    }
  }

  /** Ends the connection unless another map is using it; the next search opens a new one. */
  close(): void {
    if (this.#session?.isIdle) this.#drop(this.#session);
  }

  #open(): Promise<Session> {
    this.#opening ??= this.#connect()
      .then((session) => (this.#session = session))
      .finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #connect(): Promise<Session> {
    const { Client: ClientClass } = await import("ldapts");
    let trouble: unknown;
    for (const address of this.#options.addresses) {
      const session = new Session(ClientClass, address, this.#options);
      try {
        await session.use((client) => client.bind(toText(this.#options.dn), toText(this.#options.password)));
        return session;
      } catch (error) {
        trouble = error;
        session.end();
      }
    }
    throw trouble;
  }

  #drop(session: Session): void {
    session.end();
    if (this.#session === session) this.#session = undefined;
  }
}

async function ask(client: Client, search: LdapSearch): Promise<LdapAnswer> {
  // No size limit is sent: the library would then hide that the server left entries out.
  const { searchEntries, searchReferences } = await client.search(toText(search.base), {
    scope: search.scope,
    derefAliases: search.deref,
    filter: search.filter,
    attributes: [...search.attributes],
    timeLimit: search.timeLimit,
  });
  const entries = searchEntries.map((entry) =>
    // Beside the attributes of the entry, the library gives its name.
    Object.entries(entry)
      .filter(([name]) => name !== "dn")
      .map(([name, values]) => [name, [values].flat().map(toOctets)] as const),
  );
  return { kind: "entries", entries, referred: searchReferences.length > 0 };
}

function urlOf({ host, port, secure }: Exclude<LdapAddress, { path: string }>): string {
  return `${secure ? "ldaps" : "ldap"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function toText(octets: string): string {
  return Buffer.from(octets, "latin1").toString("utf8");
}

function toOctets(value: string | Buffer): string {
  return (typeof value === "string" ? Buffer.from(value, "utf8") : value).toString("latin1");
}

/** The library's errors about results carry the number of the result. */
function resultCodeOf(error: unknown): number | undefined {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "number" ? code : undefined;
}

function problemOf(error: unknown): string {
  const code = resultCodeOf(error);
  if (code !== undefined) return RESULT_TEXTS[code] ?? `LDAP result ${code}`;
  const system = NETWORK_TEXTS[(error as NodeJS.ErrnoException).code ?? ""];
  if (system !== undefined) return system;
  const text = errorText(error).replaceAll("\n", ": ");
  return text.startsWith("Connection closed before") ? "Can't contact LDAP server" : text;
}
