/**
 * A PostgreSQL database as the rest of the program asks it: queries with parameters over a few connections, and notices. The only file
 * that knows the package pg.
 *
 * What goes wrong is a value that says what: nothing here decides what it means for mail. After a server could not be reached
 * nobody waits for it again for a while. Idle connections do not keep the process alive.
 */
import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import type { Client, Pool, PoolClient, PoolConfig, QueryConfig } from "pg";
import type { Clock } from "../sys/clock.ts";
import { errorText } from "../sys/safe-file.ts";
import type { PostgresHost, PostgresSettings } from "./settings-file.ts";

export type Answer =
  /** Values as the server writes them as text; null: SQL's NULL. */
  | {
      readonly kind: "rows";
      readonly columns: readonly string[];
      readonly rows: readonly (readonly (string | null)[])[];
    }
  /**
   * "away": no server answers, or not in time. "data": the parameters cannot be what the query compares them with
   * (SQLSTATE class 22). "query": the server does not take the query.
   */
  | { readonly kind: "failed"; readonly because: "away" | "data" | "query"; readonly problem: string };

/** After a connection that failed: how long everybody is told so at once, ms. */
const REST = 2_000;
/** Questions that wait for a connection; more are told that the database is busy. */
const MOST_WAITING = 1_000;
/** Octets of one answer. */
const LARGEST_ANSWER = 16 * 1024 * 1024;
/** Between two attempts to hear notices, ms. */
const LISTEN_AGAIN = 5_000;

/** Text for every type: what a column means is the business of whoever asks. */
const AS_TEXT = { getTypeParser: () => (value: string) => value } as unknown as PoolConfig["types"];

export class Database {
  readonly #settings: PostgresSettings;
  readonly #clock: Clock;
  /** Of the host that is asked. */
  #pool: Promise<Pool> | undefined;
  /** Which host is asked. */
  #host = 0;
  #failed: { readonly at: number; readonly problem: string } | undefined;
  #waiting = 0;
  #isClosed = false;
  readonly #listeners = new Set<Listener>();

  constructor(settings: PostgresSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /**
   * Never throws.
   * @param text with $1, $2 ... for the parameters
   */
  async query(text: string, parameters: readonly string[]): Promise<Answer> {
    const resting = this.#resting();
    if (resting !== undefined) return away(resting);
    if (this.#waiting >= MOST_WAITING) return away("too many questions are waiting");
    this.#waiting++;
    try {
      const client = await this.#connect();
      if (typeof client === "string") return away(client);
      return await this.#ask(client, text, parameters);
    } finally {
      this.#waiting--;
    }
  }

  /**
   * Hears NOTIFY on a channel for as long as the database is open.
   * @param heard gets the payload; undefined: notices may have been lost, since nobody listened
   */
  listen(channel: string, heard: (payload: string | undefined) => void): void {
    const listener = new Listener(channel, heard, (use) => this.#dedicated(use), this.#clock);
    this.#listeners.add(listener);
    listener.start();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const listener of this.#listeners) listener.stop();
    const pool = this.#pool;
    this.#pool = undefined;
    if (pool !== undefined) await end(pool);
  }

  #resting(): string | undefined {
    if (this.#isClosed) return "the database was closed";
    if (this.#failed === undefined) return undefined;
    const since = this.#clock.now() - this.#failed.at;
    if (since >= 0 && since < REST) return this.#failed.problem;
    this.#failed = undefined;
    return undefined;
  }

  /** A connection out of the pool, of the first host that has one; why there is none. */
  async #connect(): Promise<PoolClient | string> {
    const { hosts, wantsPrimary } = this.#settings;
    let problem = "";
    for (let tries = 0; tries < hosts.length; tries++) {
      const at = this.#host;
      try {
        this.#pool ??= this.#open(hosts[at]);
        const client = await (await this.#pool).connect();
        if (!wantsPrimary || hosts.length === 1 || (await isPrimary(client))) return client;
        client.release();
        problem = `${nameOf(hosts[at])} takes no changes`;
      } catch (error) {
        problem = `${nameOf(hosts[at])}: ${problemOf(error)}`;
      }
      // Only who has tried this one goes on to the next: others may have done so meanwhile.
      if (this.#host === at) this.#turnFrom(at);
    }
    this.#failed = { at: this.#clock.now(), problem };
    return problem;
  }

  #turnFrom(at: number): void {
    const pool = this.#pool;
    this.#pool = undefined;
    this.#host = (at + 1) % this.#settings.hosts.length;
    if (pool !== undefined) void end(pool);
  }

  async #open(host: PostgresHost): Promise<Pool> {
    const { default: pg } = await import("pg");
    const pool = new pg.Pool(this.#configuration(host));
    // A connection that breaks while it is idle is missed by nobody.
    pool.on("error", () => undefined);
    return pool;
  }

  #configuration({ host, port }: PostgresHost): PoolConfig {
    const { database, user, password, pool, connectTimeout, queryTimeout } = this.#settings;
    return {
      host,
      port,
      database,
      user,
      // A function: otherwise files and variables of this process's user would be asked.
      password: () => password,
      ssl: tlsOptions(this.#settings, host),
      max: pool,
      connectionTimeoutMillis: connectTimeout,
      query_timeout: queryTimeout,
      application_name: "rulemail",
      client_encoding: "UTF8",
      allowExitOnIdle: true,
      types: AS_TEXT,
    };
  }

  async #ask(client: PoolClient, text: string, parameters: readonly string[]): Promise<Answer> {
    let broken: Error | undefined;
    const question: QueryConfig & { rowMode: "array" } = { text, values: [...parameters], rowMode: "array" };
    if (this.#settings.prepares) question.name = nameFor(text);
    try {
      const { fields, rows } = await client.query<(string | null)[]>(question);
      if (sizeOf(rows) > LARGEST_ANSWER)
        return { kind: "failed", because: "query", problem: "the answer is too large" };
      return { kind: "rows", columns: fields.map(({ name }) => name), rows };
    } catch (error) {
      const because = whyFailed(error);
      if (because === "away") broken = error as Error;
      return { kind: "failed", because, problem: problemOf(error) };
    } finally {
      client.release(broken);
    }
  }

  /** A connection that is nobody else's. */
  async #dedicated(use: (client: Client) => Promise<void>): Promise<void> {
    const { default: pg } = await import("pg");
    const { types: _types, max: _max, ...configuration } = this.#configuration(this.#settings.hosts[this.#host]);
    await use(new pg.Client(configuration));
  }
}

/** Hears one channel; where the connection ends, again after a while. */
class Listener {
  readonly #channel: string;
  readonly #heard: (payload: string | undefined) => void;
  readonly #dedicated: (use: (client: Client) => Promise<void>) => Promise<void>;
  readonly #clock: Clock;
  #client: Client | undefined;
  #isStopped = false;

  constructor(
    channel: string,
    heard: (payload: string | undefined) => void,
    dedicated: (use: (client: Client) => Promise<void>) => Promise<void>,
    clock: Clock,
  ) {
    this.#channel = channel;
    this.#heard = heard;
    this.#dedicated = dedicated;
    this.#clock = clock;
  }

  start(): void {
    void this.#dedicated(async (client) => {
      this.#client = client;
      client.on("error", () => undefined);
      client.on("end", () => this.#again());
      client.on("notification", ({ payload }) => this.#heard(payload ?? ""));
      await client.connect();
      (client as unknown as { unref(): void }).unref();
      await client.query(`LISTEN ${client.escapeIdentifier(this.#channel)}`);
      this.#heard(undefined);
      if (this.#isStopped) await client.end();
    }).catch(() => this.#again());
  }

  stop(): void {
    this.#isStopped = true;
    void this.#client?.end().catch(() => undefined);
  }

  #again(): void {
    this.#client = undefined;
    if (this.#isStopped) return;
    this.#heard(undefined);
    this.#clock.after(LISTEN_AGAIN, () => {
      if (!this.#isStopped) this.start();
    });
  }
}

function away(problem: string): Answer {
  return { kind: "failed", because: "away", problem };
}

async function end(pool: Promise<Pool>): Promise<void> {
  try {
    await (await pool).end();
  } catch {
    // It could not be opened: nothing is left of it.
  }
}

async function isPrimary(client: PoolClient): Promise<boolean> {
  const { rows } = await client.query<[string]>({ text: "SELECT pg_is_in_recovery()", rowMode: "array" });
  return rows[0][0] === "f";
}

function nameOf({ host, port }: PostgresHost): string {
  return `${host}:${port}`;
}

function tlsOptions(settings: PostgresSettings, host: string): ConnectionOptions | false {
  const { tls, authorities, certificate, key } = settings;
  if (tls === "disable" || host.startsWith("/")) return false;
  return {
    ca: textOf(authorities),
    cert: textOf(certificate),
    key: textOf(key),
    rejectUnauthorized: tls !== "require",
    ...(tls === "verify-ca" && { checkServerIdentity: () => undefined }),
  };
}

function textOf(path: string | undefined): string | undefined {
  return path && readFileSync(path, "latin1");
}

/** Statements are prepared under a name made of their text. */
function nameFor(text: string): string {
  return `rulemail_${process.getBuiltinModule("node:crypto").createHash("sha1").update(text).digest("base64url")}`;
}

function sizeOf(rows: readonly (readonly (string | null)[])[]): number {
  let size = 0;
  for (const row of rows) for (const value of row) size += value?.length ?? 0;
  return size;
}

/** By SQLSTATE: 22 is about data, 08, 53 and 57 about the server, all others about the query; without one about the connection. */
function whyFailed(error: unknown): "away" | "data" | "query" {
  const code = sqlState(error);
  if (code === undefined || /^(?:08|53|57|58|25006)/.test(code)) return "away";
  return code.startsWith("22") ? "data" : "query";
}

function sqlState(error: unknown): string | undefined {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith("E") ? code : undefined;
}

function problemOf(error: unknown): string {
  // Several addresses of one name failed.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const text = sqlState(first) === undefined ? errorText(first) : (first as Error).message;
  return text.replaceAll("\n", ": ");
}
