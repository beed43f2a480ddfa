/**
 * Copies messages out of the queue as qf (hf) and df files, for a genuine sendmail, another machine, or an archive.
 * The queue keeps them: who moves a queue holds or removes the originals afterwards. The way back in is to put such
 * files into the queue folder while no server runs.
 */
import { type FileOperations, systemFiles } from "./file-operations.ts";
import type { QueueFilter, QueueStore } from "./queue.ts";
import { SpoolStore } from "./spool-store.ts";

/**
 * Writes every matching message into a folder (made when it is missing), durable; the ids that were written.
 * @throws what the file system says, EEXIST when a message is there already
 */
export async function exportQueue(
  store: QueueStore,
  folder: string,
  filter: QueueFilter = {},
  files: FileOperations = systemFiles,
): Promise<readonly string[]> {
  await files.makeFolder(folder, 0o700);
  const spool = new SpoolStore(files, folder);
  const written: string[] = [];
  for (const { id } of await store.list(filter)) {
    const found = await store.inspect(id);
    if (!found) continue; // Finished meanwhile.
    const writer = await spool.begin(id);
    try {
      for await (const chunk of found.body.stream()) await writer.write([chunk as Buffer]);
      await writer.finish();
    } finally {
      await writer.close();
    }
    await spool.writeControl(found.entry);
    written.push(id);
  }
  return written;
}
