/**
 * Ports that are bound before anybody can be served there: those that need root's rights have to be. Who connects meanwhile
 * waits, without a greeting, until the port is opened.
 */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { PortOptions } from "../config/config.ts";
import { BACKLOG, listenOn } from "../smtpd/listen.ts";
import type { RuleServer } from "../smtpd/server.ts";

export class BoundPort {
  readonly #server: Server;
  readonly #waiting: Socket[] = [];

  /** @param server that listens already */
  constructor(server: Server) {
    this.#server = server;
    server.on("connection", this.#keep);
  }

  static async bind(port: PortOptions): Promise<BoundPort> {
    const server = createServer({ allowHalfOpen: true });
    const bound = new BoundPort(server);
    await listenOn(server, port);
    return bound;
  }

  /** A socket that whoever started this process listens at already. */
  static async given(fd: number): Promise<BoundPort> {
    const server = createServer({ allowHalfOpen: true });
    const bound = new BoundPort(server);
    await listenAt(server, { fd });
    return bound;
  }

  /** Path of a unix socket, or address and port. */
  get address(): string | AddressInfo {
    return this.#server.address()!;
  }

  /** Gives the port to another server, and everybody who waits. */
  async open(server: RuleServer): Promise<void> {
    if (typeof this.#server.address() === "string") {
      // Node cannot share the socket of a path.
      this.#server.off("connection", this.#keep);
      server.adopt(this.#server);
    } else await listenAt(server.server, this.#server);
    // What a client has said already waits in its socket.
    for (const socket of this.#waiting.splice(0)) server.server.emit("connection", socket);
  }

  close(): void {
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    this.#server.close();
  }

  readonly #keep = (socket: Socket): void => {
    socket.on("error", () => socket.destroy());
    this.#waiting.push(socket);
  };
}

function listenAt(server: Server, source: Server | { readonly fd: number }): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(source, BACKLOG, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
