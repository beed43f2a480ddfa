/** A whole run of the program: the personality of a name, and what becomes of errors that no command expects. */
import { givenWords } from "./given-words.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import { guardTerminal } from "../sys/terminal-text.ts";
import { isReaderGone } from "./output.ts";
import { run } from "./personality.ts";

/**
 * @param name the name that the program was called by, without folder
 * @param words the last words of this process, as Node has them
 * @returns the exit status
 */
export async function main(name: string, words: readonly string[]): Promise<number> {
  guardOutput(name, "stdout");
  guardOutput(name, "stderr");
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
function guardOutput(name: string, output: "stdout" | "stderr"): void {
  const made = Object.getOwnPropertyDescriptor(process, output);
  const guarded = (): NodeJS.WriteStream => {
    Object.defineProperty(process, output, made ?? {});
    const stream = process[output];
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") cannotSay(name, output, error);
    });
    guardTerminal(stream);
    return stream;
  };
  Object.defineProperty(process, output, { configurable: true, enumerable: true, get: guarded });
}

/** A disk that is full ends nothing that runs; whoever asked must not take what was written for all of it. */
function cannotSay(name: string, output: "stdout" | "stderr", { message }: Error): void {
  if (output === "stderr") return; // there is nobody to tell
  process.stderr.write(`${name}: cannot write to standard output: ${message}\n`);
  process.once("exit", () => {
    if (!process.exitCode) process.exitCode = EX.IOERR;
  });
}

/** By what the system says. */
const STATUSES: Readonly<Record<string, ExitCode>> = {
  EACCES: EX.NOPERM,
  EPERM: EX.NOPERM,
  ENOSPC: EX.IOERR,
  EDQUOT: EX.IOERR,
  EIO: EX.IOERR,
};

/** What a command did not expect: the text is for whoever typed it, the trace only for whoever asks (NODE_DEBUG=rulemail). */
function tell(name: string, error: unknown): number {
  const { code, message, stack }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  const traced = process.env.NODE_DEBUG?.split(",").includes("rulemail") === true;
  process.stderr.write(`${name}: ${(traced ? stack : undefined) ?? message}\n`);
  return STATUSES[code ?? ""] ?? EX.SOFTWARE;
}
