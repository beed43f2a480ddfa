/** Picks the personality from the name the program was called by, and exits with its code. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { givenWords } from "./cli/given-words.ts";
import { ReaderGoneError } from "./cli/output.ts";
import { run } from "./cli/personality.ts";
import { EX } from "./sys/sysexits.ts";
import { guardTerminal } from "./sys/terminal-text.ts";

// Compiled code is kept beside the program, where only its owner can put any; a folder in /tmp could be somebody else's.
enableCompileCache(join(import.meta.dirname, ".cache"));
const [name = "rulemail", ...words] = givenWords(process.argv.slice(2));
// smrsh becomes another program: streams that Node has opened would be non-blocking for it.
const becomesAnother = (name === "rulemail" ? words[0] : name) === "smrsh";
// Whoever reads us may stop reading (`mailq | head`): no reason to fail, and none for a server to end.
for (const stream of becomesAnother ? [] : [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  guardTerminal(stream);
}
try {
  process.exitCode = await run(name, words);
} catch (error) {
  process.exitCode = error instanceof ReaderGoneError ? EX.OK : tell(error);
}

/** What a command did not expect: the text is for whoever typed it, the trace only for whoever asks (NODE_DEBUG=rulemail). */
function tell(error: unknown): number {
  const { code, message, stack }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  const traced = process.env.NODE_DEBUG?.split(",").includes("rulemail") === true;
  process.stderr.write(`${name}: ${(traced ? stack : undefined) ?? message}\n`);
  return code === "EACCES" || code === "EPERM" ? EX.NOPERM : EX.SOFTWARE;
}
