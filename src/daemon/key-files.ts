/**
 * Keys and certificates of the configuration. At a start as root they are read before the rights are given up; what a reload
 * names comes through the door to root, where the server's user may not read it.
 */
import { readFileSync } from "node:fs";
import type { Config } from "../config/config.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { RootDoor } from "./root-door.ts";

export const KEY_OPTIONS = ["ServerCertFile", "ServerKeyFile"] as const;

export class KeyFiles {
  #door: RootDoor | undefined;
  readonly #kept = new Map<string, Buffer>();

  /** Reads what the configuration names, as far as it can be read; what cannot is told where it is needed. */
  keep({ options }: Config): void {
    for (const name of KEY_OPTIONS) {
      const path = options.text(name);
      if (path === "") continue;
      try {
        this.#kept.set(path, readFileSync(path));
      } catch {
        this.#kept.delete(path);
      }
    }
  }

  /** From now on files are read with less than root's rights. */
  useDoor(door: RootDoor | undefined): void {
    this.#door = door;
  }

  /** What was read at the start is for the start: call when that is over, and files may have changed. */
  forget(): void {
    this.#kept.clear();
  }

  /** The file's octets. Throws what the file system says. */
  read(path: string): MaybePromise<Buffer> {
    const kept = this.#kept.get(path);
    if (kept !== undefined) return kept;
    try {
      return readFileSync(path);
    } catch (error) {
      if (this.#door === undefined || (error as NodeJS.ErrnoException).code !== "EACCES") throw error;
      return this.#door.readFile(path);
    }
  }
}
