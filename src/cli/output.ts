/** Standard output of a dialogue: octets, collected and written before the program waits or ends. */
import { writeSync } from "node:fs";

/** What is held before it is written, in octets. */
const HELD = 65_536;

export class Output {
  readonly #write: (octets: Buffer) => void;
  /** One place for all: text that waits as strings would outlive several rounds of collecting garbage. */
  #held: Buffer | undefined;
  #length = 0;

  /** @param write takes all octets before it returns, and keeps none of them */
  constructor(write: (octets: Buffer) => void = writeStandardOutput) {
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

function writeStandardOutput(octets: Buffer): void {
  for (let done = 0; done < octets.length;) {
    try {
      done += writeSync(1, octets, done);
    } catch (error) {
      // A full pipe that somebody made non-blocking: wait a moment and go on.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
