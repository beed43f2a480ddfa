/**
 * Hosts that an operator has suspended: `rulemail queue suspend HOST`. They are in a file of the queue folder, one a line, so
 * that a restart does not forget them; what is in force is with the destinations.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Destinations } from "../delivery/smtp/destinations.ts";
import { AtomicFile } from "../sys/atomic-file.ts";

const FILE = "suspended";

export class Suspensions {
  readonly #path: string;
  readonly #destinations: Destinations;
  readonly #hosts: Set<string>;

  /** Reads the file and puts it in force. @throws when it is there and cannot be read */
  constructor(queueFolder: string, destinations: Destinations) {
    this.#path = join(queueFolder, FILE);
    this.#destinations = destinations;
    this.#hosts = new Set(readLines(this.#path));
    destinations.suspend(this.#hosts);
  }

  get hosts(): readonly string[] {
    return [...this.#hosts].toSorted();
  }

  /** Durable, then in force. @returns false: it was so already */
  change(host: string, suspended: boolean): boolean {
    const name = host.toLowerCase().replace(/\.$/, "");
    if (!/^[^\s\0]+$/.test(name)) throw new Error(`"${host}" is no name of a host`);
    if (this.#hosts.has(name) === suspended) return false;
    const next = new Set(this.#hosts);
    if (suspended) next.add(name);
    else next.delete(name);
    const file = new AtomicFile(this.#path, 0o600);
    file.write(Buffer.from([...next].map((each) => `${each}\n`).join("")));
    file.commit();
    if (suspended) this.#hosts.add(name);
    else this.#hosts.delete(name);
    this.#destinations.suspend(this.#hosts);
    return true;
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
