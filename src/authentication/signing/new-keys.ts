/** New keys in a key folder (key-folder.ts): made, and written so that nobody else may read them. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { chownSync, existsSync, linkSync, mkdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { AtomicFile } from "../../sys/atomic-file.ts";
import { KEY_ENDING } from "./key-folder.ts";
import type { KeyAlgorithm, PrivateKey } from "./private-key.ts";
import { publicRecord, zoneLine } from "./public-record.ts";
import { DATES_FILE, formatSelectorDates, type SelectorDates } from "./selector-dates.ts";

export function makeKey(algorithm: KeyAlgorithm, bits: number): PrivateKey {
  const key: KeyObject =
    algorithm === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: bits }).privateKey
      : generateKeyPairSync("ed25519").privateKey;
  return { key, algorithm, bits: algorithm === "rsa" ? bits : 256 };
}

/**
 * A selector that is not in use: year, month and the letter of the algorithm, `202612r`; then `202612r2`.
 * @param now milliseconds since the epoch
 */
export function freeSelector(algorithm: KeyAlgorithm, now: number, used: ReadonlySet<string>): string {
  const first = new Date(now).toISOString().slice(0, 7).replace("-", "") + algorithm.charAt(0);
  for (let number = 1; ; number++) {
    const name = number === 1 ? first : `${first}${number}`;
    if (!used.has(name)) return name;
  }
}

/**
 * Writes SELECTOR.private (600) and SELECTOR.txt, its record, into the folder of a domain; both belong to whom the folder belongs.
 * A key that is there stays. Throws what the file system says.
 */
export function writeKey(folder: string, domain: string, selector: string, key: PrivateKey): string {
  const path = join(folder, `${selector}${KEY_ENDING}`);
  writeNew(path, key.key.export({ format: "pem", type: "pkcs8" }).toString(), 0o600, ownerOf(folder));
  const record = `${zoneLine(selector, domain, publicRecord(key))}\n`;
  writeAll(join(folder, `${selector}.txt`), record, ownerOf(folder));
  return path;
}

export function writeDates(folder: string, dates: ReadonlyMap<string, SelectorDates>): void {
  writeAll(join(folder, DATES_FILE), formatSelectorDates(dates), ownerOf(folder));
}

/** The folder, and those above it; the new ones belong to whom the one above belongs. */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const above = join(folder, "..");
  makeFolder(above);
  mkdirSync(folder, { mode: 0o755 });
  const owner = ownerOf(above);
  if (owner !== undefined) chownSync(folder, owner, statSync(above).gid);
}

/** Only root may give files away. */
function ownerOf(folder: string): number | undefined {
  return process.geteuid?.() === 0 ? statSync(folder).uid : undefined;
}

/** Does not take the place of another: link(2) refuses that. */
function writeNew(path: string, text: string, mode: number, owner: number | undefined): void {
  const aside = `${path}.new`;
  const file = new AtomicFile(aside, mode, owner);
  file.write(Buffer.from(text, "latin1"));
  file.commit();
  try {
    linkSync(aside, path);
  } finally {
    unlinkSync(aside);
  }
}

function writeAll(path: string, text: string, owner: number | undefined): void {
  const file = new AtomicFile(path, 0o644, existsSync(path) ? undefined : owner);
  file.write(Buffer.from(text, "latin1"));
  file.commit();
}
