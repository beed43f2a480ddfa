/**
 * What is appended to a file, across rotation: a file that was moved away is read to its end before the new one begins; one
 * that was cut begins anew.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { LineCutter } from "./sources.ts";

const CHUNK = 65_536;

export class LogTail {
  readonly #path: string;
  readonly #chunk = Buffer.allocUnsafeSlow(CHUNK);
  #fd: number | undefined;
  #inode = 0;
  #position = 0;
  #lines = new LineCutter();

  /**
   * Begins at the end of the file.
   * @throws what the system says when it is not there or must not be read
   */
  constructor(path: string) {
    this.#path = path;
    this.#open();
    this.#position = fstatSync(this.#fd!).size;
  }

  /** Lines since the last call. @throws what the system says when reading fails */
  *poll(): Generator<string> {
    yield* this.#drain();
    const there = statSync(this.#path, { throwIfNoEntry: false });
    // Between the two steps of a rotation there is none.
    if (there === undefined || there.ino === this.#inode) return;
    yield* this.#drain();
    yield* this.#lines.end();
    this.close();
    this.#open();
    yield* this.#drain();
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): void {
    this.#fd = openSync(this.#path, "r");
    this.#inode = fstatSync(this.#fd).ino;
    this.#position = 0;
  }

  *#drain(): Generator<string> {
    const fd = this.#fd;
    if (fd === undefined) return;
    if (fstatSync(fd).size < this.#position) {
      this.#position = 0;
      this.#lines = new LineCutter();
    }
    for (;;) {
      const got = readSync(fd, this.#chunk, 0, CHUNK, this.#position);
      if (got === 0) return;
      this.#position += got;
      yield* this.#lines.take(this.#chunk.subarray(0, got));
    }
  }
}
