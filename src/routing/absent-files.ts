/**
 * Files that are not there: most users have no `.forward`, and where the server may not look into a home folder, finding that
 * out takes a task with the user's ids for each message.
 *
 * What was not there is not there as long as nothing has happened to its folder: a new entry changes the times of the folder,
 * which anybody may see who may enter the one above. A folder that was changed a moment ago may change once more within the
 * same tick of the file system's clock; what is found out about it is not kept. And nothing is kept for longer than a minute:
 * not every file system keeps times well.
 */
import { statSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../sys/clock.ts";

/** ms; the coarsest file systems count in two seconds. */
const SETTLED = 3_000;
const KEPT = 60_000;
/** Paths; they are forgotten all together. */
const MOST_KEPT = 20_000;

/** A folder as it was before somebody looked for a file in it. */
export interface FolderState {
  readonly status: Pick<Stats, "dev" | "ino" | "mtimeMs" | "ctimeMs">;
  readonly seenAt: number;
}

export class AbsentFiles {
  readonly #clock: Clock;
  readonly #absent = new Map<string, FolderState>();
  /** The places of ForwardPath are asked for one after another, and most lie in one folder. */
  #last: { readonly folder: string; readonly state: FolderState } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** "absent", or what `note` wants to know once the file was looked for; undefined: its folder says nothing. */
  look(path: string): "absent" | FolderState | undefined {
    const now = this.#clock.now();
    const state = this.#stateOf(dirname(path), now);
    if (state === undefined) return undefined;
    const known = this.#absent.get(path);
    if (known !== undefined && isSame(known, state) && now >= known.seenAt && now - known.seenAt < KEPT)
      return "absent";
    const { mtimeMs, ctimeMs } = state.status;
    return now - Math.max(mtimeMs, ctimeMs) < SETTLED ? undefined : state;
  }

  /** The file was looked for after the folder had been in this state, and no entry of that name was in it, not even a link. */
  note(path: string, state: FolderState): void {
    if (this.#absent.size >= MOST_KEPT) this.#absent.clear();
    this.#absent.set(path, state);
  }

  /** In the same millisecond a folder is looked at once: what is true a moment later is seen by the next who asks. */
  #stateOf(folder: string, now: number): FolderState | undefined {
    if (this.#last?.folder === folder && this.#last.state.seenAt === now) return this.#last.state;
    try {
      const status = statSync(folder);
      this.#last = { folder, state: { status, seenAt: now } };
      return this.#last.state;
    } catch {
      return undefined;
    }
  }
}

function isSame({ status: one }: FolderState, { status: other }: FolderState): boolean {
  return (
    one.ino === other.ino && one.dev === other.dev && one.mtimeMs === other.mtimeMs && one.ctimeMs === other.ctimeMs
  );
}
