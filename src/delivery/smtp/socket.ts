/** A connection to one place: TCP address and port, a unix socket, or a program. */
import { connect, type Socket } from "node:net";
import { onAbort } from "../../sys/abort-watch.ts";
import { taggedAddress } from "../../sys/ip-address.ts";
import { connectToFirst } from "./happy-eyeballs.ts";
import type { LinePolicy } from "../../authentication/policy/line-policy.ts";
import type { Policy } from "./pace.ts";
import type { Peer } from "./reply-status.ts";
import type { ClientFailure } from "./failure.ts";

/** A host, by whatever of its addresses: connections to it are kept and its failures remembered under one key. */
export interface MailPlace {
  /** Tells hosts apart: name, port, and the address to connect from. */
  readonly key: string;
  /** The destination that it belongs to (destinations.ts). */
  readonly destination: string;
  /** Name without final dot, an address in brackets, or the path of a socket or program. */
  readonly name: string;
  readonly policy: Policy;
  /** What its owner has published about connections to it (DANE, MTA-STS). */
  readonly line?: LinePolicy;
  /** The domain that its MX records serve, without final dot; absent for one that the configuration names. */
  readonly nextHop?: string;
  /** Its addresses in the order to try them; at least one. */
  readonly places: readonly Place[];
}

/** Somewhere to connect to. */
export interface Place {
  readonly target:
    | {
        readonly kind: "tcp";
        readonly address: string;
        readonly port: number;
        /** From where; the system chooses what is not said. */
        readonly localAddress?: string;
        readonly localPort?: number;
      }
    | { readonly kind: "unix"; readonly path: string }
    | {
        readonly kind: "program";
        readonly path: string;
        readonly argv: readonly string[];
        /** A connection to it. */
        readonly start: () => Promise<Socket>;
      };
  /** For log and reports. */
  readonly peer: Peer;
  /** Name for TLS. */
  readonly serverName: string;
}

/** As rules name it, {server_addr}: `192.0.2.1`, `IPv6:2001:db8::1`, "" for what has none. */
export function shownAddress({ target }: Place): string {
  if (target.kind !== "tcp") return "";
  return taggedAddress(target.address);
}

function begin(target: Exclude<Place["target"], { readonly kind: "program" }>): Socket {
  if (target.kind === "unix") return connect({ path: target.path });
  const { address, port, localAddress, localPort } = target;
  return connect({
    host: address,
    port,
    noDelay: true,
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(localPort === undefined ? {} : { localPort }),
  });
}

type Opened = { readonly socket: Socket } | { readonly failure: ClientFailure };

/** It may be a while until it says a word, but it is there or it is not. */
async function startProgram(start: () => Promise<Socket>): Promise<Opened> {
  try {
    return { socket: await start() };
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return { failure: { kind: "refused", message, during: "connect", ...(code === undefined ? {} : { code }) } };
  }
}

/**
 * Connects to the first of these places that answers.
 * @param places at least one
 * @param timeout ms, for each of them
 */
export async function openFirst(
  places: readonly Place[],
  timeout: number,
  signal: AbortSignal,
): Promise<{ readonly place: Place } & Opened> {
  const [only] = places;
  if (places.length === 1) return { place: only, ...(await openSocket(only, timeout, signal)) };
  return connectToFirst(places, (place, stop) => openSocket(place, timeout, stop), signal);
}

function openSocket(place: Place, timeout: number, signal: AbortSignal): Promise<Opened> {
  const { target } = place;
  if (target.kind === "program") return startProgram(target.start);
  return new Promise((resolve) => {
    let socket: Socket;
    try {
      socket = begin(target);
    } catch (error) {
      // An address to connect from that is none.
      const { message, code } = error as NodeJS.ErrnoException;
      return resolve({
        failure: { kind: "refused", message, during: "connect", ...(code === undefined ? {} : { code }) },
      });
    }
    const settle = (failure?: ClientFailure) => {
      clearTimeout(timer);
      forget();
      socket.off("error", onError);
      if (failure === undefined) return resolve({ socket });
      // Errors that come while it goes down interest nobody.
      socket.on("error", () => undefined);
      socket.destroy();
      resolve({ failure });
    };
    const onError = (error: NodeJS.ErrnoException) =>
      settle({
        kind: "refused",
        message: error.message,
        during: "connect",
        ...(error.code === undefined ? {} : { code: error.code }),
      });
    const timer = setTimeout(
      () => settle({ kind: "timeout", code: "ETIMEDOUT", message: "connection timed out", during: "connect" }),
      timeout,
    );
    const forget = onAbort(signal, () => settle({ kind: "aborted", message: "aborted", during: "connect" }));
    socket.once("error", onError);
    socket.once("connect", () => settle());
  });
}
