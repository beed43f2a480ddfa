/** Picks the personality from the first word, the name that bin/rulemail was called by, and exits with its code. */
import { main } from "./cli/main.ts";

const [name = "rulemail", ...words] = process.argv.slice(2);
void main(name, words).then((status) => (process.exitCode = status));
