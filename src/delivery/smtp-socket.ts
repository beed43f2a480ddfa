/** A connected socket to one place: TCP address and port, or a unix socket. */
import { connect, type Socket } from "node:net";
import type { Peer } from "./reply-status.ts";
import type { ClientFailure } from "./smtp-client.ts";

/** Somewhere to connect to. */
export interface Place {
  /** Tells places apart: host name, address and port. */
  readonly key: string;
  readonly target:
    | { readonly kind: "tcp"; readonly address: string; readonly port: number; readonly localAddress?: string }
    | { readonly kind: "unix"; readonly path: string };
  /** For log and reports. */
  readonly peer: Peer;
  /** Name for TLS. */
  readonly serverName: string;
}

/** @param timeout ms */
export function openSocket(
  place: Place,
  timeout: number,
  signal: AbortSignal,
): Promise<{ readonly socket: Socket } | { readonly failure: ClientFailure }> {
  const { target } = place;
  return new Promise((resolve) => {
    const socket =
      target.kind === "unix"
        ? connect({ path: target.path })
        : connect({
            host: target.address,
            port: target.port,
            noDelay: true,
            ...(target.localAddress === undefined ? {} : { localAddress: target.localAddress }),
          });
    const settle = (failure?: ClientFailure) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
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
    const onAbort = () => settle({ kind: "aborted", message: "aborted", during: "connect" });
    const timer = setTimeout(
      () => settle({ kind: "timeout", code: "ETIMEDOUT", message: "connection timed out", during: "connect" }),
      timeout,
    );
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("connect", () => settle());
  });
}
