/**
 * The content of a file that others replace while we run: loaded at first use, looked at again now and then, loaded anew when
 * it changed. Opened under the rules of sys/safe-file.ts.
 *
 * A text that is being rewritten in place has half its lines for a moment, and nothing tells so: what was read before
 * serves until the file has been quiet for a second. A database says itself that it is damaged.
 */
import { closeSync, type Stats, statSync } from "node:fs";
import type { Clock } from "../sys/clock.ts";
import { errorText, type FileUse, openSafely, type SafetyOptions, type Unopened } from "../sys/safe-file.ts";

/** Milliseconds between two looks at a text, which somebody may be writing. */
const PATIENCE = 1000;
/** At a database, which is there whole: who has run newaliases or makemap sends mail with the next command. */
const SHORT_PATIENCE = 50;
/** Milliseconds after which a file is read although somebody never stops writing it. */
const LONGEST_WAIT = 10_000;

export interface WatchedFileOptions<Content> {
  readonly path: string;
  readonly use: FileUse;
  readonly safety: SafetyOptions;
  readonly clock: Clock;
  /** Makes the content. What it throws is a failure of the file. */
  readonly load: (fd: number, path: string) => Content;
  /** The content keeps the descriptor, or has closed it. Without this it is closed after `load`. */
  readonly keepsDescriptor?: boolean;
  /** An incomplete file cannot be told from a complete one. */
  readonly plain?: boolean;
  readonly dispose?: (content: Content) => void;
}

export type Watched<Content> = { readonly kind: "open"; readonly content: Content } | Unopened;

/** What stays the same as long as nobody touches a file; ctime shows changes that hide their time. */
const SAME = ["ino", "dev", "size", "mtimeMs", "ctimeMs"] as const;

export class WatchedFile<Content> {
  readonly #options: WatchedFileOptions<Content>;
  #state: Watched<Content> | undefined;
  #stats: Stats | undefined;
  #checked = Number.NEGATIVE_INFINITY;
  /** When a change was seen that is not loaded yet. */
  #noticed: number | undefined;

  constructor(options: WatchedFileOptions<Content>) {
    this.#options = options;
  }

  /** What the file holds now, or why it cannot be read. */
  current(): Watched<Content> {
    const now = this.#options.clock.now();
    const patience = this.#options.plain === true ? PATIENCE : SHORT_PATIENCE;
    // A clock that was set back must not stop the looking.
    if (this.#state && now - this.#checked < patience && now >= this.#checked) return this.#state;
    this.#checked = now;
    if (this.#state?.kind === "open" && !this.#changed(now)) return this.#state;
    this.#noticed = undefined;
    const next = this.#load();
    // What is not there is the same thing each time: who remembers what it said may go by that.
    if (next.kind === "absent" && this.#state?.kind === "absent" && next.problem === this.#state.problem) {
      return this.#state;
    }
    this.close();
    return (this.#state = next);
  }

  close(): void {
    if (this.#state?.kind === "open") this.#options.dispose?.(this.#state.content);
    this.#state = undefined;
  }

  /** A file that vanished has not changed: what we have is the best there is until another one comes. */
  #changed(now: number): boolean {
    let stats: Stats | undefined;
    try {
      stats = statSync(this.#options.path, { throwIfNoEntry: false });
    } catch {
      return true;
    }
    const before = this.#stats;
    if (stats === undefined || before === undefined || SAME.every((fact) => stats[fact] === before[fact])) return false;
    return !(this.#options.plain ?? false) || this.#isQuiet(stats, now);
  }

  #isQuiet({ mtimeMs }: Stats, now: number): boolean {
    this.#noticed ??= now;
    return Math.abs(now - mtimeMs) >= PATIENCE || now - this.#noticed >= LONGEST_WAIT || now < this.#noticed;
  }

  #load(): Watched<Content> {
    const { path, use, safety, keepsDescriptor } = this.#options;
    const opened = openSafely(path, use, safety);
    if (opened.kind !== "open") return opened;
    let kept = false;
    try {
      const content = this.#options.load(opened.fd, path);
      kept = keepsDescriptor ?? false;
      this.#stats = opened.stats;
      return { kind: "open", content };
    } catch (error) {
      return { kind: "failed", problem: errorText(error), code: (error as NodeJS.ErrnoException).code ?? "EINVAL" };
    } finally {
      if (!kept) closeSync(opened.fd);
    }
  }
}
