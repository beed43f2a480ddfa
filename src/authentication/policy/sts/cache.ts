/**
 * Policies that were fetched, until their time ends: in memory, and in a file that outlives restarts, so that nobody who can
 * keep answers from a server that has just begun can make it forget. Bounded: the domain whose policy was used longest ago
 * goes first. One line for each:
 *
 *   {"domain":"example.com","id":"20261201","mode":"enforce","mx":["mx.example.com"],"maxAge":86400,"fetched":1796083200000}
 */
import { readFileSync } from "node:fs";
import type { Log } from "../../../log/log.ts";
import type { Clock } from "../../../sys/clock.ts";
import { replaceFile } from "../../../sys/replace-file.ts";
import { readStsPolicy, type StsPolicy, stsLines } from "./policy-text.ts";

export interface KeptPolicy extends StsPolicy {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly fetched: number;
}

/** A policy that is older is fetched again while it is used, ms: it is renewed long before its time ends. */
const DAY = 24 * 3600_000;
/** Domains, and characters of the file. */
const MOST = 20_000;
const MOST_TEXT = 16_000_000;
/** What is new is on disk after so many ms. */
const DELAY = 1_000;

/** The age from which on a policy is fetched again, ms. */
export function renewalAge({ maxAge }: StsPolicy): number {
  return Math.min(DAY, (maxAge * 1000) / 2);
}

export class StsCache {
  readonly #file: string | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  /** The one used longest ago first. */
  readonly #kept = new Map<string, KeptPolicy>();
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();
  #problem: string | undefined;

  /** @param file undefined: in memory alone */
  constructor(file: string | undefined, clock: Clock, log: Log) {
    this.#file = file;
    this.#clock = clock;
    this.#log = log;
    if (file !== undefined) this.#read(file);
  }

  /**
   * One whose time has not ended. After the clock was set back nobody knows how old one is that was fetched later than now: its time
   * begins again, in the middle, so that it is fetched anew and ends if it cannot be.
   */
  get(domain: string): KeptPolicy | undefined {
    const kept = this.#kept.get(domain);
    if (kept === undefined) return undefined;
    const now = this.#clock.now();
    if (now < kept.fetched) {
      this.put(domain, { ...kept, fetched: now - renewalAge(kept) - 1 });
      return this.#kept.get(domain);
    }
    this.#kept.delete(domain);
    if (now >= kept.fetched + kept.maxAge * 1000) return undefined;
    this.#kept.set(domain, kept);
    return kept;
  }

  put(domain: string, policy: KeptPolicy): void {
    this.#kept.delete(domain);
    this.#kept.set(domain, policy);
    if (this.#kept.size > MOST) this.#kept.delete(this.#kept.keys().next().value!);
    if (this.#file !== undefined) this.#cancel ??= this.#clock.after(DELAY, () => this.#write());
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Writes what is not yet on disk. */
  async flush(): Promise<void> {
    if (this.#cancel !== undefined) this.#write();
    await this.#writing;
  }

  #read(file: string): void {
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT") this.#tell(message);
      return;
    }
    let damaged = 0;
    for (const line of text.split("\n")) {
      if (line === "") continue;
      const read = readLine(line);
      if (read === undefined) damaged++;
      else this.#kept.set(...read);
    }
    if (damaged > 0) this.#tell(`${file}: ${damaged} lines cannot be read: these policies are fetched again`);
  }

  #write(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#writing = this.#writing
      .then(() => this.#save(this.#file!))
      .catch((error: Error) => this.#tell(error.message));
  }

  async #save(file: string): Promise<void> {
    const lines: string[] = [];
    let size = 0;
    for (const [domain, { id, mode, mx, maxAge, fetched }] of [...this.#kept].toReversed()) {
      const line = JSON.stringify({ domain, id, mode, mx, maxAge, fetched });
      if ((size += line.length + 1) > MOST_TEXT) break;
      lines.push(line);
    }
    await replaceFile(
      file,
      lines.toReversed().map((line) => `${line}\n`),
    );
    this.#problem = undefined;
  }

  /** Once for each problem: mail goes out all the same. */
  #tell(text: string): void {
    if (text === this.#problem) return;
    this.#problem = text;
    this.#log.write(3, { priority: "warning", text: `MTA-STS: ${text}` });
  }
}

/** Held to what a policy may say: somebody may have changed the file. */
function readLine(line: string): [domain: string, policy: KeptPolicy] | undefined {
  try {
    const { domain, id, mode, mx, maxAge, fetched } = JSON.parse(line) as Record<string, unknown>;
    const isText = typeof domain === "string" && typeof id === "string" && typeof fetched === "number";
    if (!isText || !Array.isArray(mx)) return undefined;
    const policy = readStsPolicy(stsLines({ mode, mx, maxAge } as StsPolicy).join("\n"));
    return typeof policy === "string" ? undefined : [domain, { ...policy, id, fetched }];
  } catch {
    return undefined;
  }
}
