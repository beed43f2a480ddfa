/** A whole run of the program: the personality of a name, and what becomes of errors that no command expects. */
import { givenWords } from "./given-words.ts";
import { EX } from "../sys/sysexits.ts";
import { guardTerminal } from "../sys/terminal-text.ts";
import { isReaderGone } from "./output.ts";
import { run } from "./personality.ts";

/**
 * @param name the name that the program was called by, without folder
 * @param words the last words of this process, as Node has them
 * @returns the exit status
 */
export async function main(name: string, words: readonly string[]): Promise<number> {
  guardOutput("stdout");
  guardOutput("stderr");
  try {
    return await run(name, givenWords(words));
  } catch (error) {
    return isReaderGone(error) ? EX.OK : tell(name, error);
  }
}

/**
 * Whoever reads us may stop reading (`mailq | head`): no reason to fail, and none for a server to end. A stream is made when it is
 * used first: a command with nothing to say makes none, and to a program that smrsh becomes they would be non-blocking.
 */
function guardOutput(name: "stdout" | "stderr"): void {
  const made = Object.getOwnPropertyDescriptor(process, name);
  const guarded = (): NodeJS.WriteStream => {
    Object.defineProperty(process, name, made ?? {});
    const stream = process[name];
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
    guardTerminal(stream);
    return stream;
  };
  Object.defineProperty(process, name, { configurable: true, enumerable: true, get: guarded });
}

/** What a command did not expect: the text is for whoever typed it, the trace only for whoever asks (NODE_DEBUG=rulemail). */
function tell(name: string, error: unknown): number {
  const { code, message, stack }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  const traced = process.env.NODE_DEBUG?.split(",").includes("rulemail") === true;
  process.stderr.write(`${name}: ${(traced ? stack : undefined) ?? message}\n`);
  return code === "EACCES" || code === "EPERM" ? EX.NOPERM : EX.SOFTWARE;
}
