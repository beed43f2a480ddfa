/** Listening on a port of the configuration: TCP, or a unix socket (Family=local). */
import { lstatSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import type { PortOptions } from "../config/config.ts";

/** Connections that may wait at least, whatever the port says. */
export const BACKLOG = 511;

/** The address to bind; the path of a unix socket. */
export function hostOf({ address, family }: PortOptions): string {
  return address !== "" ? address : family === "inet6" ? "::" : "0.0.0.0";
}

export function isLocal({ family }: Pick<PortOptions, "family">): boolean {
  return family === "local";
}

/** @throws what the system says (EADDRINUSE, EACCES ...) */
export async function listenOn(server: Server, port: PortOptions): Promise<void> {
  if (isLocal(port)) await removeStale(port.address);
  const backlog = Math.max(port.listen, BACKLOG);
  const place = isLocal(port) ? { path: port.address } : { host: hostOf(port), port: port.port };
  return new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...place, backlog }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** A socket at which nobody listens any more, left by a server that was killed, is taken away. */
async function removeStale(path: string): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isSocket()) return;
  if (await isRefused(path)) unlinkSync(path);
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
}
