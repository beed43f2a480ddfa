/**
 * Dovecot as the one who knows passwords: its auth-client socket speaks the mechanisms itself, and we carry the octets.
 *
 *     both    VERSION 1 1                     first of all
 *     server  MECH PLAIN plaintext ... DONE   what it serves
 *     client  AUTH 7 PLAIN service=smtp rip=192.0.2.1 secured resp=BASE64
 *     server  CONT 7 BASE64, OK 7 user=joe, FAIL 7 user=joe temp
 *     client  CONT 7 BASE64, CANCEL 7
 *
 * One connection serves all sessions. When it is lost, exchanges under way fail for now, and the next one opens another.
 */
import { connect, type Socket } from "node:net";
import type { Authenticator, LoginExchange } from "../auth/authenticator.ts";
import type { ConnectionFacts, ServerStep } from "../auth/exchange.ts";
import { type DovecotLine, escapeField, parseDovecotLine } from "./dovecot-lines.ts";

const VERSION = 1;
/** For the handshake and for each answer, ms; Dovecot itself waits some seconds after a wrong password. */
const PATIENCE = 60_000;
/** A line that is longer is none of Dovecot's. */
const LONGEST_LINE = 65_536;
/** Mechanisms that it may have and that SMTP has no use for. */
const NOT_OURS = new Set(["ANONYMOUS", "APOP"]);

export interface DovecotOptions {
  readonly socket: string;
  readonly patience?: number;
  /** Hears why nobody can be asked, once until it is possible again. */
  readonly report: (text: string) => void;
}

export class DovecotAuthenticator implements Authenticator {
  readonly #options: DovecotOptions;
  #line: Promise<DovecotConnection | undefined> | undefined;
  #isClosed = false;
  #told = false;

  constructor(options: DovecotOptions) {
    this.#options = options;
  }

  async mechanisms(_connection: ConnectionFacts): Promise<readonly string[]> {
    return (await this.#open())?.mechanisms ?? [];
  }

  start(mechanism: string, facts: ConnectionFacts): LoginExchange {
    let exchange: DovecotExchange | undefined;
    const begin = async (initial: Buffer | undefined): Promise<ServerStep> => {
      const line = await this.#open();
      if (line === undefined) return { kind: "unavailable", reason: "Dovecot does not answer" };
      exchange = line.exchange();
      return exchange.begin(mechanism, facts, initial);
    };
    return {
      begin,
      step: (response) => exchange?.step(response) ?? { kind: "malformed", reason: "nothing was begun" },
      cancel: () => exchange?.cancel(),
    };
  }

  /** Whom Dovecot let in stays in: it has no way to tell us. */
  isStillGood(): boolean {
    return true;
  }

  close(): void {
    this.#isClosed = true;
    void this.#line?.then((line) => line?.close());
  }

  /** The connection that is there, or a new one; undefined when there is none to be had. */
  #open(): Promise<DovecotConnection | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined);
    this.#line ??= this.#connect();
    return this.#line;
  }

  async #connect(): Promise<DovecotConnection | undefined> {
    const { socket, patience = PATIENCE, report } = this.#options;
    try {
      const line = await DovecotConnection.open(socket, patience, () => (this.#line = undefined));
      this.#told = false;
      return line;
    } catch (error) {
      this.#line = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#told) report(`Dovecot ${socket}: ${reason}`);
      this.#told = true;
      return undefined;
    }
  }
}

type Listener = (line: DovecotLine | undefined) => void;

class DovecotConnection {
  readonly mechanisms: string[] = [];
  readonly #socket: Socket;
  readonly #patience: number;
  /** Who waits for an answer, by the number of the exchange. */
  readonly #waiting = new Map<string, Listener>();
  #exchanges = 0;
  #rest = "";

  private constructor(socket: Socket, patience: number) {
    this.#socket = socket;
    this.#patience = patience;
  }

  /** Connects and shakes hands. @param lost hears when the connection is over */
  static open(path: string, patience: number, lost: () => void): Promise<DovecotConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      // A server that has nothing else to do may end.
      socket.unref();
      const line = new DovecotConnection(socket, patience);
      const fail = (reason: string): void => {
        socket.destroy();
        reject(new Error(reason));
      };
      const timer = setTimeout(() => fail("no handshake in time"), patience);
      socket.on("error", (error) => fail(error.message));
      socket.on("close", () => {
        clearTimeout(timer);
        lost();
        line.#drop();
        fail("it closed the connection");
      });
      socket.on("data", (octets: Buffer) => {
        for (const each of line.#linesOf(octets)) {
          if (each.kind === "version" && each.major !== VERSION) fail(`protocol version ${each.major}`);
          else if (each.kind === "mechanism") line.#offer(each.name);
          else if (each.kind === "done") {
            clearTimeout(timer);
            resolve(line);
          } else line.#hear(each);
        }
      });
      line.send("VERSION", String(VERSION), "1");
      line.send("CPID", String(process.pid));
    });
  }

  #offer(name: string): void {
    if (!NOT_OURS.has(name)) this.mechanisms.push(name);
  }

  #linesOf(octets: Buffer): DovecotLine[] {
    const lines = (this.#rest + octets.toString("utf8")).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > LONGEST_LINE) this.#socket.destroy();
    return lines.map(parseDovecotLine);
  }

  #hear(line: DovecotLine): void {
    if (!("id" in line)) return;
    const listener = this.#waiting.get(line.id);
    this.#waiting.delete(line.id);
    listener?.(line);
  }

  /** Nobody will be answered any more. */
  #drop(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const listener of waiting) listener(undefined);
  }

  exchange(): DovecotExchange {
    this.#exchanges = (this.#exchanges % 0x7fff_ffff) + 1;
    return new DovecotExchange(this, String(this.#exchanges));
  }

  send(...fields: readonly string[]): void {
    if (this.#socket.writable) this.#socket.write(`${fields.map(escapeField).join("\t")}\n`);
  }

  /** The next line about an exchange; undefined when none comes. */
  answer(id: string): Promise<DovecotLine | undefined> {
    if (this.#socket.destroyed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        resolve(undefined);
      }, this.#patience);
      this.#waiting.set(id, (line) => {
        clearTimeout(timer);
        resolve(line);
      });
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

class DovecotExchange {
  readonly #line: DovecotConnection;
  readonly #id: string;

  constructor(line: DovecotConnection, id: string) {
    this.#line = line;
    this.#id = id;
  }

  begin(mechanism: string, facts: ConnectionFacts, initial: Buffer | undefined): Promise<ServerStep> {
    const { secure, clientAddress, serverAddress } = facts;
    const fields = ["service=smtp", `lip=${serverAddress}`, `rip=${clientAddress}`];
    if (secure) fields.push("secured");
    // It comes last: what follows it would be part of it.
    if (initial !== undefined) fields.push(`resp=${initial.toString("base64")}`);
    this.#line.send("AUTH", this.#id, mechanism, ...fields);
    return this.#answer();
  }

  step(response: Buffer): Promise<ServerStep> {
    this.#line.send("CONT", this.#id, response.toString("base64"));
    return this.#answer();
  }

  cancel(): void {
    this.#line.send("CANCEL", this.#id);
  }

  async #answer(): Promise<ServerStep> {
    const line = await this.#line.answer(this.#id);
    switch (line?.kind) {
      case "continue":
        return { kind: "challenge", octets: line.octets };
      case "ok":
        if (line.user === undefined) return { kind: "unavailable", reason: "Dovecot names no user" };
        return { kind: "accepted", identity: { user: line.user, actAs: line.user } };
      case "fail":
        if (line.isTemporary) return { kind: "unavailable", reason: "Dovecot cannot tell now" };
        return { kind: "refused", ...(line.user !== undefined && { user: line.user }) };
      default:
        return { kind: "unavailable", reason: "Dovecot does not answer" };
    }
  }
}
