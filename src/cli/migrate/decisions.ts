/** Decisions compared: what the new configuration says with `-bv`, beside the old server, or what the old tables say. */
import { execFileSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { programRoot } from "../../sys/program-files.ts";
import { readArguments } from "../arguments.ts";
import { openForCommand } from "../system.ts";
import { answer } from "../verify.ts";
import type { Expectation } from "./migrated-site.ts";

export interface Compared {
  readonly asked: number;
  /** Who answered for the old site: a command, or its tables. */
  readonly by: string;
  readonly differences: readonly {
    readonly expectation: Expectation;
    readonly before: string;
    readonly after: string;
  }[];
}

/** ms for one address. */
const PATIENCE = 60_000;

/** What `sendmail -bv ADDRESS` says, by address. */
type Answers = ReadonlyMap<string, string>;

/** A genuine sendmail where programs look for it; undefined: there is none, or it is ours. */
export function installedSendmail(
  places = ["/usr/libexec/sendmail/sendmail", "/usr/sbin/sendmail", "/usr/lib/sendmail"],
): string | undefined {
  return places.find(
    (place) =>
      existsSync(place) && !/rulemail/.test(realpathSync(place)) && !realpathSync(place).startsWith(programRoot()),
  );
}

/**
 * @param cf the new configuration
 * @param old the command and the configuration of the old server; without it what the tables say is held against the answers
 */
export async function compareDecisions(
  cf: string,
  expectations: readonly Expectation[],
  old: { readonly command: string; readonly cf: string } | undefined,
): Promise<Compared> {
  const addresses = [...new Set(expectations.flatMap(({ address, sameAs = [] }) => [address, ...sameAs]))];
  const after = await ours(cf, addresses);
  const before = old === undefined ? undefined : theirs(old.command, old.cf, addresses);
  const seen = new Set<string>();
  const differences = expectations.flatMap((expectation) => {
    const { address, words, sameAs } = expectation;
    if (seen.has(address)) return [];
    seen.add(address);
    const now = after.get(address) ?? "";
    if (before !== undefined) {
      const said = before.get(address) ?? "";
      return said === now ? [] : [{ expectation, before: said, after: now }];
    }
    const wanted = sameAs === undefined ? undefined : normal(sameAs.map((each) => after.get(each) ?? "").join("; "));
    if (wanted !== undefined)
      return placesIn(wanted) === placesIn(now) ? [] : [{ expectation, before: wanted, after: now }];
    const fits = words.length === 0 || words.some((word) => now.toLowerCase().includes(word.toLowerCase()));
    return fits ? [] : [{ expectation, before: words.join(" or "), after: now }];
  });
  return { asked: seen.size, by: old === undefined ? "its tables" : old.command, differences };
}

async function ours(cf: string, addresses: readonly string[]): Promise<Answers> {
  const args = readArguments("sendmail", ["-bv", "-C", cf]);
  const site = await openForCommand(args);
  if (typeof site === "number") return new Map();
  try {
    const found = new Map<string, string>();
    for (const address of addresses) {
      let said = "";
      await answer(site, { ...args, addresses: [address] }, (text) => void (said += text));
      found.set(address, normal(said));
    }
    return found;
  } finally {
    await site.close();
  }
}

/** One process for each address: what an alias leads to is not told apart otherwise. */
function theirs(command: string, cf: string, addresses: readonly string[]): Answers {
  return new Map(addresses.map((address) => [address, normal(output(command, ["-bv", `-C${cf}`, "--", address]))]));
}

/** -bv ends with other statuses than 0 where an address is wrong. */
function output(command: string, words: readonly string[]): string {
  try {
    return execFileSync(command, words, { encoding: "latin1", timeout: PATIENCE, stdio: ["ignore", "pipe", "ignore"] });
  } catch (error) {
    const { stdout } = error as { readonly stdout?: unknown };
    return typeof stdout === "string" ? stdout : "";
  }
}

/** Without the addresses in front, `info@example.org... deliverable: ...`: that of a table is not the one that it leads to. */
function placesIn(said: string): string {
  return normal(said.replace(/(^|; )[^;]*?\.\.\. /g, "$1"));
}

/** Lines in an order of their own: who comes first among several is nobody's decision. */
function normal(said: string): string {
  const lines = said.split(/\n|; /).map((line) => line.trim());
  return [...new Set(lines)]
    .filter((line) => line !== "")
    .toSorted()
    .join("; ");
}
