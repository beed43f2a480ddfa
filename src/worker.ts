/** The second program of the bundle: the processes beside the server. */
import { beWorker } from "./mailbox/worker.ts";
import { keepHeapSmall } from "./sys/heap.ts";

void beWorker(process.argv[2]);
// Such a process ends with whoever started it, and comes to no end of its own at which compiled code would be kept: this does.
keepHeapSmall("beside a server", true);
