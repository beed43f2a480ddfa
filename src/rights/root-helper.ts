/**
 * The server's side of the root helper (helper-process.ts). Start it first of all, while the process is root; afterwards the
 * process may become somebody else (identity.ts, `becomeForGood`).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type Server, type Socket } from "node:net";
import type { HelperAnswer, HelperRequest } from "./helper-messages.ts";
import type { MadeFile } from "./made-files.ts";
import { withParentDeath } from "./parent-death.ts";
import type { PoolSource } from "./pool-source.ts";
import type { ConversingProgram, TaskUser } from "./task.ts";
import { parseTerms, type PortTerm, type Terms } from "./terms.ts";

export interface RootHelperOptions {
  /** How the processes beside the server are started, without the role (worker-command.ts). */
  readonly command: readonly string[];
  readonly terms: Terms;
  /**
   * Whole command line of a program that reads the configuration again at a reload, and prints terms as JSON; what it says of the
   * configuration goes to standard error, and its status is not 0 when that cannot be used.
   */
  readonly termsCommand: readonly string[];
  /** What the helper takes away when the server is gone. */
  readonly made?: readonly MadeFile[];
  /**
   * Where the processes stand. Mailboxes below it are reached from there, also when users may not enter a folder above it.
   */
  readonly folder: string;
  /** A process that was started before there were terms (spawnHelper); absent: one is started now. */
  readonly child?: ChildProcess | undefined;
}

/**
 * Starts the process: it does nothing before it has terms. Needs root.
 * @param options command and folder: as in RootHelperOptions
 */
export function spawnHelper({ command, folder }: Pick<RootHelperOptions, "command" | "folder">): ChildProcess {
  // Woken when the server is gone, it finds the channel closed and ends what is to end.
  const [program, ...words] = withParentDeath("CONT", [...command, "helper"]);
  return spawn(program, words, { cwd: folder, stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

/** What the helper said about a configuration that was read again. */
export interface Reloaded {
  /** Undefined: it cannot be used, the old terms stay in force. */
  readonly terms: Terms | undefined;
  readonly messages: readonly string[];
}

/** Starting a process or reading a configuration takes long on a busy machine, but not that long, ms. */
const TIMEOUT = 150_000;

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;

interface Waiting {
  readonly resolve: (answer: { readonly answer: HelperAnswer; readonly handle: unknown }) => void;
  readonly reject: (error: Error) => void;
}

export class RootHelper implements PoolSource {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #begun: Promise<unknown>;
  readonly #ended = Promise.withResolvers<string>();
  #isClosed = false;
  #counter = 0;

  /** Starts it; it has the terms before anything else that is asked. Needs root. */
  constructor({ terms, termsCommand, made = [], ...options }: RootHelperOptions) {
    this.#child = options.child ?? spawnHelper(options);
    this.#child.on("message", (message, handle) => this.#receive(message as HelperAnswer, handle));
    this.#child.on("error", (error) => this.#fail(error.message));
    this.#child.on("exit", () => this.#fail("the root helper has ended"));
    // The helper alone does not keep the server running.
    this.#child.unref();
    this.#child.channel?.unref();
    this.#begun = this.#ask({ verb: "begin", terms, termsCommand, made });
    this.#begun.catch((error: unknown) => this.#fail(error instanceof Error ? error.message : String(error)));
  }

  /**
   * Resolves when it has taken the terms.
   * @throws when it could not be started
   */
  async begun(): Promise<void> {
    await this.#begun;
  }

  /** Resolves with the reason when the helper is gone without having been told to: nothing that needs root works any more. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  /** A connection to a new pool process. */
  async open(): Promise<Socket> {
    const { handle } = await this.#ask({ verb: "pool" });
    if (handle === undefined) throw new Error("no connection to the pool process");
    return handle as Socket;
  }

  /**
   * A listening socket on a port of the terms.
   * @throws with the `code` of the system call (EADDRINUSE, ...)
   */
  async listen(port: PortTerm, backlog = 511): Promise<Server> {
    const handle = await this.#socket(port, backlog);
    const server = createServer({ allowHalfOpen: true });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(handle, backlog, () => {
        server.off("error", reject);
        resolve(server);
      });
    });
  }

  /**
   * The same as a descriptor, which another thread is to listen to and to close: the handle that belongs to it here is never
   * touched again, neither listened to nor closed.
   */
  async listenElsewhere(port: PortTerm, backlog = 511): Promise<number> {
    const { fd } = await this.#socket(port, backlog);
    return fd;
  }

  async #socket(port: PortTerm, backlog: number): Promise<{ readonly fd: number }> {
    const { handle } = await this.#ask({ verb: "listen", port, backlog });
    if (handle === undefined) throw new Error("no listening socket from the root helper");
    return handle as { readonly fd: number };
  }

  /**
   * A file that the terms name: a key, a text of the configuration.
   * @throws with the `code` of the system call (ENOENT, ...)
   */
  async readFile(path: string): Promise<Buffer> {
    const { answer } = await this.#ask({ verb: "read", path });
    return Buffer.from(answer.octets ?? "", "base64");
  }

  /** Has the configuration read again with root's rights; pool processes go by the new terms at once. */
  async reload(): Promise<Reloaded> {
    const { answer } = await this.#ask({ verb: "reload" });
    const terms = answer.terms === undefined ? undefined : parseTerms(answer.terms);
    return { terms, messages: answer.messages ?? [] };
  }

  /** A program that speaks SMTP or LMTP on its standard input and output, as one of the identities of the terms. */
  async converse(who: TaskUser, program: ConversingProgram): Promise<Socket> {
    const { handle } = await this.#ask({ verb: "converse", who, program });
    if (handle === undefined) throw new Error("no connection to the program");
    const socket = handle as Socket;
    // It waits for us (program-command.ts).
    socket.write("\n");
    return socket;
  }

  /** Takes away what the server made as root. */
  async tidy(): Promise<void> {
    await this.#ask({ verb: "tidy" });
  }

  close(): void {
    this.#isClosed = true;
    if (this.#child.connected) this.#child.disconnect();
  }

  #ask(request: WithoutId<HelperRequest>): Promise<{ readonly answer: HelperAnswer; readonly handle: unknown }> {
    const id = this.#counter++;
    if (!this.#child.connected) return Promise.reject(new Error("the root helper has ended"));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id, new Error("the root helper does not answer")), TIMEOUT);
      const waiting: Waiting = {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiting.set(id, waiting);
      this.#child.channel?.ref();
      this.#child.send({ id, ...request }, (error) => {
        if (error !== null) this.#settle(id, new Error(error.message, { cause: error }));
      });
    });
  }

  #receive(answer: HelperAnswer, handle: unknown): void {
    const { id, error, code } = answer;
    if (error !== undefined) this.#settle(id, Object.assign(new Error(error), code === undefined ? {} : { code }));
    else if (!this.#settle(id, { answer, handle })) closeUnclaimed(handle);
  }

  #settle(id: number, outcome: Error | { readonly answer: HelperAnswer; readonly handle: unknown }): boolean {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return false;
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#child.channel?.unref();
    if (outcome instanceof Error) waiting.reject(outcome);
    else waiting.resolve(outcome);
    return true;
  }

  #fail(reason: string): void {
    for (const id of this.#waiting.keys()) this.#settle(id, new Error(reason));
    if (!this.#isClosed) this.#ended.resolve(reason);
  }
}

/** Came after nobody waited for it any more. */
function closeUnclaimed(handle: unknown): void {
  if (handle === undefined || handle === null) return;
  if (typeof (handle as Socket).destroy === "function") (handle as Socket).destroy();
  else (handle as Server).close();
}
