/**
 * Where keys and tables are read: from the file system after the checks of sys/safe-file.ts, or, where this process may not,
 * among the files that root has read for it (sys/sealed-file.ts). What was good before stays in use while its file is broken.
 */
import { closeSync, readdirSync, readFileSync } from "node:fs";
import { errorText, explainUnopened, openSafely } from "../../sys/safe-file.ts";
import type { LastGood } from "../../sys/last-good.ts";
import type { SealedFiles } from "../../sys/sealed-file.ts";

/** A file of keys or a table that cannot be used, in words for whoever looks after it. */
export class KeyProblem extends Error {}

export interface KeyFiles {
  /** What is read out of a file, by a function that throws KeyProblem, too. Throws KeyProblem when it never was good. */
  read<T>(path: string, use: "key" | "map", parse: (octets: Buffer) => T): T;
  /** Names in a folder, in order; undefined when there is no such folder. Throws KeyProblem. */
  list(folder: string): readonly string[] | undefined;
  /** What is wrong with files that are used as they were before. */
  readonly stale: readonly string[];
}

export function keyFilesWith(
  dontBlame: ReadonlySet<string>,
  sealed: SealedFiles = new Map(),
  lastGood?: LastGood,
): KeyFiles {
  const stale = new Set<string>();
  return {
    read(path, use, parse) {
      try {
        const octets = octetsOf(path, use, dontBlame, sealed);
        const parsed = parse(octets);
        lastGood?.keep(path, octets);
        return parsed;
      } catch (error) {
        const before = error instanceof KeyProblem ? lastGood?.before(path) : undefined;
        if (before === undefined) throw error;
        stale.add(`${(error as KeyProblem).message}: what was there before stays in use`);
        return parse(before);
      }
    },
    get stale() {
      return [...stale];
    },
    list(folder) {
      try {
        return readdirSync(folder).toSorted();
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOENT") return undefined;
        const names = code === "EACCES" ? sealedNames(folder, sealed) : [];
        if (names.length > 0) return names;
        throw new KeyProblem(`${folder}: ${errorText(error)}`);
      }
    },
  };
}

function octetsOf(path: string, use: "key" | "map", dontBlame: ReadonlySet<string>, sealed: SealedFiles): Buffer {
  const opened = openSafely(path, use, { dontBlame });
  const known = opened.kind === "failed" && opened.code === "EACCES" ? sealed.get(path) : undefined;
  if (known !== undefined) return known;
  if (opened.kind !== "open") throw new KeyProblem(`${path}: ${explainUnopened(opened)}`);
  try {
    return readFileSync(opened.fd);
  } catch (error) {
    throw new KeyProblem(`${path}: ${errorText(error)}`);
  } finally {
    closeSync(opened.fd);
  }
}

/** What lies in a folder of which only files are known. */
function sealedNames(folder: string, sealed: SealedFiles): readonly string[] {
  const start = folder.endsWith("/") ? folder : `${folder}/`;
  const inside = [...sealed.keys()].filter((path) => path.startsWith(start));
  return [...new Set(inside.map((path) => path.slice(start.length).split("/")[0]))].toSorted();
}
