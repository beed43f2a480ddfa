/**
 * Messages as files: a control file (qf, or hf while held) and a body file (df) each. For bodies that are too large
 * for the journal, for held mail, and for what is left of old segments. What an operator may `cat`, `cp` and `rm`
 * while no server runs.
 *
 *     qf5AKJLerx012345   control file, what is to be done        hf...   the same, held
 *     df5AKJLerx012345   body with LF lines                      tf...   control file being rewritten
 *     Qf5AKJLerx012345   control file that could not be read: set aside, nothing of it is lost
 *
 * A control file is never written in place: tf, sync, rename, sync of the folder. The body is durable before its
 * control file appears and is removed after it, so a df alone was never promised to anybody.
 */
import { join } from "node:path";
import { SpoolBody } from "./body.ts";
import { controlFileParts } from "./control-file.ts";
import { ControlFileError, parseControlFile } from "./control-file-reader.ts";
import { type FileOperations, FolderSync, hasCode, readWhole, reasonOf, unlinkIfThere } from "./file-operations.ts";
import { folderOf, MAIN_GROUP, type SpoolPlace, SpoolPlaces } from "./spool-places.ts";
import { countLf } from "./line-ends.ts";
import type { BodyFile, BodyFiles, QueueEntry } from "./queue.ts";
import { SpoolWriter } from "./spool-writer.ts";
import { unreadableEntry } from "./unreadable.ts";

/** Longest control file that is read. */
const LONGEST_CONTROL_FILE = 384 << 20;
const PIECE = 256 << 10;
/** Names of the queue's files: two letters and an id. */
const QUEUE_FILE = /^(qf|hf|Qf|df|tf|xf)([0-9A-Za-z]{6,32})$/;

/** The control file of a message is gone; its other files are not, or not for good. */
export class PartlyRemovedError extends Error {
  override readonly name = "PartlyRemovedError";
}

export type FileKind = "qf" | "hf" | "Qf" | "df" | "tf" | "xf";

/** True when a message has a control file that counts. */
export function hasControl(found: ReadonlySet<FileKind>): boolean {
  return found.has("qf") || found.has("hf");
}

/** A message that was read, or why it was not. */
type Examined =
  | { readonly entry: QueueEntry; readonly owner: number; readonly report?: undefined; readonly stays?: undefined }
  | {
      readonly report: string;
      readonly entry?: undefined;
      /** It stays where it is, and why: what may be read another time. */
      readonly stays?: { readonly why: string; readonly since: number };
    };

export interface SpoolContents {
  readonly entries: readonly QueueEntry[];
  /** Id → user id of the control file's owner. */
  readonly owners: ReadonlyMap<string, number>;
  /** What stays where it is and cannot be read now. */
  readonly unreadable: readonly QueueEntry[];
  /** What an operator should know. */
  readonly reports: readonly string[];
}

export class SpoolStore {
  readonly #files: FileOperations;
  readonly #places: SpoolPlaces;
  readonly #main: SpoolPlace;
  /** Where messages lie that are not in the main folder. */
  readonly #elsewhere = new Map<string, SpoolPlace>();
  readonly #syncs = new Map<string, FolderSync>();
  readonly #mode: number;

  /** @param mode of the files made here */
  constructor(files: FileOperations, where: string | SpoolPlaces, mode = 0o600) {
    this.#files = files;
    this.#places = typeof where === "string" ? SpoolPlaces.single(where) : where;
    this.#main = this.#places.all[0];
    this.#mode = mode;
  }

  /** Begins the body file of a message; its queue group is not known yet. */
  async begin(id: string): Promise<SpoolWriter> {
    this.begun(id);
    return new SpoolWriter(await this.#files.create(this.#path("df", id), this.#mode));
  }

  /** The body file of a message was begun, here or by another thread. */
  begun(id: string): void {
    this.#lies(id, this.#places.of(MAIN_GROUP, id));
  }

  /** Another thread sees to the message from now on. */
  forget(id: string): void {
    this.#elsewhere.delete(id);
  }

  /** Writes the body file of a message that lies in memory, or in the journal. */
  async writeBody(id: string, chunks: readonly Buffer[]): Promise<void> {
    const writer = await this.begin(id).catch(async (error: unknown) => {
      if (!hasCode(error, "EEXIST")) throw error;
      // What an earlier try left, whose file could not be removed.
      await this.#files.unlink(this.#path("df", id));
      return this.begin(id);
    });
    try {
      await writer.write(chunks);
      await writer.finish();
    } finally {
      await writer.close();
    }
  }

  /** Writes or replaces the control file; durable when it resolves. */
  async writeControl(entry: QueueEntry): Promise<void> {
    await this.#joinGroup(entry);
    const { control, body } = this.#place(entry.id);
    // With the control file in another folder, the name of the body has to be durable first.
    if (control !== body) await this.#sync(body);
    const temporary = this.#path("tf", entry.id);
    await unlinkIfThere(this.#files, temporary);
    const file = await this.#files.create(temporary, this.#mode);
    try {
      let at = 0;
      for (const part of controlFileParts(entry)) {
        await file.write([part], at);
        at += part.length;
      }
      await file.datasync();
    } finally {
      await file.close();
    }
    const [name, other] = entry.hold === undefined ? ["qf", "hf"] : ["hf", "qf"];
    await this.#files.rename(temporary, this.#path(name, entry.id));
    if (await this.#files.facts(this.#path(other, entry.id))) {
      // Its other form goes when the new one is sure to be there: a crash between leaves two, of which hf counts.
      await this.#sync(control);
      await unlinkIfThere(this.#files, this.#path(other, entry.id));
    }
    await this.#sync(control);
  }

  /** Before its first control file: a message of a group that has a folder of its own lies there, where sendmail looks for it. */
  async #joinGroup({ id, group }: QueueEntry): Promise<void> {
    const [now, wanted] = [this.#place(id), this.#places.of(group, id)];
    if (now === wanted || now.group === wanted.group) return;
    for (const kind of ["qf", "hf"]) if (await this.#files.facts(this.#path(kind, id))) return;
    const from = this.#path("df", id);
    try {
      await this.#files.rename(from, join(wanted.body, `df${id}`));
    } catch (error) {
      // On another file system; where it lies it is as safe.
      if (hasCode(error, "EXDEV")) return;
      throw error;
    }
    this.#lies(id, wanted);
    await this.#sync(wanted.body);
    await this.#sync(now.body);
  }

  /**
   * Removes a message. The control file goes first: without it the body means nothing.
   * @throws PartlyRemovedError after that; else what the file system says, and the message is as it was
   */
  async remove(id: string): Promise<void> {
    for (const kind of ["qf", "hf"]) await unlinkIfThere(this.#files, this.#path(kind, id));
    try {
      for (const kind of ["tf", "df"]) await unlinkIfThere(this.#files, this.#path(kind, id));
      await this.#sync(this.#place(id).control);
      this.#elsewhere.delete(id);
    } catch (error) {
      throw new PartlyRemovedError(reasonOf(error), { cause: error });
    }
  }

  /** The entry as its control file has it. */
  async read(id: string): Promise<QueueEntry> {
    const kind = (await this.#files.facts(this.#path("hf", id))) ? "hf" : "qf";
    return (await this.#read(kind, id)).entry;
  }

  /** @param owner user id that the body file must belong to; undefined for any */
  body(entry: QueueEntry, owner?: number): SpoolBody {
    return new SpoolBody(this.#files, this.#path("df", entry.id), entry.envelope.bodySize, owner);
  }

  /**
   * Reads everything. With `tidyBefore` it also cleans up: what a crash left half-made before that time (ms since
   * the epoch) is removed, control files that cannot be read are set aside. Without it nothing is changed.
   */
  async load(tidyBefore?: number): Promise<SpoolContents> {
    const entries: QueueEntry[] = [];
    const owners = new Map<string, number>();
    const reports: string[] = [];
    const unreadable: QueueEntry[] = [];
    const mayChange = tidyBefore !== undefined;
    for (const [id, found] of await this.#kinds()) {
      if (!hasControl(found)) {
        if (mayChange) reports.push(...(await this.tidy(id, found, tidyBefore)));
        continue;
      }
      const read = await this.examine(id, found, mayChange);
      if (read?.entry !== undefined) {
        entries.push(read.entry);
        owners.set(id, read.owner);
      } else if (read !== undefined) {
        reports.push(read.report);
        if (read.stays) unreadable.push(unreadableEntry(id, read.stays.why, read.stays.since));
      }
    }
    return { entries, owners, unreadable, reports };
  }

  /** Tells of every file of the queue in the folder, in no order: its kind ("qf", "df" ...) and id. */
  async names(each: (kind: FileKind, id: string) => void): Promise<void> {
    const others: { readonly kind: FileKind; readonly id: string; readonly place: SpoolPlace }[] = [];
    for (const place of this.#places.all) {
      for (const folder of new Set([place.control, place.body, place.transcript])) {
        for (const name of await this.#files.list(folder)) {
          const [, kind, id] = QUEUE_FILE.exec(name) ?? [];
          if (id === undefined || folderOf(place, kind) !== folder) continue;
          if (kind === "qf" || kind === "hf") this.#lies(id, place);
          if (this.#places.all.length === 1) each(kind as FileKind, id);
          else others.push({ kind: kind as FileKind, id, place });
        }
      }
    }
    // What lies in several folders counts where its control file is; without one, wherever it is.
    const controlled = new Set(others.flatMap(({ kind, id }) => (kind === "qf" || kind === "hf" ? [id] : [])));
    for (const { kind, id, place } of others) {
      if (!controlled.has(id)) this.#lies(id, place);
      if (this.#place(id) === place) each(kind, id);
    }
  }

  /**
   * Reads a message that has these files. One that cannot be read is set aside if `mayChange` allows it; undefined for one
   * that was finished by its owner while we looked.
   */
  async examine(id: string, found: ReadonlySet<FileKind>, mayChange: boolean): Promise<Examined | undefined> {
    const control = found.has("hf") ? "hf" : "qf";
    try {
      if (!found.has("df")) throw new ControlFileError(`its body df${id} is missing`, 0);
      const read = await this.#read(control, id);
      if (control === "hf" && found.has("qf") && mayChange) await unlinkIfThere(this.#files, this.#path("qf", id));
      // What a genuine sendmail noted of its attempts, for a report that is ours to write now.
      if (found.has("xf") && mayChange) await unlinkIfThere(this.#files, this.#path("xf", id));
      return read;
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      const report = await this.#setAside(control, id, error, mayChange);
      if (error instanceof ControlFileError) return { report };
      const since = (await this.#files.facts(this.#path(control, id)).catch(() => undefined))?.modified ?? 0;
      return { report, stays: { why: reasonOf(error), since } };
    }
  }

  /**
   * Removes the files of a message that has no control file: it was never acknowledged, or is finished; either way nobody waits
   * for it. Not when one was changed at `before` (ms since the epoch) or later: somebody may be writing it.
   * @returns what an operator should know
   */
  async tidy(id: string, found: ReadonlySet<FileKind>, before: number): Promise<string[]> {
    if (found.has("Qf")) return [];
    for (const kind of found) {
      const facts = await this.#files.facts(this.#path(kind, id));
      if (facts && facts.modified >= before) return [];
    }
    for (const kind of found) await unlinkIfThere(this.#files, this.#path(kind, id));
    return [`Removed ${[...found].map((kind) => kind + id).join(", ")}: left of a message that was not accepted`];
  }

  /** Id → the kinds of files it has. */
  async #kinds(): Promise<Map<string, Set<FileKind>>> {
    const kinds = new Map<string, Set<FileKind>>();
    await this.names((kind, id) => {
      const found = kinds.get(id);
      if (found) found.add(kind);
      else kinds.set(id, new Set([kind]));
    });
    return new Map([...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  async #read(kind: string, id: string): Promise<{ readonly entry: QueueEntry; readonly owner: number }> {
    const { content, owner } = await readWhole(this.#files, this.#path(kind, id), LONGEST_CONTROL_FILE);
    const { entry, knowsBodySize } = parseControlFile(content.toString("latin1"), id);
    if (kind === "qf" && entry.hold !== undefined) throw new ControlFileError("a q line belongs into an hf file", 0);
    if (knowsBodySize) return { entry, owner };
    // Of a genuine sendmail: its group is that of the folder.
    const envelope = { ...entry.envelope, bodySize: await this.#measure(id) };
    return { entry: { ...entry, group: this.#place(id).group, envelope }, owner };
  }

  /** Size of a body in CRLF form. */
  async #measure(id: string): Promise<number> {
    const file = await this.#files.open(this.#path("df", id), "read");
    try {
      const octets = Buffer.allocUnsafe(PIECE);
      let size = 0;
      for (let at = 0, count = PIECE; count === PIECE; at += count) {
        count = await file.read(octets, at);
        size += count + countLf(octets.subarray(0, count));
      }
      return size;
    } finally {
      await file.close();
    }
  }

  async #setAside(kind: string, id: string, error: unknown, allowed: boolean): Promise<string> {
    const line = error instanceof ControlFileError && error.line > 0 ? `, line ${error.line}` : "";
    const what = `Cannot read ${this.#path(kind, id)}${line}: ${reasonOf(error)}`;
    // A file that may come back (rights, disk) stays where it is.
    if (!allowed || !(error instanceof ControlFileError)) return `${what}; left alone`;
    try {
      await this.#files.rename(this.#path(kind, id), this.#path("Qf", id));
      await this.#sync(this.#place(id).control);
      return `${what}; set aside as Qf${id}`;
    } catch (failure) {
      return `${what}; cannot set it aside either: ${reasonOf(failure)}`;
    }
  }

  #place(id: string): SpoolPlace {
    return this.#elsewhere.get(id) ?? this.#main;
  }

  #lies(id: string, place: SpoolPlace): void {
    if (place === this.#main) this.#elsewhere.delete(id);
    else this.#elsewhere.set(id, place);
  }

  #sync(folder: string): Promise<void> {
    let sync = this.#syncs.get(folder);
    if (sync === undefined) {
      sync = new FolderSync(this.#files, folder);
      this.#syncs.set(folder, sync);
    }
    return sync.sync();
  }

  #path(kind: string, id: string): string {
    return join(folderOf(this.#place(id), kind), kind + id);
  }
}

/** Bodies that are too large for memory, on their way into df files. */
export class SpooledBodies implements BodyFiles {
  readonly inlineLimit: number;
  readonly #spool: SpoolStore;
  readonly #background: (work: Promise<unknown>) => void;

  /** @param background hears of work that nobody waits for */
  constructor(spool: SpoolStore, inlineLimit: number, background: (work: Promise<unknown>) => void) {
    this.#spool = spool;
    this.inlineLimit = inlineLimit;
    this.#background = background;
  }

  async begin(id: string): Promise<BodyFile> {
    const writer = await this.#spool.begin(id);
    const remove = async (): Promise<void> => {
      await writer.close();
      // What cannot be removed now is found at the next start, without a control file.
      await this.#spool.remove(id).catch(() => undefined);
    };
    return {
      write: (chunks) => writer.write(chunks),
      read: () => writer.read(),
      restart: () => writer.restart(),
      finish: () => writer.finish(),
      drop: () => this.#background(remove()),
    };
  }
}
