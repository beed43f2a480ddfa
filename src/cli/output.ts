/** Standard output of a dialogue: octets, collected and written before the program waits or ends. */
import { writeSync } from "node:fs";
import { isTerminal } from "../sys/terminal.ts";
import { octetsForTerminal } from "../sys/terminal-text.ts";

/** What is held before it is written, in octets. */
const HELD = 65_536;

export class Output {
  readonly #write: (octets: Buffer) => void;
  /** One place for all: text that waits as strings would outlive several rounds of collecting garbage. */
  #held: Buffer | undefined;
  #length = 0;

  /** @param write takes all octets before it returns, and keeps none of them */
  constructor(write: (octets: Buffer) => void = (octets) => writeStandard(1, octets)) {
    this.#write = write;
  }

  /** @param text latin1, one code unit per octet */
  print(text: string): void {
    if (text.length > HELD) {
      this.flush();
      this.#write(Buffer.from(text, "latin1"));
      return;
    }
    if (this.#length + text.length > HELD) this.flush();
    this.#held ??= Buffer.allocUnsafeSlow(HELD);
    this.#length += this.#held.write(text, this.#length, "latin1");
  }

  line(text: string): void {
    this.print(`${text}\n`);
  }

  flush(): void {
    if (this.#length === 0 || this.#held === undefined) return;
    const octets = this.#held.subarray(0, this.#length);
    this.#length = 0;
    this.#write(octets);
  }
}

/**
 * What a terminal is shown of octets that may quote what others wrote: nothing that it would obey, apart from the reverse
 * video that debugging uses (-dANSI). Files and pipes get them as they are.
 */
export function forScreen(octets: Buffer): Buffer {
  const parts = octets.toString("latin1").split(REVERSE_VIDEO);
  return Buffer.from(parts.map((part, index) => (index % 2 === 1 ? part : octetsForTerminal(part))).join(""), "latin1");
}

const REVERSE_VIDEO = /(\x1b\[[07]m)/;

/** Whoever read us has read enough (`rulemail queue list | head`): nothing more can be said, and nothing has failed. */
export class ReaderGoneError extends Error {
  override readonly name = "ReaderGoneError";
}

/** By its name: in the one executable file two scripts have this class, each its own. */
export function isReaderGone(error: unknown): boolean {
  return error instanceof Error && error.name === "ReaderGoneError";
}

/**
 * Writes to standard output (1) or standard error (2), all of it.
 * @throws ReaderGoneError when nobody reads it any more; what the system says
 */
export function writeStandard(fd: 1 | 2, given: Buffer): void {
  const octets = isTerminal(fd) ? forScreen(given) : given;
  for (let done = 0; done < octets.length;) {
    try {
      done += writeSync(fd, octets, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") throw new ReaderGoneError("Nobody reads what this writes", { cause: error });
      // A full pipe that somebody made non-blocking: wait a moment and go on.
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
