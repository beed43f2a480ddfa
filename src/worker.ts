/** The second program of the bundle: the processes beside the server. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { beWorker } from "./mailbox/worker.ts";
import { keepHeapSmall } from "./sys/heap.ts";

// As for the program itself: where only its owner can put any.
enableCompileCache(join(import.meta.dirname, ".cache"));
void beWorker(process.argv[2]);
// Such a process ends with whoever started it, and comes to no end of its own at which Node would write the cache: this does.
keepHeapSmall("beside a server", true);
