/**
 * The files that signing reads, found with root's rights: keys that root alone may read get to the server by way of these
 * names (daemon/key-files.ts). A file that fails the checks of sys/safe-file.ts is left out.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { dontBlameOf } from "../../config/policies.ts";
import type { Config } from "../../config/config.ts";
import { checkFile } from "../../sys/safe-file.ts";
import { KEY_ENDING } from "./key-folder.ts";
import { keyFilesWith } from "./key-files.ts";
import { readKeyTable, tableFile } from "./key-tables.ts";
import { DATES_FILE } from "./selector-dates.ts";
import { signingSettings } from "./settings.ts";

export function signingFiles({ options }: Pick<Config, "options">): readonly string[] {
  const settings = signingSettings(options);
  if (settings === undefined) return [];
  const dontBlame = dontBlameOf(options);
  const { folder, keyTable, signingTable } = settings;
  const tables = [keyTable, signingTable].filter((text) => text !== "").map((text) => tableFile(text).path);
  const keys = [...inFolder(folder), ...inTable(keyTable, dontBlame)];
  const isSafe = (path: string, use: "key" | "map"): boolean => checkFile(path, use, { dontBlame }).kind === "safe";
  return [
    ...tables.filter((path) => path.startsWith("/") && isSafe(path, "map")),
    ...keys.filter((path) => isSafe(path, path.endsWith(`/${DATES_FILE}`) ? "map" : "key")),
  ];
}

function inFolder(folder: string): string[] {
  if (!folder.startsWith("/")) return [];
  return namesIn(folder).flatMap((domain) =>
    namesIn(join(folder, domain))
      .filter((name) => name.endsWith(KEY_ENDING) || name === DATES_FILE)
      .map((name) => join(folder, domain, name)),
  );
}

/** Names with % are those of domains that are known only when mail comes: such keys the server has to read itself. */
function inTable(keyTable: string, dontBlame: ReadonlySet<string>): string[] {
  if (keyTable === "") return [];
  try {
    const entries = readKeyTable(keyFilesWith(dontBlame), keyTable).values();
    return [...entries].map(({ path }) => path).filter((path) => !path.includes("%"));
  } catch {
    // What is wrong with it is told by whoever signs.
    return [];
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
