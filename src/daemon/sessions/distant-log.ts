/** The log of a thread: lines go to the main thread, which has the files. What is not wanted at the LogLevel stays here. */
import type { Log, LogLine } from "../../log/log.ts";

/** Before a configuration says otherwise. */
const FIRST_LEVEL = 9;

export class DistantLog implements Log {
  level = FIRST_LEVEL;
  isSilent = false;
  readonly #send: (line: { readonly level: number; readonly line: Omit<LogLine, "fields"> }) => void;

  constructor(send: (line: { readonly level: number; readonly line: Omit<LogLine, "fields"> }) => void) {
    this.#send = send;
  }

  enabled(level: number): boolean {
    return level <= this.level && !this.isSilent;
  }

  write(level: number, { priority, id, text }: LogLine): void {
    if (!this.enabled(level)) return;
    this.#send({ level, line: { priority, text, ...(id !== undefined && { id }) } });
  }
}
