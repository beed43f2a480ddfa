/** Typed lines of earlier dialogues: in RULEMAIL_HISTORY, else ~/.rulemail_history. An empty RULEMAIL_HISTORY keeps none. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LINES = 500;

/** The file, or undefined when nothing is kept. */
export function historyFile(
  environment: Readonly<Record<string, string | undefined>>,
  home: string | undefined,
): string | undefined {
  const wanted = environment["RULEMAIL_HISTORY"];
  if (wanted !== undefined) return wanted === "" ? undefined : wanted;
  return home === undefined ? undefined : join(home, ".rulemail_history");
}

/** Newest line first, as node:readline has it. */
export function readHistory(file: string | undefined): string[] {
  if (file === undefined || !existsSync(file)) return [];
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .slice(-LINES)
      .toReversed();
  } catch {
    return []; // an unreadable history is no reason not to talk
  }
}

/** @param lines newest first */
export function writeHistory(file: string | undefined, lines: readonly string[]): void {
  if (file === undefined) return;
  const text = lines
    .slice(0, LINES)
    .toReversed()
    .map((line) => `${line}\n`);
  try {
    writeFileSync(file, text.join(""), { mode: 0o600 });
  } catch {
    // A history that cannot be written is only lost.
  }
}
