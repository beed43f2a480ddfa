/**
 * A small directory server for tests where no slapd is installed: LDAP version 3 (RFC 4511) as far as maps use it.
 * Anonymous and simple binds, searches by (attribute=value), and what servers say when they refuse. Not a directory:
 * scopes, access rules and other filters do not exist.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createSecureServer } from "node:tls";

export interface SmallDirectoryOptions {
  /** Attributes by the name of the entry; `objectClass` need not be given. */
  readonly entries: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Password of every name that binds. */
  readonly password?: string;
  /** Entries in one answer; more is result 4. */
  readonly sizeLimit?: number;
  /** What a search is answered with instead, as a result code; `hang`: nothing is answered, `drop`: the connection ends. */
  readonly search?: number | "hang" | "drop";
}

/** One element of BER: tag and content. */
interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const OCTETS = 0x04;
const ENUMERATED = 0x0a;
const BIND = { request: 0x60, response: 0x61 };
const SEARCH = { request: 0x63, entry: 0x64, done: 0x65 };
const EQUALITY = 0xa3;

export class SmallDirectory {
  readonly #options: SmallDirectoryOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  port = 0;
  /** How many connections were made. */
  connections = 0;

  private constructor(options: SmallDirectoryOptions) {
    this.#options = options;
    const serve = (socket: Socket): void => this.#serve(socket);
    this.#server = options.tls ? createSecureServer(options.tls, serve) : createServer(serve);
    // A client that does not trust us ends the handshake.
    this.#server.on("tlsClientError", () => undefined);
  }

  static async start(options: SmallDirectoryOptions): Promise<SmallDirectory> {
    const directory = new SmallDirectory(options);
    await new Promise<void>((resolve) => directory.#server.listen(0, "127.0.0.1", resolve));
    directory.port = (directory.#server.address() as { port: number }).port;
    return directory;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => this.#sockets.delete(socket));
    let pending = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (let read = readElement(pending); read; read = readElement(pending)) {
        pending = pending.subarray(read.end);
        this.#answer(socket, elements(read.element.content));
      }
    });
  }

  #answer(socket: Socket, [id, operation]: readonly Element[]): void {
    const reply = (tag: number, content: Buffer): void => {
      if (!socket.destroyed) socket.write(element(SEQUENCE, element(INTEGER, id.content), element(tag, content)));
    };
    if (operation.tag === BIND.request) {
      const [, name, secret] = elements(operation.content);
      const anonymous = name.content.length === 0;
      const right = anonymous || secret.content.toString() === this.#options.password;
      reply(BIND.response, result(right ? 0 : 49));
    } else if (operation.tag === SEARCH.request) this.#search(socket, elements(operation.content), reply);
    else socket.end();
  }

  #search(socket: Socket, parts: readonly Element[], reply: (tag: number, content: Buffer) => void): void {
    const { entries, search, sizeLimit = Infinity } = this.#options;
    if (search === "hang") return;
    if (search === "drop") return void socket.destroy();
    if (search !== undefined) return reply(SEARCH.done, result(search));
    const [attribute, value] = parts[6].tag === EQUALITY ? elements(parts[6].content) : [];
    const wanted = value?.content.toString("latin1").toLowerCase();
    const found = Object.entries(entries).filter(([, attributes]) =>
      attributes[attribute?.content.toString()]?.some((each) => each.toLowerCase() === wanted),
    );
    for (const [name, attributes] of found.slice(0, sizeLimit)) reply(SEARCH.entry, entry(name, attributes));
    reply(SEARCH.done, result(found.length > sizeLimit ? 4 : 0));
  }
}

function readElement(octets: Buffer): { readonly element: Element; readonly end: number } | undefined {
  if (octets.length < 2) return undefined;
  const long = octets[1] >= 0x80 ? octets[1] & 0x7f : 0;
  if (octets.length < 2 + long) return undefined;
  const length = long > 0 ? octets.readUIntBE(2, long) : octets[1];
  const end = 2 + long + length;
  if (octets.length < end) return undefined;
  return { element: { tag: octets[0], content: octets.subarray(2 + long, end) }, end };
}

function elements(content: Buffer): Element[] {
  const found: Element[] = [];
  for (let rest = content, read = readElement(rest); read; read = readElement(rest)) {
    found.push(read.element);
    rest = rest.subarray(read.end);
  }
  return found;
}

function element(tag: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part as string, "latin1")));
  const head = Buffer.from([tag, 0x82, content.length >> 8, content.length & 0xff]);
  return Buffer.concat([head, content]);
}

function result(code: number): Buffer {
  return Buffer.concat([element(ENUMERATED, Buffer.from([code])), element(OCTETS, ""), element(OCTETS, "")]);
}

function entry(name: string, attributes: Readonly<Record<string, readonly string[]>>): Buffer {
  const lists = Object.entries(attributes).map(([attribute, values]) =>
    element(SEQUENCE, element(OCTETS, attribute), element(SET, ...values.map((each) => element(OCTETS, each)))),
  );
  return Buffer.concat([element(OCTETS, `cn=${name},dc=test`), element(SEQUENCE, ...lists)]);
}
