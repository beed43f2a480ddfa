/** The second program of the bundle: the processes beside the server. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { beWorker } from "./mailbox/worker.ts";

// As for the program itself: where only its owner can put any.
enableCompileCache(join(import.meta.dirname, ".cache"));
await beWorker(process.argv[2]);
