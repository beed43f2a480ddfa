/**
 * The class socket: asks a server over a stream socket. `Kname socket inet:port@host` or `local:/path`.
 *
 *     → 10:users joe42,        map name, blank, key
 *     ← 14:OK joe@a.example,   or NOTFOUND, TEMP, TIMEOUT, PERM, each with an optional text
 *
 * One connection is kept and used for one question after the other; when it breaks, the question is asked once more on a
 * new one. -d gives the seconds an answer may take.
 */
import { connect, type Socket } from "node:net";
import type { Clock } from "../sys/clock.ts";
import { EX } from "../sys/sysexits.ts";
import type { LookupContext } from "../rewriting/lookup-map.ts";
import { COMMON_FLAGS, type MapFlags } from "./flags.ts";
import { type BareMap, type BareResult, found, MISSING, type MapClass, tempfail } from "./map-class.ts";
import { encodeNetstring, readNetstring } from "./netstring.ts";

const DEFAULT_TIMEOUT = 60_000;
const LONGEST_REPLY = 100_000;

export type SocketAddress = { readonly path: string } | { readonly port: number; readonly host: string };

export const socketClass: MapClass = {
  flags: COMMON_FLAGS,
  open({ declaration: { name }, flags, environment, problem }): BareMap | undefined {
    if (flags.rest === "") {
      problem(`No file name for socket map ${name}`);
      return undefined;
    }
    const address = readSocketAddress(flags.firstWord);
    const timeout = (Number.parseInt(flags.value("d") ?? "", 10) || 0) * 1000 || DEFAULT_TIMEOUT;
    if (address === undefined) {
      return neverOpen(name, flags);
    }
    let told = false;
    const client = new SocketClient(address, timeout, environment.clock);
    return {
      async find(key, _args, context) {
        const reply = await client.ask(`${name} ${key}`);
        if ("text" in reply) return readReply(reply.text, name);
        if (flags.has("o") && reply.phase === "connect") return MISSING;
        if (!told && "path" in address && reply.code === "ENOENT") {
          told = true;
          context.message?.(
            `socket map "${name}": local socket name ${address.path} unsafe: No such file or directory`,
          );
        }
        return tempfail(`socket map "${name}": ${reply.problem}`);
      },
      close: () => client.close(),
    };
  },
};

/** A K line whose address is none: told at the first look-up; with -o nothing is found. */
function neverOpen(name: string, flags: MapFlags): BareMap {
  const scheme = flags.firstWord.split(":", 1)[0];
  const problem = `socket map "${name}": unknown socket type ${scheme}: Protocol not supported`;
  let told = false;
  const tell = (context: LookupContext): void => {
    if (!told) context.message?.(problem);
    told = true;
  };
  return {
    prepare: tell,
    find(_key, _args, context) {
      tell(context);
      return flags.has("o") ? MISSING : tempfail(problem);
    },
    available: () => false,
  };
}

/** `inet:25@host`, `inet6:25@host`, `unix:/path`, `local:/path`, `/path`; undefined when it is none of them. */
function readSocketAddress(text: string): SocketAddress | undefined {
  const local = /^(?:(?:unix|local):)?(\/.*)$/.exec(text);
  if (local) return { path: local[1] };
  const inet = /^inet6?:(\d{1,5})@\[?([^\]]+)\]?$/.exec(text);
  if (!inet || Number(inet[1]) > 65535) return undefined;
  return { port: Number(inet[1]), host: inet[2] };
}

function readReply(reply: string, name: string): BareResult {
  const [, word, text] = /^(\S*) ?(.*)$/s.exec(reply)!;
  switch (word) {
    case "OK":
      return found(text);
    case "NOTFOUND":
      return { kind: "missing", status: EX.NOHOST };
    case "PERM":
      return { kind: "missing", status: EX.UNAVAILABLE };
    case "TEMP":
    case "TIMEOUT":
      return tempfail(`socket map "${name}": ${word} ${text}`.trimEnd());
    default:
      return { kind: "missing", status: EX.PROTOCOL };
  }
}

type Reply =
  | { readonly text: string }
  | { readonly phase: "connect" | "answer"; readonly problem: string; readonly code?: string };

class SocketClient {
  readonly #address: SocketAddress;
  readonly #timeout: number;
  readonly #clock: Clock;
  #socket: Socket | undefined;
  /** The end of the questions before: one at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(address: SocketAddress, timeout: number, clock: Clock) {
    this.#address = address;
    this.#timeout = timeout;
    this.#clock = clock;
  }

  ask(question: string): Promise<Reply> {
    const answer = this.#last.then(() => this.#askNow(question));
    this.#last = answer;
    return answer;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #askNow(question: string): Promise<Reply> {
    const reused = this.#socket !== undefined;
    const first = await this.#exchange(question);
    // The server may have closed the connection while nothing was asked: not its refusal to answer this.
    return "phase" in first && reused ? this.#exchange(question) : first;
  }

  #exchange(question: string): Promise<Reply> {
    return new Promise((resolve) => {
      const socket = (this.#socket ??= this.#connect());
      let phase: "connect" | "answer" = socket.connecting ? "connect" : "answer";
      let received: Buffer = Buffer.alloc(0);
      const onConnect = (): void => void (phase = "answer");
      const onError = (error: NodeJS.ErrnoException): void => {
        finish({ phase, problem: error.message, ...(error.code === undefined ? {} : { code: error.code }) });
      };
      const onClose = (): void => finish({ phase, problem: "connection closed" });
      const onData = (chunk: Buffer): void => {
        received = Buffer.concat([received, chunk]);
        const reading = readNetstring(received, LONGEST_REPLY);
        if (reading.kind === "wrong") finish({ phase, problem: "reply is no netstring" });
        else if (reading.kind === "complete") finish({ text: reading.text });
      };
      const onTimeout = (): void => finish({ phase, problem: `no answer in ${this.#timeout / 1000} seconds` });
      const cancel = this.#clock.after(this.#timeout, onTimeout);
      const finish = (reply: Reply): void => {
        cancel();
        socket.off("connect", onConnect).off("error", onError).off("close", onClose).off("data", onData);
        if ("problem" in reply) this.#drop(socket);
        else socket.unref();
        resolve(reply);
      };
      socket.on("connect", onConnect).on("error", onError).on("close", onClose).on("data", onData);
      socket.ref();
      socket.write(encodeNetstring(question));
    });
  }

  #connect(): Socket {
    const socket = connect(this.#address);
    socket.setNoDelay(true);
    // Without a listener an error of an idle connection would end the process.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    return socket;
  }

  #drop(socket: Socket): void {
    socket.destroy();
    if (this.#socket === socket) this.#socket = undefined;
  }
}
