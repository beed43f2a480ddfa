/**
 * A program that speaks SMTP or LMTP on its standard input and output (`P=/usr/libexec/mail.local, A=mail.local -l`),
 * as something the SMTP client can hold a conversation with.
 *
 * Such a program delivers for many users and often becomes each of them itself, so it begins with the rights that the mailer has
 * (F=S, U=, else DefaultUser): the root helper starts it (rights/conversations.ts). A server without root's rights starts it
 * itself, with its own.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { once } from "node:events";
import { Duplex, type Readable, type Writable } from "node:stream";
import type { Mailer } from "../../config/mailer.ts";
import type { DeliveryEnvironment } from "../environment.ts";
import { programEnvironment } from "../program-environment.ts";
import { rightsOfMailer } from "../rights.ts";

/** Rejects when it cannot be started, or may not be. */
export async function startProgram(
  { config, users, workers }: DeliveryEnvironment,
  mailer: Mailer,
  argv: readonly string[],
): Promise<Socket> {
  const { path } = mailer;
  if (workers.converse !== undefined) {
    const who = await rightsOfMailer({ config, users, mailer });
    return workers.converse(who, { path, argv, environment: programEnvironment(config, []) });
  }
  const environment = Object.fromEntries(programEnvironment(config, []).map((line) => line.split(/=(.*)/s, 2)));
  const socket = new ProgramSocket(path, argv, environment as Record<string, string>);
  await once(socket, "connect");
  return socket as unknown as Socket;
}

/** Between asking a program to end and ending it, ms. */
const GRACE = 5_000;

class ProgramSocket extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #timeout = 0;
  #timer: NodeJS.Timeout | undefined;
  #killer: NodeJS.Timeout | undefined;

  /** @param argv the first is the program's own name */
  constructor(path: string, argv: readonly string[], environment: Readonly<Record<string, string>>) {
    super({ allowHalfOpen: false });
    this.#child = spawn(path, argv.slice(1), {
      argv0: argv[0] ?? path,
      cwd: "/",
      env: { ...environment },
      stdio: ["pipe", "pipe", "ignore"],
    });
    const { stdin, stdout } = this.#child;
    this.#child.once("error", (error) => this.destroy(error));
    this.#child.once("spawn", () => this.emit("connect"));
    stdin.on("error", (error) => this.destroy(error));
    stdout.on("data", (chunk: Buffer) => {
      this.#restartTimer();
      if (!this.push(chunk)) stdout.pause();
    });
    stdout.on("end", () => this.push(null));
    stdout.on("error", (error) => this.destroy(error));
  }

  /** As a socket's: "timeout" after so many ms without a word in either direction; 0 for never. */
  setTimeout(milliseconds: number): this {
    this.#timeout = milliseconds;
    this.#restartTimer();
    return this;
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#restartTimer();
    this.#child.stdin.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#child.stdin.end();
    this.#endProgram(GRACE);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#child.stdin.destroy();
    this.#child.stdout.destroy();
    this.#endProgram(0);
    done(error);
  }

  /** Asks the program to end after `wait` ms, and ends it if it does not; nobody waits for it any more. */
  #endProgram(wait: number): void {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    clearTimeout(this.#killer);
    const kill = () => {
      child.kill("SIGTERM");
      this.#killer = setTimeout(() => child.kill("SIGKILL"), GRACE);
      this.#killer.unref();
    };
    child.once("exit", () => clearTimeout(this.#killer));
    child.unref();
    for (const pipe of [child.stdin, child.stdout]) (pipe as Partial<Socket>).unref?.();
    // The conversation is over: what it still has to say is read and dropped, so that it can end.
    child.stdout.resume();
    this.resume();
    if (wait === 0) return kill();
    this.#killer = setTimeout(kill, wait);
    this.#killer.unref();
  }

  #restartTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#timeout > 0 ? setTimeout(() => this.emit("timeout"), this.#timeout) : undefined;
    this.#timer?.unref();
  }
}
