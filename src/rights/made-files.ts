/**
 * What a server made while it was root, where its user may not take it away again: pid file, sockets. The root helper does, when
 * the server says so or is gone, however it went; and only what is still the very file that was made.
 */
import { lstatSync, unlinkSync } from "node:fs";

export interface MadeFile {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
}

/** Those of the paths where something is. */
export function madeFiles(paths: readonly string[]): readonly MadeFile[] {
  return paths.flatMap((path) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path, dev: stats.dev, ino: stats.ino }];
  });
}

export function removeMade(files: readonly MadeFile[]): void {
  for (const { path, dev, ino } of files) {
    try {
      const stats = lstatSync(path);
      if (stats.dev === dev && stats.ino === ino && !stats.isDirectory()) unlinkSync(path);
    } catch {
      // It is gone already, or its folder is.
    }
  }
}

/** As another process has sent them. */
export function parseMadeFiles(value: unknown): readonly MadeFile[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each: unknown) => {
    if (typeof each !== "object" || each === null) return [];
    const { path, dev, ino } = each as Readonly<Record<keyof MadeFile, unknown>>;
    return typeof path === "string" && typeof dev === "number" && typeof ino === "number" ? [{ path, dev, ino }] : [];
  });
}
