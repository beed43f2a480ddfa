/** Standard input, output and error of a companion program; tests bring their own. Text is octets (latin1). */
import { Output, writeStandard } from "./output.ts";

export interface CommandStreams {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: Output;
  readonly errors: Output;
}

export function processStreams(): CommandStreams {
  return { input: process.stdin, output: new Output(), errors: new Output((octets) => writeStandard(2, octets)) };
}

/** Lines of an input, without their line ends, in pieces as they arrive. */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of input) {
    const lines = (rest + Buffer.from(chunk).toString("latin1")).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
