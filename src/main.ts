/** Picks the personality from the name the program was called by, and exits with its code. */
import { enableCompileCache } from "node:module";
import { run } from "./cli/personality.ts";

enableCompileCache();
const [name = "rulemail", ...words] = process.argv.slice(2);
process.exitCode = await run(name, words);
