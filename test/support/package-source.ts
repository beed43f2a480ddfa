/** What test/peers/install left: the folder of foreign programs, or the mark that their source could not be reached. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where the packages lie: see test/peers/install. */
export const peersFolder =
  process.env["RULEMAIL_PEERS"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "rulemail-peers");

/** Why programs may be missing: the source of packages could not be reached; undefined: all have to be there. */
export function whyUnreachable(): string | undefined {
  const mark = join(peersFolder, "unreachable");
  return existsSync(mark) ? readFileSync(mark, "utf8").trim() : undefined;
}

/** In CI a test that is skipped is a failure, unless its programs could not be had. */
export function nothingMayBeSkipped(): boolean {
  return (process.env["CI"] ?? "") !== "" && whyUnreachable() === undefined;
}
