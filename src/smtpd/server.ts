/** One listener: accepts connections and gives each a session. */
import type { AddressInfo, Server, Socket } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { SMTPConnectionOptions } from "smtp-server/lib/smtp-connection.js";
import type { PortOptions } from "../config/config.ts";
import type { SessionFacts } from "../reception/session-facts.ts";
import { type Admission, ConnectionRate } from "./abuse-limits.ts";
import { Clients, type Excess } from "./clients.ts";
import { loadAbove } from "./load.ts";
import { isLocal, listenOn } from "./listen.ts";
import { takeProxyHeader } from "./proxy-header.ts";
import { replies, wireText } from "./replies.ts";
import type { SmtpServices } from "./services.ts";
import { SmtpSession } from "./session.ts";
import { sessionFacts } from "./session-facts.ts";

export interface SmtpListener {
  /** Its DaemonPortOptions; those of a new configuration take effect with the next session. */
  port: PortOptions;
  /** Bound address and port. */
  readonly address: string;
  readonly boundPort: number;
  /** Sessions open now. */
  readonly sessions: number;
  /** What is told of each of them. */
  facts(): SessionFacts[];
  /**
   * Stops listening. Idle sessions get a 421 at once, those with a command or a message under way when that is done;
   * what is left after `grace` ms is closed.
   */
  close(grace: number): Promise<void>;
}

/** What it takes to accept a connection and to close it, beside what it says, ms. */
const CONNECTION_FEE = 0.2;

/** The listeners that serve the same mail: MaxDaemonChildren counts the clients of all of them, and they share one thread. */
interface Family {
  readonly servers: Set<RuleServer>;
  readonly clients: Clients;
}

const families = new WeakMap<SmtpServices, Family>();

function familyOf(services: SmtpServices): Family {
  let family = families.get(services);
  if (family === undefined) families.set(services, (family = { servers: new Set(), clients: new Clients() }));
  return family;
}

export class RuleServer extends SMTPServer {
  readonly #services: SmtpServices;
  #port: PortOptions;
  readonly #admission: Admission;
  #sessions = 0;
  /** When the log said last that the load is too high, ms since the epoch. */
  #busyTold = -Infinity;

  constructor(services: SmtpServices, port: PortOptions, options: SMTPServerOptions) {
    // Without a name the library asks the system for one at every connection.
    const name = services.site().session.hostName;
    super({ name, logger: false, disableReverseLookup: true, authOptional: true, ...options });
    this.#services = services;
    this.#port = port;
    const rate = new ConnectionRate();
    this.#admission = {
      wait: (now) => rate.take(now, services.site().config.options.number("ConnectionRateThrottle")),
      isFull: () => this.#isFull(),
      isBusy: (now) => this.#isBusy(now),
    };
  }

  get port(): PortOptions {
    return this.#port;
  }

  /** What a new configuration says about the same port holds for the sessions to come. */
  set port(port: PortOptions) {
    this.#port = port;
  }

  #isBusy(now: number): boolean {
    const { options } = this.#services.site().config;
    const set = options.isSet("RefuseLA") ? options.number("RefuseLA") : 0;
    const load = loadAbove(this.#port.extra.get("refusela"), set, () => this.#services.load());
    if (load === undefined) return false;
    if (now - this.#busyTold >= options.time("RejectLogInterval")) {
      this.#busyTold = now;
      const text = `rejecting connections on daemon ${this.#port.name}: load average: ${Math.round(load)}`;
      this.#services.log.write(1, { priority: "notice", text });
    }
    return true;
  }

  #isFull(): boolean {
    const own = Number(this.#port.extra.get("children") ?? 0);
    if (own > 0 && this.connections.size > own) return true;
    const all = this.#services.site().config.options.number("MaxDaemonChildren");
    if (all <= 0) return false;
    let open = 0;
    for (const server of familyOf(this.#services).servers) open += server.connections.size;
    return open > all;
  }

  override connect(socket: Socket, options?: SMTPConnectionOptions | null): void {
    const { options: limits } = this.#services.site().config;
    const address = options?.remoteAddress ?? socket.remoteAddress ?? "";
    const visit = familyOf(this.#services).clients.arrive(address, this.#services.clock.now(), {
      most: limits.number("MaxConnectionsPerClient"),
      window: limits.time("ConnectionRateWindowSize"),
      logInterval: limits.time("RejectLogInterval"),
    });
    if ("open" in visit) return this.#turnAway(socket, address, visit);
    let waits: (() => void) | undefined;
    let hasBegun = false;
    visit.share.take(() => {
      hasBegun = true;
      if (socket.destroyed) return visit.leave();
      const session = new SmtpSession(this, socket, options, this.#services, this.#port, this.#admission, visit);
      if (waits !== undefined) socket.off("error", waits);
      this.connections.add(session);
      session.init();
    });
    if (!hasBegun) {
      // Until it is this client's turn, nobody else looks after the socket.
      waits = () => void socket.destroy();
      socket.on("error", waits).on("close", () => visit.leave());
    }
    visit.share.charge(CONNECTION_FEE);
  }

  /** Without a session, which would cost more than the answer. */
  #turnAway(socket: Socket, address: string, { open, isNews }: Excess): void {
    const { hostName } = this.#services.site().session;
    if (isNews) {
      const text = `rejecting connections from ${address || "localhost"}: ${open} open connections of this client`;
      this.#services.log.write(1, { priority: "notice", text });
    }
    socket.on("error", () => socket.destroy());
    socket.end(wireText(replies.tooManyOpen(hostName)), "latin1", () => socket.destroy());
  }

  /** The library looks after sockets of which it is told here, until their header has come. */
  override _expectsProxyHeader(): boolean {
    return this.#port.modifiers.has("P");
  }

  /** The library would make a context with a key that everybody knows. */
  override updateSecureContext(): void {
    this.secureContext = new Map();
  }

  /** The library draws 80 random bits for every session's name; a counter tells them apart as well. */
  override _handleProxy(
    socket: Socket,
    callback: (error: Error | null, options?: SMTPConnectionOptions & { id: string }) => void,
  ): void {
    const id = String(++this.#sessions);
    if (!this._expectsProxyHeader()) return callback(null, { id });
    const refuse = (reason: string): void => {
      const text = `rejecting connection from ${socket.remoteAddress} on daemon ${this.#port.name}: ${reason}`;
      this.#services.log.write(1, { priority: "notice", text });
      callback(new Error(reason));
      socket.on("error", () => socket.destroy());
      socket.end(wireText(replies.notAccepting(this.#services.site().session.hostName)), "latin1", () =>
        socket.destroy(),
      );
    };
    if (!this.#services.site().session.proxies.has(socket.remoteAddress ?? "")) return refuse("not one of ProxyHosts");
    const ignore = (): void => void socket.destroy();
    socket.on("error", ignore);
    void takeProxyHeader(socket, this.#services.clock).then((ends) => {
      if (ends !== undefined && "reason" in ends) return refuse(ends.reason);
      socket.off("error", ignore);
      return callback(null, { id, ...ends });
    });
  }

  /** Serves a socket that listens already, in the place of the library's own. */
  adopt(listening: Server): void {
    for (const event of ["connection", "error", "close"] as const) {
      for (const listener of this.server.listeners(event)) listening.on(event, listener as () => void);
    }
    this.server = listening;
  }
}

/** Where a listener comes from that needs other rights than the server has. */
export interface ListenerSource {
  /** A port that is bound already: `open` gives it to the server. */
  readonly bound?: { open(server: RuleServer): Promise<void> } | undefined;
  /** Where it listens instead of at its port, that of a listener before it, which had any that was free. */
  readonly at?: PortOptions;
}

/** @throws when the address cannot be bound (in use, no right). What is wrong with certificates stands in the log. */
export async function openSmtpServer(
  port: PortOptions,
  services: SmtpServices,
  { bound, at = port }: ListenerSource = {},
): Promise<SmtpListener> {
  const server = new RuleServer(services, port, {
    // A client that has said everything and closes its side (printf ... | nc) still gets its answers.
    allowHalfOpen: true,
  });
  server.on("error", (error: Error) => {
    services.log.write(2, { priority: "notice", text: `${port.name}: ${error.message}` });
  });
  const { session: settings, config } = services.site();
  if (settings.tlsConfigured) await services.tls.context(config);
  await (bound === undefined ? listenOn(server.server, at) : bound.open(server));
  const { address, port: boundPort } = placeOf(server.server, port);
  const family = familyOf(services).servers.add(server);
  return {
    get port() {
      return server.port;
    },
    set port(options) {
      server.port = options;
    },
    address,
    boundPort,
    get sessions() {
      return server.connections.size;
    },
    facts: () => [...server.connections].map((session) => sessionFacts(session as SmtpSession)),
    close: (grace) =>
      new Promise((resolve) => {
        server.options.closeTimeout = Math.max(1, grace);
        server.close(() => {
          family.delete(server);
          resolve();
        });
        for (const session of server.connections) (session as SmtpSession).endWhenIdle();
      }),
  };
}

/** Where it listens; a unix socket has a path and no number. */
function placeOf(server: Server, port: PortOptions): Pick<AddressInfo, "address" | "port"> {
  if (isLocal(port)) return { address: port.address, port: 0 };
  return server.address() as AddressInfo;
}
