/**
 * Ports that are bound before anybody can be served there: those that need root's rights have to be. Who connects meanwhile
 * waits, without a greeting, until the port is opened.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { PortOptions } from "../config/config.ts";
import { hostOf } from "../smtpd/server.ts";

/** Connections that wait for one port at most: more than the system keeps by itself. */
const BACKLOG = 511;

export class BoundPort {
  readonly #server: Server;
  readonly #waiting: Socket[] = [];

  /** @param server that listens already */
  constructor(server: Server) {
    this.#server = server;
    server.on("connection", this.#keep);
  }

  static bind(port: PortOptions): Promise<BoundPort> {
    const server = createServer({ allowHalfOpen: true });
    const bound = new BoundPort(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: hostOf(port), port: port.port, backlog: Math.max(port.listen, BACKLOG) }, () => {
        server.off("error", reject);
        resolve(bound);
      });
    });
  }

  /** Gives the port to another server, and everybody who waits. */
  async open(server: Server): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#server, BACKLOG, () => {
        server.off("error", reject);
        resolve();
      });
    });
    // What a client has said already waits in its socket.
    for (const socket of this.#waiting.splice(0)) server.emit("connection", socket);
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
