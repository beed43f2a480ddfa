/**
 * A folder of keys, in the order that opendkim's tools use, too:
 *
 *     DOMAIN/SELECTOR.private     a key, PEM; its public half lies beside it as SELECTOR.txt
 *     DOMAIN/selectors            dates, when there are any (selector-dates.ts)
 *
 * Of each algorithm one key of a domain signs: of those that have begun and whose record is still to be there the one that has
 * begun last; of several that began together the last by name.
 */
import { join } from "node:path";
import { asciiDomain, selectorName } from "./names.ts";
import { KeyProblem, type KeyFiles } from "./key-files.ts";
import { type KeyAlgorithm, type PrivateKey, readPrivateKey } from "./private-key.ts";
import { ALWAYS, DATES_FILE, parseSelectorDates, type SelectorDates } from "./selector-dates.ts";

export const KEY_ENDING = ".private";

export interface FolderKey extends SelectorDates {
  readonly selector: string;
  readonly path: string;
  /** Absent: it cannot be used, for the reason beside it. */
  readonly privateKey?: PrivateKey;
  readonly problem?: string;
}

export interface DomainKeys {
  readonly domain: string;
  /** In the order of their selectors. */
  readonly keys: readonly FolderKey[];
}

/** Domain, in ASCII and lower case → the name of its folder. Throws KeyProblem. */
export function folderDomains(files: KeyFiles, folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of files.list(folder) ?? []) {
    const domain = asciiDomain(Buffer.from(name, "utf8").toString("latin1"));
    if (domain !== undefined) found.set(domain, name);
  }
  return found;
}

/**
 * The keys of one domain. What is wrong with one stands beside it.
 * @param folder the domain's own
 * Throws KeyProblem about the folder and its dates.
 */
export function readDomainKeys(files: KeyFiles, folder: string, domain: string): DomainKeys {
  const names = listed(files, folder);
  const dates = names.includes(DATES_FILE) ? readDates(files, join(folder, DATES_FILE)) : new Map<string, never>();
  const keys = names.flatMap((name): FolderKey[] => {
    const selector = name.endsWith(KEY_ENDING) ? selectorName(name.slice(0, -KEY_ENDING.length)) : undefined;
    if (selector === undefined) return [];
    const path = join(folder, name);
    const known = { selector, path, ...(dates.get(selector) ?? ALWAYS) };
    try {
      return [{ ...known, privateKey: readPrivateKey(files, path) }];
    } catch (error) {
      if (!(error instanceof KeyProblem)) throw error;
      return [{ ...known, problem: error.message }];
    }
  });
  return { domain, keys };
}

/** A file among the folders of domains is a folder without keys. */
function listed(files: KeyFiles, folder: string): readonly string[] {
  try {
    return files.list(folder) ?? [];
  } catch (error) {
    if (error instanceof KeyProblem && error.message.endsWith("Not a directory")) return [];
    throw error;
  }
}

function readDates(files: KeyFiles, path: string): ReadonlyMap<string, SelectorDates> {
  return files.read(path, "map", (octets) => parseSelectorDates(octets.toString("latin1"), path));
}

/**
 * The keys that sign at a moment, RSA in front.
 * @param selectors those that may; empty: all
 */
export function signingAt(
  { keys }: DomainKeys,
  now: number,
  selectors: ReadonlySet<string>,
): readonly (FolderKey & { readonly privateKey: PrivateKey })[] {
  const chosen = new Map<KeyAlgorithm, FolderKey & { readonly privateKey: PrivateKey }>();
  for (const each of keys) {
    const { privateKey, selector, from, until } = each;
    if (privateKey === undefined || from > now || until <= now) continue;
    if (selectors.size > 0 && !selectors.has(selector)) continue;
    const before = chosen.get(privateKey.algorithm);
    if (before === undefined || from >= before.from) chosen.set(privateKey.algorithm, { ...each, privateKey });
  }
  return (["rsa", "ed25519"] as const).flatMap((algorithm) => chosen.get(algorithm) ?? []);
}
