/** One listener: accepts connections and gives each a session. */
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { SMTPConnectionOptions } from "smtp-server/lib/smtp-connection.js";
import type { PortOptions } from "../config/config.ts";
import type { SmtpServices } from "./services.ts";
import { SmtpSession } from "./session.ts";

export interface SmtpListener {
  readonly port: PortOptions;
  /** Bound address and port. */
  readonly address: string;
  readonly boundPort: number;
  /** Sessions open now. */
  readonly sessions: number;
  /** Stops listening; running messages may end within `grace` ms, idle sessions get a 421 at their next command. */
  close(grace: number): Promise<void>;
}

class RuleServer extends SMTPServer {
  readonly #services: SmtpServices;
  readonly #port: PortOptions;
  #sessions = 0;

  constructor(services: SmtpServices, port: PortOptions, options: SMTPServerOptions) {
    super(options);
    this.#services = services;
    this.#port = port;
  }

  override connect(socket: Socket, options?: SMTPConnectionOptions | null): void {
    const session = new SmtpSession(this, socket, options, this.#services, this.#port);
    this.connections.add(session);
    session.init();
  }

  /** The library draws 80 random bits for every session's name; a counter tells them apart as well. */
  override _handleProxy(
    _socket: Socket,
    callback: (error: Error | null, options?: SMTPConnectionOptions & { id: string }) => void,
  ): void {
    callback(null, { id: String(++this.#sessions) });
  }
}

/** @throws when the address cannot be bound (in use, no right) or the certificate cannot be read */
export async function openSmtpServer(port: PortOptions, services: SmtpServices): Promise<SmtpListener> {
  const config = services.config();
  const certificate = config.options.text("ServerCertFile");
  const key = config.options.text("ServerKeyFile");
  const tls = certificate === "" || key === "" ? {} : { cert: readFileSync(certificate), key: readFileSync(key) };
  const server = new RuleServer(services, port, {
    ...tls,
    logger: false,
    disableReverseLookup: true,
    authOptional: true,
    closeTimeout: 1000,
  });
  server.on("error", (error: Error) => {
    services.log.write(2, { priority: "notice", text: `${port.name}: ${error.message}` });
  });
  const host = port.address === "" ? (port.family === "inet6" ? "::" : "0.0.0.0") : port.address;
  await new Promise<void>((resolve, reject) => {
    server.server.once("error", reject);
    server.server.listen({ host, port: port.port, backlog: Math.max(port.listen, 511) }, () => {
      server.server.off("error", reject);
      resolve();
    });
  });
  const bound = server.server.address() as AddressInfo;
  return {
    port,
    address: bound.address,
    boundPort: bound.port,
    get sessions() {
      return server.connections.size;
    },
    close: (grace) =>
      new Promise((resolve) => {
        server.options.closeTimeout = Math.max(1, grace);
        server.close(() => resolve());
        for (const session of server.connections) (session as SmtpSession).endWhenIdle();
      }),
  };
}
