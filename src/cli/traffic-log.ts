/**
 * `-X FILE`: what a command says and hears, line by line, as sendmail writes it: `<<<` what comes in, `>>>` what goes out,
 * `===` what happens, behind the number of the process.
 *
 *     04711 <<< Subject: x
 *     04711 === CONNECT hub.example.test via esmtp
 *     04711 >>> EHLO mail.example.test
 */
import { appendFileSync, closeSync, openSync } from "node:fs";
import { PassThrough, type Readable, type Writable } from "node:stream";

export type Direction = "<<<" | ">>>" | "===";

export class TrafficLog {
  readonly #file: number;
  readonly #head = `${String(process.pid).padStart(5, "0")} `;

  /** @throws what the system says */
  constructor(path: string) {
    this.#file = openSync(path, "a", 0o600);
  }

  line(direction: Direction, text: string): void {
    appendFileSync(this.#file, `${this.#head}${direction} ${text}\n`, "latin1");
  }

  /** A line of a conversation as deliveries tell it: ours begin with `>>> `. */
  dialogue(text: string): void {
    if (text.startsWith(">>> ")) this.line(">>>", text.slice(4));
    else this.line("<<<", text);
  }

  /** The same octets, whose lines are noted as they pass. */
  async *passing(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const lines = new Lines((text) => this.line("<<<", text));
    for await (const chunk of input) {
      lines.push(chunk);
      yield chunk;
    }
    lines.end();
    this.line("<<<", "[EOF]");
  }

  /** Both streams of a conversation, noted as they pass. */
  between(input: Readable, output: Writable): { readonly input: Readable; readonly output: Writable } {
    const [theirs, ours] = [new PassThrough(), new PassThrough()];
    const [heard, said] = [new Lines((text) => this.line("<<<", text)), new Lines((text) => this.line(">>>", text))];
    input.on("data", (chunk: Buffer) => heard.push(chunk));
    ours.on("data", (chunk: Buffer) => said.push(chunk));
    input.pipe(theirs);
    ours.pipe(output, { end: false });
    return { input: theirs, output: ours };
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Lines of octets that come in pieces, without their ends. */
class Lines {
  readonly #take: (line: string) => void;
  #rest = "";

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString("latin1")).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#take(line.replace(/\r$/, ""));
  }

  end(): void {
    if (this.#rest !== "") this.#take(this.#rest);
    this.#rest = "";
  }
}
