/**
 * Names and kinds of built databases (decision D12): `NAME.db` for hash, btree and dbm, `NAME.cdb` for cdb, all with cdb
 * content. A Berkeley database that another program made under such a name is never touched: that program may be running.
 * Ours is then `NAME.cdb`, beside it.
 */
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { CdbReader } from "./cdb.ts";
import { PLAIN_SOURCE, parseSourceLine } from "./source-text.ts";

/** Classes that makemap can build, in the order of `makemap -l`, with the ending of their files. */
export const DATABASE_ENDINGS: ReadonlyMap<string, string> = new Map([
  ["hash", ".db"],
  ["btree", ".db"],
  ["dbm", ".db"],
  ["cdb", ".cdb"],
  ["implicit", ".db"],
]);

/** File of a database; a name that has the ending already is taken as it is. */
export function databasePath(mapClass: string, name: string): string {
  const ending = DATABASE_ENDINGS.get(mapClass) ?? ".db";
  return name.endsWith(ending) ? name : name + ending;
}

/** Where our content goes when another program's database has the name: `access.db` → `access.cdb`. */
export function besidePath(database: string): string {
  return `${sourcePath(database)}.cdb`;
}

/** The file to write a database to: its own name, unless a Berkeley database has that. */
export function pathToWrite(database: string): string {
  return isForeignDatabase(database) ? besidePath(database) : database;
}

/** The file that holds our content of a database: the one beside, too, when the Berkeley database is gone by now. */
export function pathToRead(database: string): string {
  const own = pathToWrite(database);
  return existsSync(own) || !existsSync(besidePath(database)) ? own : besidePath(database);
}

/** The text it was made from: the name without the ending. */
export function sourcePath(database: string): string {
  return database.replace(/\.c?db$/, "");
}

/** A table that can be asked; cdb and text sources are two kinds. */
export interface Table {
  get(key: string): string | undefined;
  entries(): Iterable<readonly [string, string]>;
  close(): void;
}

/** The file is a Berkeley database. */
export class ForeignDatabaseError extends Error {
  override readonly name = "ForeignDatabaseError";
}

/** Magic numbers of Berkeley's btree, hash, queue and heap files, at octet 12 (since 2.0) or 0 (1.85). */
const BERKELEY_MAGIC: ReadonlySet<number> = new Set([0x053162, 0x061561, 0x042253, 0x074582]);

/** Octets that tell a Berkeley database. */
const HEAD = 24;

/** Opens a database that is open on `fd`, and takes the descriptor over. */
export function readDatabase(fd: number): Table {
  const head = Buffer.alloc(HEAD);
  if (readSync(fd, head, 0, HEAD, 0) === HEAD && isBerkeley(head)) {
    throw new ForeignDatabaseError("Berkeley database");
  }
  return new CdbReader(fd);
}

function isBerkeley(head: Buffer): boolean {
  if (BERKELEY_MAGIC.has(head.readUInt32BE(0)) || BERKELEY_MAGIC.has(head.readUInt32LE(0))) return true;
  return (
    (BERKELEY_MAGIC.has(head.readUInt32LE(12)) && isPageSize(head.readUInt32LE(20))) ||
    (BERKELEY_MAGIC.has(head.readUInt32BE(12)) && isPageSize(head.readUInt32BE(20)))
  );
}

function isPageSize(size: number): boolean {
  return size >= 512 && size <= 65536 && (size & (size - 1)) === 0;
}

/** True when the file at `path` exists and is a Berkeley database. */
export function isForeignDatabase(path: string): boolean {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false;
  const head = Buffer.alloc(HEAD);
  const fd = openSync(path, "r");
  try {
    return readSync(fd, head, 0, HEAD, 0) === HEAD && isBerkeley(head);
  } finally {
    closeSync(fd);
  }
}

/** A text source as a table: what makemap would have built from it, wrong lines left out, first of two keys kept. */
export function readSourceTable(text: string, keepCase: boolean): Table {
  const table = new Map<string, string>();
  for (const line of text.split("\n")) {
    const entry = parseSourceLine(line, { ...PLAIN_SOURCE, keepCase });
    if (entry && "key" in entry && !table.has(entry.key)) table.set(entry.key, entry.value);
  }
  return { get: (key) => table.get(key), entries: () => table, close: () => undefined };
}
