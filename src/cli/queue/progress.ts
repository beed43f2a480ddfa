/** One line of a terminal that tells how far the work is; nothing where nobody watches. */
export class Progress {
  readonly #write: (text: string) => void;
  readonly #isShown: boolean;
  #length = 0;

  /** @param isShown somebody watches, and there is something to wait for */
  constructor(write: (text: string) => void, isShown: boolean) {
    this.#write = write;
    this.#isShown = isShown;
  }

  show(text: string): void {
    if (!this.#isShown) return;
    // What the line before had more is written over.
    this.#write(`\r${text.padEnd(this.#length)}`);
    this.#length = text.length;
  }

  /** Leaves an empty line behind. */
  end(): void {
    if (this.#length > 0) this.#write(`\r${" ".repeat(this.#length)}\r`);
    this.#length = 0;
  }
}
