/** `-s`: puts `#line` directives into the output, so that a C preprocessor knows which line of which file it reads. */
import type { Origin } from "./origin.ts";

export class SyncLines {
  /** The line the reader of the output believes to be at; -1: it must be told the file as well. */
  #line = -1;
  #atLineStart = true;

  /** Another file is read, or text goes somewhere else. */
  restart(): void {
    this.#line = -1;
    this.#atLineStart = true;
  }

  /** `text` with the directives that it needs. */
  mark(text: string, { file, line }: Origin): string {
    let out = "";
    let here = line;
    for (let at = 0; at < text.length;) {
      if (this.#atLineStart) out += this.#directive(file, here++);
      else here++;
      const end = text.indexOf("\n", at);
      this.#atLineStart = end >= 0;
      const next = end < 0 ? text.length : end + 1;
      out += text.slice(at, next);
      at = next;
    }
    return out;
  }

  #directive(file: string, line: number): string {
    const isFirst = this.#line < 0;
    if (!isFirst && ++this.#line === line) return "";
    this.#line = line;
    return isFirst ? `#line ${line} "${file}"\n` : `#line ${line}\n`;
  }
}
