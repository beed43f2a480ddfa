/**
 * The program itself: the files that came with it, and how it is started once more. Run from the source, or built to dist/, it is
 * a folder of files and a Node that reads them; the one executable file (packaging/build-binary.ts) carries Node, program and files, the
 * latter as assets that have the names of the files of the folder.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { getAssetKeys, getRawAsset, isSea } from "node:sea";

let root: string | undefined;

/** Whether this is the one executable file. */
export function isOneFile(): boolean {
  return isSea();
}

/**
 * Where the files that came with it lie: a folder; for the one executable file its own path, below which no file system has
 * anything.
 */
export function programRoot(): string {
  return (root ??= isOneFile() ? process.execPath : folderAbove());
}

function folderAbove(): string {
  for (let folder = import.meta.dirname, up = 0; up < 4; folder = dirname(folder), up++) {
    if (existsSync(join(folder, "macros/m4/cf.m4"))) return folder;
  }
  throw new Error(`find the files of rulemail: no macros/m4/cf.m4 above ${import.meta.dirname}`);
}

/**
 * @param name as in the folder: `macros/m4/cf.m4`, `cf/standalone.mc`
 * @returns undefined when no such file came with it
 */
export function readProgramFile(name: string): Buffer | undefined {
  if (isOneFile()) return asset(name) ?? unpacked(asset(name + PACKED));
  try {
    return readFileSync(join(programRoot(), name));
  } catch {
    return undefined;
  }
}

/** What most runs do not need is smaller there: compressed, under its name with this behind it. */
export const PACKED = ".br";

function asset(name: string): Buffer | undefined {
  try {
    return Buffer.from(getRawAsset(name));
  } catch {
    return undefined; // there is none of this name
  }
}

function unpacked(octets: Buffer | undefined): Buffer | undefined {
  return octets && process.getBuiltinModule("node:zlib").brotliDecompressSync(octets);
}

/** Names of the files in a folder of those that came with it, without those of folders in it, sorted. */
export function programFiles(folder: string): readonly string[] {
  return (isOneFile() ? assetsIn(folder) : namesIn(join(programRoot(), folder))).toSorted();
}

function assetsIn(folder: string): readonly string[] {
  const names = getAssetKeys().map((name) => (name.endsWith(PACKED) ? name.slice(0, -PACKED.length) : name));
  return names.flatMap((name) => (dirname(name) === folder ? [basename(name)] : []));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  } catch {
    return [];
  }
}

/** The file that is new when the program is: what was made before it may be made differently now. */
export function programFile(): string {
  return isOneFile() ? process.execPath : join(programRoot(), "dist", "main.js");
}

/** What somebody types to call it as `name`, from any folder. */
export function typedCommand(name: string): string {
  if (!isOneFile()) return join(programRoot(), "bin", name);
  const [, called = process.execPath] = process.argv;
  const own = called.includes("/") ? resolve(called) : called;
  return name === "rulemail" ? own : `${own} ${name}`;
}

/** What whomever the server becomes has to be able to read and enter, or run: its processes are started from there. */
export function programPlace(): string {
  return isOneFile() ? process.execPath : dirname(process.argv[1] ?? process.execPath);
}

/**
 * A whole command line: this program once more, as `rulemail --worker ...`. The one executable file has no name then: this first
 * word is one that no other name knows.
 */
export function workerCommand(words: readonly string[]): readonly string[] {
  const own = isOneFile() ? [process.execPath] : [process.execPath, process.argv[1], "rulemail"];
  return [...own, WORKER_WORD, ...words];
}

export const WORKER_WORD = "--worker";

/** This very command line once more, for spawn(). */
export function sameCommand(): { readonly file: string; readonly words: readonly string[]; readonly argv0?: string } {
  const [, program, ...words] = process.argv;
  if (isOneFile()) return { file: process.execPath, words, argv0: program };
  return { file: process.execPath, words: [...process.execArgv, program, ...words] };
}
