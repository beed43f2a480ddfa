/**
 * Files that are not there: most users have no `.forward`, and where the server may not look into a home folder, finding that
 * out takes a task with the user's ids for each message.
 *
 * What was not there is not there as long as nothing has happened to its folder: a new entry changes the times of the folder,
 * which anybody may see who may enter the one above. A folder that was changed a moment ago may change once more within the
 * same tick of the file system's clock; what is found out about it is not kept. And nothing is kept for longer than a minute:
 * not every file system keeps times well.
 */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../sys/clock.ts";

/** ms; the coarsest file systems count in two seconds. */
const SETTLED = 3_000;
const KEPT = 60_000;
/** Paths; they are forgotten all together. */
const MOST_KEPT = 20_000;

/** What a folder was before somebody looked for a file in it. */
export interface FolderState {
  readonly version: string;
  readonly seenAt: number;
}

interface Absence {
  readonly version: string;
  readonly until: number;
}

export class AbsentFiles {
  readonly #clock: Clock;
  readonly #absent = new Map<string, Absence>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** "absent", or what `note` wants to know once the file was looked for; undefined: its folder says nothing. */
  look(path: string): "absent" | FolderState | undefined {
    const now = this.#clock.now();
    try {
      const { dev, ino, mtimeMs, ctimeMs } = statSync(dirname(path));
      const version = `${dev} ${ino} ${mtimeMs} ${ctimeMs}`;
      const known = this.#absent.get(path);
      if (known?.version === version && now < known.until && known.until - now <= KEPT) return "absent";
      return now - Math.max(mtimeMs, ctimeMs) < SETTLED ? undefined : { version, seenAt: now };
    } catch {
      return undefined;
    }
  }

  /** The file was looked for after the folder had been in this state, and no entry of that name was in it, not even a link. */
  note(path: string, { version, seenAt }: FolderState): void {
    if (this.#absent.size >= MOST_KEPT) this.#absent.clear();
    this.#absent.set(path, { version, until: seenAt + KEPT });
  }
}
