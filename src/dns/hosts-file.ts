/** The hosts file of this machine (O HostsFile): names and addresses without DNS. Read again when it has changed. */
import { readFileSync, statSync } from "node:fs";
import type { Clock } from "../sys/clock.ts";
import { parseHosts, type HostsLine } from "../sys/hosts.ts";

/** How long a look at the file counts, ms, when a clock is given: every message asks several times. */
const GLANCE = 1000;

export class HostsFile {
  readonly #path: string;
  readonly #clock: Clock | undefined;
  #looked = Number.NEGATIVE_INFINITY;
  #version = "";
  #byName = new Map<string, HostsLine[]>();
  #byAddress = new Map<string, HostsLine>();

  /** @param clock with it the file is looked at once a second at most, without it at every question */
  constructor(path: string, clock?: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Lines that have the name, in their order; none for an unknown name, and none when there is no file. */
  linesOf(name: string): readonly HostsLine[] {
    this.#refresh();
    return this.#byName.get(name.toLowerCase()) ?? [];
  }

  /** The first line of an address in its canonical text (`::1`, not `0:0:0:0:0:0:0:1`). */
  lineOf(address: string): HostsLine | undefined {
    this.#refresh();
    return this.#byAddress.get(address);
  }

  #refresh(): void {
    if (this.#clock !== undefined) {
      const now = this.#clock.now();
      if (now - this.#looked < GLANCE) return;
      this.#looked = now;
    }
    let version = "missing";
    try {
      const { ino, size, mtimeNs } = statSync(this.#path, { bigint: true });
      version = `${ino} ${size} ${mtimeNs}`;
    } catch {
      // A machine without hosts file is none of our business.
    }
    if (version === this.#version) return;
    this.#version = version;
    this.#byName = new Map();
    this.#byAddress = new Map();
    for (const line of version === "missing" ? [] : parseHosts(readIfPossible(this.#path))) this.#add(line);
  }

  #add(line: HostsLine): void {
    if (!this.#byAddress.has(line.address)) this.#byAddress.set(line.address, line);
    for (const name of new Set(line.names.map((each) => each.toLowerCase()))) {
      const lines = this.#byName.get(name);
      if (lines) lines.push(line);
      else this.#byName.set(name, [line]);
    }
  }
}

function readIfPossible(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
