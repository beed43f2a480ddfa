/** A real PostgreSQL for tests: own folder, socket and free port; as nobody, since root may not run it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/sys/clock.ts";
import { type Answer, Database } from "../../src/postgres/database.ts";
import { type PostgresSettings, readSettings } from "../../src/postgres/settings-file.ts";
import { PATIENCE_MS, postgresPrograms } from "./foreign-programs.ts";

const NOBODY = 65_534;
/** Of the superuser, over TCP. */
export const POSTGRES_PASSWORD = "p w'#";

export class PostgresServer {
  readonly folder = mkdtempSync(join(tmpdir(), "postgres-"));
  #port = 0;
  #process: ChildProcess | undefined;
  #database: Database | undefined;

  get port(): number {
    return this.#port;
  }

  /** Lines of a settings file for a connection over TCP. */
  get settings(): string {
    return [
      `host = 127.0.0.1`,
      `port = ${this.#port}`,
      "dbname = postgres",
      "user = postgres",
      `password = ${POSTGRES_PASSWORD}`,
    ].join("\n");
  }

  /** @param more lines of postgresql.conf */
  async prepare(more = ""): Promise<void> {
    const secret = join(this.folder, "secret");
    writeFileSync(secret, POSTGRES_PASSWORD, { mode: 0o600 });
    mkdirSync(join(this.folder, "data"), { mode: 0o700 });
    for (const path of [this.folder, secret, join(this.folder, "data")]) this.#giveAway(path);
    const words = ["-D", join(this.folder, "data"), "-U", "postgres", "--pwfile", secret, "--no-sync", "-E", "UTF8"];
    const auth = ["--locale", "C", "--auth-local=trust", "--auth-host=scram-sha-256"];
    const made = spawnSync(join(postgresPrograms()!, "initdb"), [...words, ...auth], {
      encoding: "utf8",
      timeout: PATIENCE_MS,
      ...this.#owner,
    });
    if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
    this.#port = await freePort();
    const lines = `fsync = off\nlisten_addresses = '127.0.0.1'\nport = ${this.#port}\nunix_socket_directories = '${this.folder}'\n`;
    writeFileSync(join(this.folder, "data/postgresql.auto.conf"), `${lines}${more}`);
  }

  /** A file that the server may read. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    this.#giveAway(path);
    return path;
  }

  /** Resolves when the server answers. */
  async start(): Promise<void> {
    const child = spawn(join(postgresPrograms()!, "postgres"), ["-D", join(this.folder, "data")], {
      stdio: ["ignore", "ignore", "pipe"],
      ...this.#owner,
    });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      let said = "";
      child.stderr.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes("ready to accept connections")) resolve();
      });
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`postgres ended with ${code}: ${said}`)));
    });
  }

  /** @param signal SIGINT: sessions end at once; SIGQUIT: as in a crash */
  async stop(signal: "SIGINT" | "SIGQUIT" = "SIGINT"): Promise<void> {
    await this.#database?.close();
    this.#database = undefined;
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }

  /** Runs statements one after the other, as the superuser; the answer of the last one. */
  async run(...statements: readonly string[]): Promise<Answer> {
    let answer: Answer | undefined;
    for (const statement of statements) {
      answer = await this.database().query(statement, []);
      if (answer.kind === "failed") throw new Error(`${statement}: ${answer.problem}`);
    }
    return answer!;
  }

  /** Connections over the socket, closed when the server stops. */
  database(): Database {
    const text = `host = ${this.folder}\nport = ${this.#port}\ndbname = postgres\nuser = postgres\n`;
    return (this.#database ??= new Database(readSettings(text) as PostgresSettings, systemClock));
  }

  get #owner(): { uid: number; gid: number } | Record<string, never> {
    return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  }

  #giveAway(path: string): void {
    if (process.getuid?.() === 0) chownSync(path, NOBODY, NOBODY);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
