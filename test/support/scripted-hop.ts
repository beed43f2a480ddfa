/**
 * A next hop that misbehaves on purpose: at each moment of a conversation a script says what it does instead of giving
 * the usual answer. It keeps two accounts, in its own words: what it really took (in data mode, up to the final dot,
 * answered 2xx after that), and what a client in step with it would never have sent.
 *
 *   const script: HopScript = ({ moment, message }) => (moment === "DATA" && message === 1 ? [{ say: "250 ok" }] : undefined);
 *   await using hop = await ScriptedHop.start({ script });
 *   hop.port, hop.taken, hop.strange
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { TEST_CERTIFICATE, TEST_KEY } from "./certificate.ts";

/**
 * "RCPT" is the first recipient of a message, "RCPT+" each later one; "EHLO2" comes after STARTTLS; "AUTH" is the command,
 * "AUTH2" and "AUTH3" come behind name and password of AUTH LOGIN.
 */
export const MOMENTS = [
  "greeting",
  "EHLO",
  "STARTTLS",
  "EHLO2",
  "AUTH",
  "AUTH2",
  "AUTH3",
  "MAIL",
  "RCPT",
  "RCPT+",
  "DATA",
  ".",
  "RSET",
  "QUIT",
] as const;
export type Moment = (typeof MOMENTS)[number];

export interface HopEvent {
  readonly moment: Moment;
  /** Counts connections to this hop from 1. */
  readonly connection: number;
  /** Counts MAIL commands to this hop from 1; 0 before the first. */
  readonly message: number;
  /** Which recipient of the message, from 0. At the dot over LMTP: whose reply. */
  readonly recipient: number;
  /** The command as received (latin1), "" for the greeting. */
  readonly line: string;
  /** The reply of a hop that means well, without line end. */
  readonly usual: string;
}

/** What a hop does at a moment, one after the other; nothing at all is silence. */
export type HopAct =
  /** A reply; the line end is added. */
  | { readonly say: string }
  /** Octets as they are. */
  | { readonly raw: string }
  /** Sent together with the next reply, before it. */
  | { readonly sayLater: string }
  /** What it has said already, before it was asked; nothing is sent. */
  | { readonly saidBefore: string }
  | "usual"
  | "close"
  | "reset"
  /** Reads and answers nothing any more. */
  | "mute";

export type HopScript = (event: HopEvent) => readonly HopAct[] | undefined;

/** How replies leave: each by itself, octet by octet, or all that answer what came together in one packet. */
export const MANNERS = ["each by itself", "octet by octet", "together"] as const;
export type Manner = (typeof MANNERS)[number];

export interface HopOptions {
  readonly script?: HopScript;
  readonly manner?: Manner;
  readonly lmtp?: boolean;
  /** EHLO keywords. */
  readonly extensions?: readonly string[];
  readonly host?: string;
  readonly port?: number;
  /** Name in the greeting. */
  readonly name?: string;
}

/** A recipient whose message the hop has taken. */
export interface Taken {
  readonly sender: string;
  readonly recipient: string;
  readonly data: string;
  readonly connection: number;
}

export class ScriptedHop {
  readonly taken: Taken[] = [];
  /** Lines that no client in step sends: unknown commands (text of a message), MAIL inside a transaction. */
  readonly strange: string[] = [];
  /** Every command line, in the order they came. */
  readonly commands: string[] = [];
  connections = 0;
  messages = 0;
  script: HopScript;
  readonly options: HopOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, options: HopOptions) {
    this.#server = server;
    this.options = options;
    this.script = options.script ?? (() => undefined);
  }

  static start(options: HopOptions = {}): Promise<ScriptedHop> {
    const server = createServer({ noDelay: true });
    const hop = new ScriptedHop(server, options);
    server.on("connection", (socket) => hop.#accept(socket));
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port ?? 0, options.host ?? "127.0.0.1", () => resolve(hop));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Addresses that RCPT asked for, in order. */
  get asked(): string[] {
    return this.commands.flatMap((line) => /^RCPT TO:<(.*?)>/i.exec(line)?.[1] ?? []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    new HopSession(this, socket, ++this.connections).start();
  }
}

const DEFAULT_EXTENSIONS = ["PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"];

class HopSession {
  readonly #hop: ScriptedHop;
  readonly #connection: number;
  readonly #plain: Socket;
  /** The same, or what encrypts it. */
  #socket: Socket;
  #buffer = "";
  #encrypted = false;
  /** Said with the next reply. */
  #held = "";
  /** Still to be said, octet by octet, and what is to be done then. */
  readonly #pieces: string[] = [];
  #afterwards: (() => void) | undefined;
  #state: "open" | "mute" | "closed" = "open";
  #message = 0;
  #sender: string | undefined;
  #asked = 0;
  #recipients: string[] = [];
  #data: string[] | undefined;
  /** What AUTH waits for. */
  #waiting: "AUTH2" | "AUTH3" | undefined;

  constructor(hop: ScriptedHop, socket: Socket, connection: number) {
    this.#hop = hop;
    this.#plain = socket;
    this.#socket = socket;
    this.#connection = connection;
  }

  start(): void {
    this.#listen();
    this.#answer("greeting", "", `220 ${this.#hop.options.name ?? "hop.test"} ESMTP`);
  }

  #listen(): void {
    this.#socket.on("error", () => undefined);
    this.#socket.on("data", (chunk: Buffer) => {
      this.#buffer += chunk.toString("latin1");
      this.#next();
    });
  }

  #next(): void {
    if (this.#hop.options.manner !== "together") return this.#readLines();
    this.#socket.cork();
    const socket = this.#socket;
    this.#readLines();
    socket.uncork();
  }

  #readLines(): void {
    let from = 0;
    while (this.#state === "open") {
      const end = this.#buffer.indexOf("\r\n", from);
      if (end < 0) break;
      const line = this.#buffer.slice(from, end);
      from = end + 2;
      if (this.#data === undefined) this.#command(line);
      else if (line === ".") this.#endOfData(this.#data);
      else this.#data.push(line.startsWith(".") ? line.slice(1) : line);
    }
    this.#buffer = this.#buffer.slice(from);
  }

  #command(line: string): void {
    const verb = line.split(" ", 1)[0].toUpperCase();
    this.#hop.commands.push(line);
    if (this.#waiting !== undefined) return this.#authLine(this.#waiting, line);
    const command = COMMANDS[verb];
    if (command === undefined) {
      this.#hop.strange.push(line);
      this.#send("500 5.5.1 what?\r\n");
    } else this[command](line);
  }

  ehlo(line: string): void {
    const { extensions = DEFAULT_EXTENSIONS, name = "hop.test" } = this.#hop.options;
    const offered = this.#encrypted ? extensions.filter((each) => each !== "STARTTLS") : extensions;
    const lines = /^HELO/i.test(line) ? [name] : [name, ...offered];
    const text = lines.map((each, index) => `250${index === lines.length - 1 ? " " : "-"}${each}`).join("\r\n");
    this.#reset();
    this.#answer(this.#encrypted ? "EHLO2" : "EHLO", line, text);
  }

  startTls(line: string): void {
    const begins = accepts(this.#answer("STARTTLS", line, "220 2.0.0 go ahead"), "2") && this.#state === "open";
    if (begins) this.#whenSaid(() => this.#encrypt());
  }

  auth(line: string): void {
    if (accepts(this.#answer("AUTH", line, "334 VXNlcm5hbWU6"), "334")) this.#waiting = "AUTH2";
  }

  #authLine(moment: "AUTH2" | "AUTH3", line: string): void {
    this.#waiting = undefined;
    if (line === "*") return this.#send("501 5.0.0 cancelled\r\n");
    const right = line === Buffer.from(moment === "AUTH2" ? "joe" : "secret").toString("base64");
    if (!right) this.#hop.strange.push(line);
    const usual = moment === "AUTH2" ? "334 UGFzc3dvcmQ6" : "235 2.7.0 welcome";
    if (accepts(this.#answer(moment, line, usual), "334")) this.#waiting = "AUTH3";
  }

  mail(line: string): void {
    this.#message = ++this.#hop.messages;
    if (this.#sender !== undefined) this.#hop.strange.push(line);
    this.#reset();
    const sender = /^MAIL FROM:<(.*?)>/i.exec(line)?.[1] ?? "";
    if (accepts(this.#answer("MAIL", line, "250 2.1.0 sender ok"), "2")) this.#sender = sender;
  }

  rcpt(line: string): void {
    const usual = this.#sender === undefined ? "503 5.5.1 MAIL first" : "250 2.1.5 recipient ok";
    const moment = this.#asked++ === 0 ? "RCPT" : "RCPT+";
    const address = /^RCPT TO:<(.*?)>/i.exec(line)?.[1] ?? "";
    if (accepts(this.#answer(moment, line, usual, this.#asked - 1), "2")) this.#recipients.push(address);
  }

  data(line: string): void {
    const usual = this.#recipients.length === 0 ? "503 5.5.1 RCPT first" : "354 go on";
    if (accepts(this.#answer("DATA", line, usual), "354")) this.#data = [];
  }

  rset(line: string): void {
    this.#reset();
    this.#answer("RSET", line, "250 2.0.0 reset");
  }

  quit(line: string): void {
    this.#answer("QUIT", line, "221 2.0.0 bye");
    this.#end();
  }

  #endOfData(lines: readonly string[]): void {
    const recipients = this.#recipients;
    const sender = this.#sender ?? "";
    this.#reset();
    const data = lines.map((line) => `${line}\r\n`).join("");
    const take = (recipient: string) => this.#hop.taken.push({ sender, recipient, data, connection: this.#connection });
    if (this.#hop.options.lmtp === true) {
      this.#socket.cork();
      recipients.forEach((each, index) => {
        if (accepts(this.#answer(".", ".", `250 2.1.5 <${each}> stored`, index), "2")) take(each);
      });
      this.#socket.uncork();
    } else if (accepts(this.#answer(".", ".", "250 2.0.0 ok taken"), "2")) recipients.forEach(take);
  }

  /** Does what the script or the usual course says; returns the first reply that it gave, "" for none. */
  #answer(moment: Moment, line: string, usual: string, recipient = 0): string {
    if (this.#state !== "open") return "";
    const event = { moment, connection: this.#connection, message: this.#message, recipient, line, usual };
    const acts = this.#hop.script(event) ?? ["usual"];
    let said = "";
    let later = "";
    for (const act of acts) {
      if (act === "close") this.#end();
      else if (act === "mute") this.#state = "mute";
      else if (act === "reset") {
        this.#state = "closed";
        this.#plain.resetAndDestroy();
      } else if (act === "usual") said += `${usual}\r\n`;
      else if ("sayLater" in act) later += `${act.sayLater}\r\n`;
      else if ("saidBefore" in act) return `${act.saidBefore}\r\n`;
      else said += "raw" in act ? act.raw : `${act.say}\r\n`;
    }
    if (said !== "") this.#send(said);
    this.#held += later;
    return said;
  }

  #send(octets: string): void {
    const text = this.#held + octets;
    this.#held = "";
    if (this.#hop.options.manner !== "octet by octet") return void this.#socket.write(text, "latin1");
    // Of long texts several at a time.
    const size = Math.ceil(text.length / 500);
    const isIdle = this.#pieces.length === 0;
    for (let at = 0; at < text.length; at += size) this.#pieces.push(text.slice(at, at + size));
    if (isIdle) this.#sayNext();
  }

  readonly #sayNext = (): void => {
    const piece = this.#pieces.shift();
    if (piece !== undefined && !this.#socket.destroyed) this.#socket.write(piece, "latin1");
    if (this.#pieces.length > 0) return void setImmediate(this.#sayNext);
    this.#afterwards?.();
    this.#afterwards = undefined;
  };

  #whenSaid(then: () => void): void {
    if (this.#pieces.length === 0) then();
    else this.#afterwards = then;
  }

  #end(): void {
    this.#state = "closed";
    setImmediate(() => this.#whenSaid(() => this.#socket.end()));
  }

  #reset(): void {
    this.#sender = undefined;
    this.#recipients = [];
    this.#asked = 0;
    this.#data = undefined;
  }

  #encrypt(): void {
    this.#plain.removeAllListeners("data");
    this.#buffer = "";
    this.#encrypted = true;
    this.#reset();
    const secureContext = createSecureContext({ key: TEST_KEY, cert: TEST_CERTIFICATE });
    this.#socket = new TLSSocket(this.#plain, { isServer: true, secureContext });
    this.#listen();
  }
}

type Command = "ehlo" | "startTls" | "auth" | "mail" | "rcpt" | "data" | "rset" | "quit";

const COMMANDS: Readonly<Record<string, Command | undefined>> = {
  EHLO: "ehlo",
  HELO: "ehlo",
  LHLO: "ehlo",
  STARTTLS: "startTls",
  AUTH: "auth",
  MAIL: "mail",
  RCPT: "rcpt",
  DATA: "data",
  RSET: "rset",
  QUIT: "quit",
};

/** Whether the first whole reply of what was said begins with this code ("2", "354"); junk lines do not count. */
function accepts(said: string, code: string): boolean {
  for (const line of said.split("\n").slice(0, -1)) {
    const [, found, mark] = /^(\d{3})([ -]|\r?$)/.exec(line) ?? [];
    if (found !== undefined && mark !== "-") return found.startsWith(code);
  }
  return false;
}
