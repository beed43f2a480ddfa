/** Picks the personality from the first word, the name that bin/rulemail was called by, and exits with its code. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { main } from "./cli/main.ts";

// Compiled code is kept beside the program, where only its owner can put any; a folder in /tmp could be somebody else's.
enableCompileCache(join(import.meta.dirname, ".cache"));
const [name = "rulemail", ...words] = process.argv.slice(2);
void main(name, words).then((status) => (process.exitCode = status));
