/**
 * What an operator does with single messages of the client queue. The owner of a control file is the only proof of who left it:
 * one that is written anew gets the same owner, group and mode.
 */
import { chownSync, lstatSync } from "node:fs";
import { join } from "node:path";
import type { MessageReader } from "../envelope/message.ts";
import { controlFileParts } from "./control-file.ts";
import { withHold } from "./entry.ts";
import { type FileOperations, FolderSync, systemFiles, unlinkIfThere } from "./file-operations.ts";
import type { QueueEntry } from "./queue.ts";
import { SpoolStore } from "./spool-store.ts";

/** The part of st_mode that chmod(2) takes. */
const MODE = 0o777;

export class ClientOperator {
  readonly #files: FileOperations;
  readonly #folder: string;
  readonly #spool: SpoolStore;

  constructor(folder: string, files: FileOperations = systemFiles) {
    this.#files = files;
    this.#folder = folder;
    this.#spool = new SpoolStore(files, folder);
  }

  /** A whole message; undefined when there is none of that id. */
  async inspect(id: string): Promise<{ readonly entry: QueueEntry; readonly body: MessageReader } | undefined> {
    if ((await this.#controlOf(id)) === undefined) return undefined;
    const entry = await this.#spool.read(id);
    return { entry, body: this.#spool.body(entry) };
  }

  /** The server leaves it where it is until it is released. False: there is none of that id. */
  async hold(id: string, reason: string): Promise<boolean> {
    const kind = await this.#controlOf(id);
    if (kind === undefined) return false;
    await this.#rewrite(id, kind, reason);
    return true;
  }

  /** False: it is not held, or gone. */
  async release(id: string): Promise<boolean> {
    if ((await this.#controlOf(id)) !== "hf") return false;
    await this.#rewrite(id, "hf", undefined);
    return true;
  }

  async remove(id: string): Promise<boolean> {
    if ((await this.#controlOf(id)) === undefined) return false;
    await this.#spool.remove(id);
    return true;
  }

  async #controlOf(id: string): Promise<"hf" | "qf" | undefined> {
    // An id is part of a file name.
    if (!/^[0-9A-Za-z]+$/.test(id)) return undefined;
    for (const kind of ["hf", "qf"] as const) if (await this.#files.facts(this.#path(kind, id))) return kind;
    return undefined;
  }

  /** Writes the control file anew, beside the one that it replaces. */
  async #rewrite(id: string, from: "hf" | "qf", reason: string | undefined): Promise<void> {
    const path = this.#path(from, id);
    const { mode, uid, gid, ino } = lstatSync(path);
    const entry = withHold(await this.#spool.read(id), reason);
    // Whoever may write to the folder may put another file of his in this place: what was read would become his.
    if (lstatSync(path).ino !== ino) throw new Error(`${path} was replaced while it was read`);
    const temporary = this.#path("tf", id);
    await unlinkIfThere(this.#files, temporary);
    const file = await this.#files.create(temporary, mode & MODE);
    try {
      await file.write([...controlFileParts(entry)], 0);
      await file.datasync();
    } finally {
      await file.close();
    }
    if (uid !== process.geteuid?.() || gid !== process.getegid?.()) chownSync(temporary, uid, gid);
    const to = reason === undefined ? "qf" : "hf";
    await this.#files.rename(temporary, this.#path(to, id));
    const sync = new FolderSync(this.#files, this.#folder);
    await sync.sync();
    if (to === from) return;
    await unlinkIfThere(this.#files, path);
    await sync.sync();
  }

  #path(kind: string, id: string): string {
    return join(this.#folder, kind + id);
  }
}
