/**
 * Files with secrets as they were when they could last be used: whoever reads one again and finds it broken, or may not read it any
 * more, goes on with what it was before. Lives as long as the process; a file that was never good is not in it.
 */
export class LastGood {
  readonly #octets = new Map<string, Buffer>();

  /** What a file held that was good. */
  keep(path: string, octets: Buffer): void {
    this.#octets.set(path, octets);
  }

  before(path: string): Buffer | undefined {
    return this.#octets.get(path);
  }
}
