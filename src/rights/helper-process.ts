/**
 * The root helper: the only process that stays root for as long as the server runs, and the door through which the server gets
 * what needs root. Started by the server while that is root still, before it has heard a stranger.
 *
 * It starts pool processes (pool-process.ts) and hands the server a connection to each, as it does with programs that speak SMTP
 * or LMTP (conversations.ts); opens ports that the configuration names; reads files that it names; at a reload has the
 * configuration read again by a child of its own; takes pid file and sockets away at the end. Nothing else, and no octet of a
 * message.
 *
 * Somebody who has taken the server over could, through this door and the pool: deliver any text into the mailbox of any user;
 * append to files and run the programs of the mailers, with any arguments (that is any command, where the configuration has a
 * prog mailer), as any user but root (who may be in a group that is as good as root: docker, disk); read whatever those users
 * may read; listen on the ports of the configuration; read the
 * files that the terms name (keys among them; never one of root's by a link that others could have laid). Where a mailer runs its program as root (F=S, U=root), he could start that: with
 * the words of its A=, for users that there are, and choose sender and detail, no option, and no file but texts of root's below
 * /etc (program-words.ts); what it does with the message and these words as root is then for that program to answer. He could
 * keep the machine busy: tasks without end fill memory and disk of the pool, which is nothing of his own, up to its limits. He
 * could make the helper deaf, or end it, by half a line or one without end on its channel, as he can end the server itself.
 *
 * He could not: choose what a program of root's is begun with beyond that, its environment or its folder; read or write a file
 * of root's but mailboxes that the configuration gives to root; make a user's ids out of numbers; choose the niceness or the
 * root folder of a program; change what the configuration says, nor what of it counts here. Who is to be guarded against the
 * former, too, has his users' mail taken by an LMTP server of their own.
 */
import { type ChildProcess, execFile, type SendHandle, spawn } from "node:child_process";
import { createServer, type Server, type Socket } from "node:net";
import { type HelperAnswer, type HelperRequest, parseRequest, type PoolMessage, requestId } from "./helper-messages.ts";
import { type MadeFile, removeMade } from "./made-files.ts";
import { readNamed } from "./named-file.ts";
import { converse } from "./conversations.ts";
import { parseTerms, type PortTerm, type Terms } from "./terms.ts";

/** File descriptor of a pool process's connection to the server. */
export const CONNECTION = 3;
const LARGEST_TERMS = 16 * 1024 * 1024;
/** The server wants four at most; those that end take their time. */
const MOST_POOLS = 12;
/** Reading a configuration asks name servers at worst. ms */
const LONGEST_RELOAD = 120_000;
/** A message may repeat what the server has named. */
const LONGEST_ERROR = 1_000;

type Answer = Omit<HelperAnswer, "id">;

class HelperProcess {
  readonly #command: readonly string[];
  readonly #pools = new Set<ChildProcess>();
  #terms: Terms | undefined;
  #termsCommand: readonly string[] = [];
  #made: readonly MadeFile[] = [];

  /** @param command how this program is started as a hidden personality: node, its flags, script, `--worker` */
  constructor(command: readonly string[]) {
    this.#command = command;
  }

  /** Anything that was JSON may come. What has no number is no request, and nobody waits for an answer. */
  async handle(given: unknown, reply: (answer: HelperAnswer, handle?: SendHandle) => void): Promise<void> {
    const id = requestId(given);
    if (id === undefined) return complain("a request without a number");
    try {
      const { answer, handle } = await this.#do(parseRequest(given));
      reply({ id, ...answer }, handle);
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      reply({ id, error: message.slice(0, LONGEST_ERROR), ...(code === undefined ? {} : { code }) });
    }
  }

  /** The server has gone: nothing of ours stays, stopped processes neither. */
  end(): void {
    for (const child of this.#pools) child.kill("SIGKILL");
    this.#tidy();
  }

  async #do(request: HelperRequest): Promise<{ readonly answer: Answer; readonly handle?: SendHandle }> {
    if (request.verb === "begin") return { answer: this.#begin(request) };
    const terms = this.#terms;
    if (terms === undefined) throw new Error("the root helper has no terms yet");
    switch (request.verb) {
      case "pool":
        return { answer: {}, handle: await this.#startPool(terms) };
      case "listen":
        return { answer: {}, handle: await listen(terms, request.port, request.backlog) };
      case "read":
        return { answer: { octets: readNamed(terms, request.path).toString("base64") } };
      case "reload":
        return { answer: await this.#reload() };
      case "tidy":
        return { answer: this.#tidy() };
      case "converse":
        return { answer: {}, handle: await converse(terms, request.who, request.program) };
    }
  }

  #begin({ terms, termsCommand, made }: Extract<HelperRequest, { readonly verb: "begin" }>): Answer {
    if (this.#terms !== undefined) throw new Error("the root helper has its terms already");
    this.#terms = terms;
    this.#termsCommand = termsCommand;
    this.#made = made;
    return {};
  }

  #tidy(): Answer {
    removeMade(this.#made);
    this.#made = [];
    return {};
  }

  /** The connection is the server's: the child has one end, the handle goes to the server. */
  #startPool(terms: Terms): Promise<Socket> {
    if (this.#pools.size >= MOST_POOLS) return Promise.reject(new Error("there are enough pool processes"));
    const [program, ...words] = this.#command;
    const { TZ } = process.env;
    const child = spawn(program, [...words, "pool"], {
      env: { PATH: "/usr/bin:/bin", UV_THREADPOOL_SIZE: "1", ...(TZ === undefined ? {} : { TZ }) },
      stdio: ["ignore", "ignore", "inherit", "pipe", "ipc"],
    });
    this.#pools.add(child);
    child.once("exit", () => this.#pools.delete(child));
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("spawn", () => {
        tell(child, { terms });
        resolve(child.stdio[CONNECTION] as unknown as Socket);
      });
    });
  }

  async #reload(): Promise<Answer> {
    const [program, ...words] = this.#termsCommand;
    if (program === undefined) throw new Error("there is no configuration to read again");
    const { output, messages, isRead } = await runChild(program, words);
    if (!isRead) return { messages };
    const terms = parseTerms(JSON.parse(output));
    this.#terms = terms;
    for (const child of this.#pools) tell(child, { terms });
    return { terms, messages };
  }
}

/** Entry of the personality. Resolves when the server is gone. */
export function runHelper(command: readonly string[]): Promise<void> {
  // The server is told to end by signal, and ends the helper by going away.
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => undefined);
  const helper = new HelperProcess(command);
  // Node reads the channel, and throws at what is no JSON, or a command of Node's own that it does not know.
  process.on("uncaughtException", (error) => complain(error.message));
  return new Promise((resolve) => {
    process.on("message", (message, given: SendHandle | undefined) => {
      // Nobody has anything to give to this process.
      closeOwn(given);
      void helper.handle(message, (answer, handle) => {
        // A server that has just gone cannot be told; the disconnect ends this process.
        process.send?.(answer, handle, undefined, () => closeOwn(handle));
      });
    });
    const server = process.ppid;
    const end = (): void => {
      helper.end();
      resolve();
      // At once: a pool process that was just asked for would keep this one, and this one that.
      process.exit(0);
    };
    process.once("disconnect", end);
    // Node does not tell of the end of a channel while a handle waits in it for an answer.
    const look = (): void => {
      if (process.ppid !== server) end();
    };
    process.on("SIGCONT", look);
    setInterval(look, 1_000).unref();
  });
}

let isComplained = false;

/** Said once: whoever sends such a thing may send more of it, and standard error may be what fails. */
function complain(reason: string): void {
  if (isComplained) return;
  isComplained = true;
  process.stderr.write(`rulemail: root helper: the server sends what it never sends: ${reason.slice(0, 200)}\n`);
}

/** The server has it now: a listener that stays here would keep the port. */
function closeOwn(handle: SendHandle | undefined): void {
  if (handle === undefined || handle === null) return;
  if ("destroy" in handle) handle.destroy();
  else if ("close" in handle) handle.close();
}

function tell(child: ChildProcess, message: PoolMessage): void {
  if (child.connected) child.send(message, () => undefined);
}

/** The bare handle: whoever gets it decides where, and in which thread, it is listened to. */
function listen({ ports }: Terms, { host, port, family }: PortTerm, backlog: number): Promise<SendHandle> {
  const isNamed = ports.some((each) => each.host === host && each.port === port && each.family === family);
  if (!isNamed) return Promise.reject(new Error(`the configuration has no port ${host}:${port}`));
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    const address = host === "" ? (family === 4 ? "0.0.0.0" : "::") : host;
    server.listen({ host: address, port, backlog, ipv6Only: family === 6, exclusive: true }, () =>
      resolve((server as unknown as { readonly _handle: Server })._handle),
    );
  });
}

interface ChildOutput {
  readonly output: string;
  readonly messages: readonly string[];
  readonly isRead: boolean;
}

function runChild(program: string, words: readonly string[]): Promise<ChildOutput> {
  return new Promise((resolve) => {
    const options = { timeout: LONGEST_RELOAD, maxBuffer: LARGEST_TERMS, encoding: "utf8" } as const;
    const child = execFile(program, words, options, (error, output, errors) => {
      const messages = errors.split("\n").filter((line) => line !== "");
      if (error !== null && messages.length === 0) messages.push(error.message);
      resolve({ output, messages, isRead: error === null });
    });
    child.stdin?.end();
  });
}
