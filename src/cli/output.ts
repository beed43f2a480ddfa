/** Standard output of a dialogue: octets, collected and written before the program waits or ends. */
import { writeSync } from "node:fs";

const LARGE = 65_536;

export class Output {
  readonly #write: (octets: Buffer) => void;
  #text = "";

  /** @param write takes all octets before it returns */
  constructor(write: (octets: Buffer) => void = writeStandardOutput) {
    this.#write = write;
  }

  /** @param text latin1, one code unit per octet */
  print(text: string): void {
    this.#text += text;
    if (this.#text.length > LARGE) this.flush();
  }

  line(text: string): void {
    this.print(`${text}\n`);
  }

  flush(): void {
    if (this.#text === "") return;
    const octets = Buffer.from(this.#text, "latin1");
    this.#text = "";
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
