/**
 * Keeps a queue folder in the format that is written now, for all later versions to read: `node test/golden/queue/record.ts
 * [NAME]` makes a folder beside this file, called vN unless said otherwise, N being that format. One that was made once is never made anew: that would be another one.
 */
import { rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { QUEUE_FORMAT } from "../../../src/queue/format.ts";
import { openQueue } from "../../../src/queue/open-queue.ts";
import { fillWithAllKinds, SMALL_SIZES, wholeMessages } from "../../support/queue-of-all-kinds.ts";

const directory = join(import.meta.dirname, process.argv[2] ?? `v${QUEUE_FORMAT}`);
await mkdir(directory);
const { store } = await openQueue({ directory, ...SMALL_SIZES });
await fillWithAllKinds(store);
writeFileSync(join(directory, "expected.json"), `${JSON.stringify(await wholeMessages(store), undefined, 1)}\n`);
await store.close();
rmSync(join(directory, "lock.db"));
