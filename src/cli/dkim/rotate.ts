/**
 * `rulemail dkim rotate`: the next key of each kind that signs now. It begins after some days, in which its record gets into DNS; the
 * old record stays for some more, for mail that is still on its way.
 */
import { type FolderKey, signingAt } from "../../authentication/signing/key-folder.ts";
import { freeSelector } from "../../authentication/signing/new-keys.ts";
import { formatDate, parseDate } from "../../authentication/signing/selector-dates.ts";
import { systemClock } from "../../sys/clock.ts";
import { EX } from "../../sys/sysexits.ts";
import type { CommandStreams } from "../command-streams.ts";
import { CommandError } from "../database-target.ts";
import { duration } from "../duration.ts";
import { parsed, parserOf } from "./command.ts";
import { makeKeys, tellMade, type WantedKey } from "./made.ts";
import { chosenDomains, keyPlace, type Named } from "./place.ts";

/** @returns 0; 64, 65, 67 (no keys), 73, 75 (the last rotation is not over) */
export async function runDkimRotate(words: readonly string[], streams: CommandStreams): Promise<number> {
  const parser = parserOf("rotate", "[DOMAIN] [options]", words)
    .option("from", { type: "string", default: "2d", describe: "when the new key begins to sign: 2d, 2026-12-01" })
    .option("keep", { type: "string", default: "7d", describe: "how long the old record stays then" })
    .example("rulemail dkim rotate example.com --from 3d", "new keys sign in three days; the old records stay ten");
  const options = await parsed("rotate", parser, 1);
  if (options === undefined) return EX.OK;
  const now = systemClock.now();
  const wait = duration(options.from);
  const from = wait === undefined ? parseDate(options.from) : now + wait;
  const keep = duration(options.keep);
  if (from === undefined) throw usage(`--from ${options.from}: wanted a time as 2d, or a date as 2026-12-01`);
  if (keep === undefined) throw usage(`--keep ${options.keep}: wanted a time as 7d`);
  const place = keyPlace(options.C, options.k);
  const word = options._.length > 0 ? String(options._[0]) : undefined;
  // Dates have whole seconds.
  const begins = Math.ceil(Math.max(from, now) / 1000) * 1000;
  const wanted = chosenDomains(place, word).flatMap((domain) => nextOf(domain, now, begins, keep));
  tellMade(makeKeys(wanted), place, options.json, streams);
  return EX.OK;
}

function nextOf(domain: Named, now: number, from: number, keep: number): WantedKey[] {
  const waiting = domain.keys.find((key) => key.from > now && key.privateKey !== undefined);
  if (waiting !== undefined) {
    const text = `${domain.domain}: ${waiting.selector} begins on ${formatDate(waiting.from)}: one rotation at a time`;
    throw new CommandError(`rulemail dkim rotate: ${text}`, EX.TEMPFAIL);
  }
  const used = new Set(domain.keys.map(({ selector }) => selector));
  return signingAt(domain, now, new Set()).map(({ privateKey }) => {
    const { algorithm, bits } = privateKey;
    const selector = freeSelector(algorithm, now, used);
    used.add(selector);
    const old = domain.keys.filter((key) => key.privateKey?.algorithm === algorithm && isInUse(key));
    const takesPlaceOf = old.map((key) => key.selector);
    return { domain, selector, algorithm, bits: Math.max(bits, LEAST_BITS), from, takesPlaceOf, until: from + keep };
  });
}

/** Nobody should make a shorter one today. */
const LEAST_BITS = 2048;

function isInUse({ until }: FolderKey): boolean {
  return until === Infinity;
}

function usage(text: string): CommandError {
  return new CommandError(`rulemail dkim rotate: ${text}`, EX.USAGE);
}
