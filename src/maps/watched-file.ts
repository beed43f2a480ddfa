/**
 * The content of a file that others replace while we run: loaded at first use, looked at again at most once a second,
 * loaded anew when it changed. Opened under the rules of sys/safe-file.ts.
 */
import { closeSync, type Stats, statSync } from "node:fs";
import type { Clock } from "../sys/clock.ts";
import { errorText, type FileUse, openSafely, type SafetyOptions, type Unopened } from "../sys/safe-file.ts";

/** Milliseconds between two looks at the file. */
const PATIENCE = 1000;

export interface WatchedFileOptions<Content> {
  readonly path: string;
  readonly use: FileUse;
  readonly safety: SafetyOptions;
  readonly clock: Clock;
  /** Makes the content. What it throws is a failure of the file. */
  readonly load: (fd: number, path: string) => Content;
  /** The content keeps the descriptor, or has closed it. Without this it is closed after `load`. */
  readonly keepsDescriptor?: boolean;
  readonly dispose?: (content: Content) => void;
}

export type Watched<Content> = { readonly kind: "open"; readonly content: Content } | Unopened;

export class WatchedFile<Content> {
  readonly #options: WatchedFileOptions<Content>;
  #state: Watched<Content> | undefined;
  #stats: Stats | undefined;
  #checked = Number.NEGATIVE_INFINITY;

  constructor(options: WatchedFileOptions<Content>) {
    this.#options = options;
  }

  /** What the file holds now, or why it cannot be read. */
  current(): Watched<Content> {
    const now = this.#options.clock.now();
    // A clock that was set back must not stop the looking.
    if (this.#state && now - this.#checked < PATIENCE && now >= this.#checked) return this.#state;
    this.#checked = now;
    if (this.#state?.kind === "open" && !this.#changed()) return this.#state;
    const next = this.#load();
    this.close();
    return (this.#state = next);
  }

  close(): void {
    if (this.#state?.kind === "open") this.#options.dispose?.(this.#state.content);
    this.#state = undefined;
  }

  /** A file that vanished has not changed: what we have is the best there is until another one comes. */
  #changed(): boolean {
    const before = this.#stats;
    try {
      const now = statSync(this.#options.path, { throwIfNoEntry: false });
      if (now === undefined || before === undefined) return false;
      return (
        now.ino !== before.ino || now.dev !== before.dev || now.size !== before.size || now.mtimeMs !== before.mtimeMs
      );
    } catch {
      return true;
    }
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
