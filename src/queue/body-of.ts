/** The body of a message, wherever it lies. */
import type { MessageReader } from "../envelope/message.ts";
import { JournalBody, MemoryBody } from "./body.ts";
import type { Item } from "./item.ts";
import type { SpoolStore } from "./spool-store.ts";

/** Where the body of a message lies now. @param fresh it is in memory still */
export function bodyOf(
  { journal, entry }: Pick<Item, "journal" | "entry">,
  fresh: readonly Buffer[] | undefined,
  spool: Pick<SpoolStore, "body">,
): MessageReader {
  if (fresh) return new MemoryBody(fresh);
  if (journal) return new JournalBody(journal.segment.file, journal.bodyAt, journal.bodyLength);
  return spool.body(entry);
}
