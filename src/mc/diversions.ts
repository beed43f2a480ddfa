/**
 * Numbered output streams. Text goes to the current one; 0 is the output itself, negative numbers throw away, the others
 * wait until they are undiverted or the input ends. Each piece keeps its origin.
 */
import type { Origin } from "./origin.ts";

interface Piece {
  text: string;
  readonly origin: Origin | undefined;
}

/** What was written, with the origin of each line's first visible character. */
export interface TracedText {
  readonly text: string;
  /** Index 0 is the first line. */
  readonly origins: readonly (Origin | undefined)[];
}

const MAX_OUTPUT = 64 * 1024 * 1024;

export class OutputTooLarge extends Error {}

export class Diversions {
  #streams = new Map<number, Piece[]>([[0, []]]);
  #current: Piece[] | undefined = this.#streams.get(0);
  #number = 0;
  #size = 0;
  /** Called when text goes somewhere else than before, or other text was put where it goes. */
  onDivert: (() => void) | undefined;

  /** Where text goes now (divnum). */
  get number(): number {
    return this.#number;
  }

  divert(to: number): void {
    if (to === this.#number) return;
    this.onDivert?.();
    this.#number = to;
    this.#current = to < 0 ? undefined : this.#stream(to);
  }

  #stream(number: number): Piece[] {
    let stream = this.#streams.get(number);
    if (stream === undefined) this.#streams.set(number, (stream = []));
    return stream;
  }

  write(text: string, origin: Origin | undefined): void {
    const stream = this.#current;
    if (stream === undefined || text === "") return;
    this.#size += text.length;
    if (this.#size > MAX_OUTPUT) throw new OutputTooLarge("output exceeds 64 MB");
    const last = stream.at(-1);
    if (last !== undefined && last.origin === origin) last.text += text;
    else stream.push({ text, origin });
  }

  /** What a program printed: to the output itself, wherever text goes now. */
  writeOutput(text: string, origin: Origin | undefined): void {
    if (text !== "") this.#stream(0).push({ text, origin });
  }

  /** Moves diversion `number` to where text goes now. */
  undivert(number: number): void {
    if (number <= 0 || number === this.#number) return;
    const pieces = this.#streams.get(number);
    if (pieces === undefined) return;
    this.#streams.delete(number);
    this.onDivert?.();
    const stream = this.#current;
    if (stream !== undefined) for (const piece of pieces) stream.push(piece);
  }

  /** Moves all waiting diversions, lowest number first. */
  undivertAll(): void {
    for (const number of [...this.#streams.keys()].toSorted((a, b) => a - b)) this.undivert(number);
  }

  /** The output so far: diversion 0. */
  output(): TracedText {
    const pieces = this.#streams.get(0) ?? [];
    const origins: (Origin | undefined)[] = [undefined];
    let line = 0;
    const text: string[] = [];
    for (const { text: each, origin } of pieces) {
      text.push(each);
      let start = 0;
      for (let end = each.indexOf("\n"); end >= 0; end = each.indexOf("\n", start)) {
        if (end > start) origins[line] ??= origin;
        origins[++line] = undefined;
        start = end + 1;
      }
      if (start < each.length) origins[line] ??= origin;
    }
    return { text: text.join(""), origins };
  }
}
