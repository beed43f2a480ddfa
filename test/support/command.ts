/** Runs a companion program in this process, with text in and out. */
import type { CommandStreams } from "../../src/cli/command-streams.ts";
import { Output } from "../../src/cli/output.ts";

type Program = (words: readonly string[], streams: CommandStreams) => Promise<number>;

export async function runCommand(
  program: Program,
  words: readonly string[],
  input = "",
): Promise<{ status: number; output: string; errors: string }> {
  let output = "";
  let errors = "";
  const status = await program(words, {
    input: octets(input),
    output: new Output((chunk) => void (output += chunk.toString("latin1"))),
    errors: new Output((chunk) => void (errors += chunk.toString("latin1"))),
  });
  return { status, output, errors };
}

async function* octets(text: string): AsyncGenerator<Uint8Array> {
  const all = Buffer.from(text, "latin1");
  // In pieces that cut lines anywhere.
  for (let at = 0; at < all.length; at += 7) yield await Promise.resolve(all.subarray(at, at + 7));
}
