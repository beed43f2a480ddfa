/**
 * What jest does with a file before it runs it: types are taken out, nothing is compiled.
 *
 * Processes that tests start read src/ too: Node keeps what it has made of a file for the next one. That is said here, in the
 * process that runs tests and after its start: it would keep jest's own files as well, and so take longer to end than jest waits.
 */
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";

process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "../../node_modules/.cache/rulemail-tests");

export default { process: (source) => ({ code: stripTypeScriptTypes(source) }) };
