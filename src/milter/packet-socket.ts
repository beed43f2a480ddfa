/** A socket to a filter that sends and receives packets, each within its time. Failures are FilterErrors. */
import { connect, type Socket } from "node:net";
import { FilterError, type FilterErrorKind, type FilterSettings } from "./filter.ts";
import { type Packet, PacketReader } from "./packets.ts";

/** Octets that may wait for a reader before the socket is stopped. */
const BACKLOG = 256 * 1024;

/**
 * Where what comes is read into, for all sockets: it is copied before the next one reads. A stream would take 64 KB of memory for
 * the five octets of an answer, and a third of the time that the whole exchange takes.
 */
const INCOMING = Buffer.allocUnsafeSlow(64 * 1024);

interface Waiter {
  readonly resolve: (packet: Packet) => void;
  readonly reject: (error: FilterError) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

export class PacketSocket {
  readonly #socket: Socket;
  readonly #settings: FilterSettings;
  readonly #reader = new PacketReader();
  #unread = 0;
  #isStopped = false;
  #waiter: Waiter | undefined;
  #drained: (() => void)[] = [];
  #failure: FilterError | undefined;
  /** It was closed by us: the usual end, which needs no error unless somebody goes on. */
  #isEnded = false;

  private constructor(socket: Socket, settings: FilterSettings) {
    this.#socket = socket;
    this.#settings = settings;
    socket.on("drain", () => this.#release());
    socket.on("error", (error) => this.#lost(`the connection broke: ${error.message}`, error));
    socket.on("close", () => this.#lost("it closed the connection"));
  }

  /** Rejects with a FilterError that says who was to be reached. */
  static connect(settings: FilterSettings): Promise<PacketSocket> {
    const { name, address, timeouts } = settings;
    return new Promise((resolve, reject) => {
      let taker: PacketSocket | undefined;
      const callback = (length: number): boolean => {
        if (taker !== undefined) taker.#take(INCOMING.subarray(0, length));
        return true;
      };
      const onread = { buffer: INCOMING, callback };
      const socket = connect(
        address.kind === "unix"
          ? { path: address.path, onread }
          : { host: address.host, port: address.port, family: address.kind === "inet6" ? 6 : 4, noDelay: true, onread },
      );
      const refuse = (kind: FilterErrorKind, why: string, cause?: unknown): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(new FilterError(name, kind, `cannot connect to ${describeAddress(settings)}: ${why}`, cause));
      };
      const timer = limit(timeouts.connect, () => refuse("timeout", `not within ${seconds(timeouts.connect)}`));
      const failed = (error: Error): void => refuse("connect", error.message, error);
      socket.once("error", failed);
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.off("error", failed);
        resolve((taker = new PacketSocket(socket, settings)));
      });
    });
  }

  /** Why it is of no use any more. */
  get failure(): FilterError | undefined {
    if (this.#isEnded && !this.#failure) {
      this.#failure = new FilterError(this.#settings.name, "closed", "the connection was closed");
    }
    return this.#failure;
  }

  /** Nothing has gone wrong with it, and it was not closed. */
  get isOpen(): boolean {
    return !this.#isEnded && this.#failure === undefined;
  }

  /** The filter said something that was not asked for yet. */
  get hasUnread(): boolean {
    return !this.#reader.isEmpty;
  }

  /**
   * Hands octets over; a promise where the filter does not take them at once, rejected when it does not within its time.
   * @param doing for messages: "MAIL"
   */
  send(octets: Buffer, doing: string): Promise<void> | undefined {
    if (!this.isOpen) return Promise.reject(this.failure);
    if (this.#socket.write(octets)) return undefined;
    return new Promise((resolve, reject) => {
      const { send } = this.#settings.timeouts;
      const timer = limit(send, () => this.fail("timeout", `it did not take ${doing} within ${seconds(send)}`));
      this.#drained.push(() => {
        clearTimeout(timer);
        if (this.failure) reject(this.failure);
        else resolve();
      });
    });
  }

  /** The next packet. @param within ms; 0: however long it takes */
  receive(within: number, doing: string): Promise<Packet> {
    const there = this.#next();
    if (there) return Promise.resolve(there);
    if (!this.isOpen) return Promise.reject(this.failure);
    // A packet may be larger than what is read ahead.
    this.#stop(false);
    return new Promise((resolve, reject) => {
      const timer = limit(within, () => this.fail("timeout", `no answer to ${doing} within ${seconds(within)}`));
      this.#waiter = { resolve, reject, timer };
    });
  }

  /** The end: whoever waits hears of it, and the connection is closed. The first failure counts. */
  fail(kind: FilterErrorKind, message: string, cause?: unknown): FilterError {
    this.#failure ??= new FilterError(this.#settings.name, kind, message, cause);
    this.#socket.destroy();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    clearTimeout(waiter?.timer);
    waiter?.reject(this.#failure);
    this.#release();
    return this.#failure;
  }

  #lost(message: string, cause?: unknown): void {
    if (this.isOpen) this.fail("closed", message, cause);
    else if (this.#waiter) this.fail("closed", "the connection was closed");
    else this.#release();
  }

  /** Sends what is to be sent last, and closes. */
  end(octets: Buffer): void {
    this.#isEnded = true;
    if (octets.length > 0 && this.#socket.write(octets) && this.#socket.writableLength === 0) {
      this.#socket.destroy();
      return;
    }
    // A filter that takes nothing must not keep the socket: half a second, or the time for sending.
    const timer = setTimeout(() => this.#socket.destroy(), Math.min(this.#settings.timeouts.send || 500, 500));
    timer.unref();
    this.#stop(false);
    this.#socket.end(() => {
      clearTimeout(timer);
      this.#socket.destroy();
    });
  }

  /** A connection that nobody uses keeps no process alive. */
  setIdle(isIdle: boolean): void {
    if (isIdle) this.#socket.unref();
    else this.#socket.ref();
  }

  /** Reads no more for now, or goes on. */
  #stop(isStopped: boolean): void {
    if (this.#isStopped === isStopped) return;
    this.#isStopped = isStopped;
    if (isStopped) this.#socket.pause();
    else this.#socket.resume();
  }

  /** @param octets that are there until this returns */
  #take(octets: Buffer): void {
    this.#reader.push(Buffer.from(octets));
    this.#unread += octets.length;
    const waiter = this.#waiter;
    const packet = waiter ? this.#next() : undefined;
    if (waiter && packet) {
      this.#waiter = undefined;
      clearTimeout(waiter.timer);
      waiter.resolve(packet);
    }
    if (!this.#waiter && this.#unread > BACKLOG) this.#stop(true);
  }

  /** A packet that is there. What is no packet ends the connection. */
  #next(): Packet | undefined {
    try {
      const packet = this.#reader.next();
      if (packet) this.#unread -= packet.data.length + 5;
      return packet;
    } catch (error) {
      this.fail("protocol", `it sent ${(error as Error).message}`);
      return undefined;
    }
  }

  #release(): void {
    const waiting = this.#drained;
    this.#drained = [];
    for (const each of waiting) each();
  }
}

function limit(ms: number, act: () => void): NodeJS.Timeout | undefined {
  return ms > 0 ? setTimeout(act, ms) : undefined;
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}

/** As X lines write it: `inet:8891@localhost`, `unix:/run/filter.sock`. */
export function describeAddress({ address }: Pick<FilterSettings, "address">): string {
  return address.kind === "unix" ? `unix:${address.path}` : `${address.kind}:${address.port}@${address.host}`;
}
