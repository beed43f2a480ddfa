/**
 * Keeps what logins did of late (reception/login-limits.ts) in a file of the queue folder, so that a restart does not give a stolen
 * password a new hour. It is written some seconds after the first change, as a whole, aside of mail: a server that is killed forgets
 * what it counted in these seconds.
 */
import { readFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Log } from "../log/log.ts";
import type { LoginLimits } from "../reception/login-limits.ts";
import type { Clock } from "../sys/clock.ts";

const FILE = "logins";
/** What was counted is on disk after so many ms. */
const DELAY = 10_000;

export interface LoginCountsParts {
  readonly queueFolder: string;
  readonly limits: Pick<LoginLimits, "watch" | "take" | "restore">;
  readonly clock: Clock;
  readonly log: Log;
}

export class LoginCountsFile {
  readonly #path: string;
  readonly #parts: LoginCountsParts;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** What the log has said already. */
  #problem: string | undefined;

  /** Reads the file; what is damaged is told in the log, and counting begins anew. */
  constructor(parts: LoginCountsParts) {
    this.#path = join(parts.queueFolder, FILE);
    this.#parts = parts;
    const problem = this.#read();
    if (problem !== undefined) this.#tell(`${this.#path}: ${problem}: counts of logins begin anew`);
    parts.limits.watch(() => {
      this.#cancel = parts.clock.after(DELAY, () => this.#write());
    });
  }

  /** Writes what is not yet on disk. */
  async close(): Promise<void> {
    if (this.#cancel !== undefined) this.#write();
    await this.#writing;
  }

  #read(): string | undefined {
    try {
      return this.#parts.limits.restore(readFileSync(this.#path, "utf8"));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return code === "ENOENT" ? undefined : message;
    }
  }

  /** One after the other; a failure is told once, and tried again with the next change. */
  #write(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const write = async (): Promise<void> => {
      try {
        await replace(this.#path, this.#parts.limits.take());
        this.#problem = undefined;
      } catch (error) {
        this.#tell(`${this.#path}: cannot write counts of logins: ${(error as Error).message}`);
      }
    };
    this.#writing = this.#writing.then(write);
  }

  #tell(text: string): void {
    if (text === this.#problem) return;
    this.#problem = text;
    this.#parts.log.write(1, { priority: "warning", text });
  }
}

/** Nobody else writes in this folder while a server has its lock: the name aside may be the same each time. */
async function replace(path: string, text: string): Promise<void> {
  const aside = join(dirname(path), `.${FILE}.new`);
  const file = await open(aside, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
}
