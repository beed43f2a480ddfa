/** Ports of the configuration, bound at the start in whichever thread will serve them: those that need root's rights have to be. */
import type { PortOptions } from "../config/config.ts";
import { BoundPort } from "./bound-ports.ts";
import { GivenSockets } from "./given-sockets.ts";

export interface BoundPorts {
  /** For each port, in order: what was bound, or why it could not be. */
  readonly ports: readonly (BoundPort | Error)[];
  /** About sockets that the process was given and nobody wants. */
  readonly remarks: readonly string[];
}

/** @param environment says which sockets whoever started the process listens at already */
export async function bindPorts(
  wanted: readonly PortOptions[],
  environment: NodeJS.ProcessEnv,
  pid = process.pid,
): Promise<BoundPorts> {
  const given = await GivenSockets.take(environment, pid);
  const ports: (BoundPort | Error)[] = [];
  for (const port of wanted) ports.push(given.takeFor(port) ?? (await BoundPort.bind(port).catch(asError)));
  return { ports, remarks: given.close() };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
