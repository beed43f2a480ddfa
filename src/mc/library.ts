/** Finds the files of the macro library (`macros/`): a folder, or what came with the program. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { programFiles, programRoot, readProgramFile } from "../sys/program-files.ts";

export interface Library {
  /** What `_CF_DIR_` stands for; ends in a slash. Names that begin with it are sought here. */
  readonly root: string;
  /** Text (latin1) of `m4/cf.m4`, `feature/access_db.m4` ...; undefined when there is none. */
  read(name: string): string | undefined;
  /** Names in one folder of the library, without `.m4`, sorted. */
  names(folder: string): readonly string[];
}

/** A library that is a folder of files. */
export function folderLibrary(folder: string): Library {
  const root = `${resolve(folder)}/`;
  return {
    root,
    read: (name) => readText(root + name),
    names: (kind) => {
      try {
        return m4Names(readdirSync(root + kind));
      } catch {
        return [];
      }
    },
  };
}

/** The folder `macros/` that belongs to this program, whether it runs from src/, from dist/ or as one file. */
export function shippedLibrary(): Library {
  return {
    root: `${programRoot()}/macros/`,
    read: (name) => readProgramFile(`macros/${name}`)?.toString("latin1"),
    names: (folder) => m4Names(programFiles(`macros/${folder}`)),
  };
}

function m4Names(files: readonly string[]): readonly string[] {
  return files.flatMap((file) => (file.endsWith(".m4") ? [file.slice(0, -3)] : [])).toSorted();
}

/** Macro files and configurations are octets: one character for each. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

/**
 * The name most like `name`, when one is close enough to be a typing error.
 *
 * @param apart by how many letters it may differ
 */
export function nearest(
  name: string,
  names: readonly string[],
  apart = Math.max(2, Math.floor(name.length / 3)),
): string | undefined {
  let best: string | undefined;
  let least = apart + 1;
  for (const each of names) {
    const distance = editDistance(name.toLowerCase(), each.toLowerCase());
    if (distance < least) [best, least] = [each, distance];
  }
  return best;
}

function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_each, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const change = row[column - 1] + Number(from[line - 1] !== to[column - 1]);
      next.push(Math.min(change, row[column] + 1, next[column - 1] + 1));
    }
    row = next;
  }
  return row[to.length];
}
