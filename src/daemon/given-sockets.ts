/**
 * Sockets that whoever started the server listens at already (socket activation, sd_listen_fds(3)): LISTEN_FDS of them, from
 * descriptor 3 on, meant for the process LISTEN_PID; LISTEN_FDNAMES has their names, with colons between.
 *
 * A socket belongs to the port of its name (Name= and FileDescriptorName=), else to one with its address and number.
 */
import type { PortOptions } from "../config/config.ts";
import { hostOf, isLocal } from "../smtpd/listen.ts";
import { BoundPort } from "./bound-ports.ts";

/** Descriptor of the first. */
const FIRST = 3;

interface Given {
  readonly name: string;
  readonly bound: BoundPort;
}

export class GivenSockets {
  #left: Given[];

  private constructor(given: Given[]) {
    this.#left = given;
  }

  /** Takes them over; the variables are removed, so that no other program takes them for its own. */
  static async take(environment: NodeJS.ProcessEnv, pid = process.pid): Promise<GivenSockets> {
    const { LISTEN_FDS: count, LISTEN_PID: owner, LISTEN_FDNAMES: names = "" } = environment;
    for (const name of ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]) delete environment[name];
    const given: Given[] = [];
    if (count === undefined || Number(owner) !== pid || !/^[0-9]{1,3}$/.test(count)) return new GivenSockets(given);
    const labels = names.split(":");
    for (let index = 0; index < Number(count); index++) {
      given.push({ name: labels[index] ?? "", bound: await BoundPort.given(FIRST + index) });
    }
    return new GivenSockets(given);
  }

  /** The socket of a port, once. */
  takeFor(port: PortOptions): BoundPort | undefined {
    const found =
      this.#left.find(({ name }) => name !== "" && name === port.name) ??
      this.#left.find(({ bound }) => isAt(bound.address, port));
    this.#left = this.#left.filter((each) => each !== found);
    return found?.bound;
  }

  /** Closes those that no port of the configuration wants. @returns a remark about each */
  close(): readonly string[] {
    return this.#left.splice(0).map(({ name, bound }) => {
      const place =
        typeof bound.address === "string" ? bound.address : `${bound.address.address}:${bound.address.port}`;
      bound.close();
      return `no DaemonPortOptions is about the socket ${place} (${name}) that the server was started with: it is closed`;
    });
  }
}

function isAt(address: BoundPort["address"], port: PortOptions): boolean {
  if (typeof address === "string") return isLocal(port) && address === port.address;
  if (isLocal(port) || address.port !== port.port) return false;
  const wanted = hostOf(port);
  // "::" takes IPv4 as well, unless the machine says otherwise.
  return address.address === wanted || (address.address === "::" && wanted === "0.0.0.0");
}
