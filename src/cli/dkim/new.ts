/** `rulemail dkim new DOMAIN`: the first keys of a domain, or one of an algorithm that it has none of. */
import { freeSelector } from "../../authentication/signing/new-keys.ts";
import { selectorName } from "../../authentication/signing/names.ts";
import type { KeyAlgorithm } from "../../authentication/signing/private-key.ts";
import { parseDate } from "../../authentication/signing/selector-dates.ts";
import { systemClock } from "../../sys/clock.ts";
import { EX } from "../../sys/sysexits.ts";
import type { CommandStreams } from "../command-streams.ts";
import { CommandError } from "../database-target.ts";
import { duration } from "../duration.ts";
import { parsed, parserOf } from "./command.ts";
import { makeKeys, tellMade } from "./made.ts";
import { keyPlace, keysOf, type Named, wantedDomain } from "./place.ts";

const ALGORITHMS: Readonly<Record<string, readonly KeyAlgorithm[]>> = {
  both: ["rsa", "ed25519"],
  rsa: ["rsa"],
  ed25519: ["ed25519"],
};

/** @returns 0; 64, 65 (a file that is wrong), 73 (cannot be written, or is there already) */
export async function runDkimNew(words: readonly string[], streams: CommandStreams): Promise<number> {
  const parser = parserOf("new", "DOMAIN [options]", words)
    .option("algorithm", { choices: Object.keys(ALGORITHMS), default: "both", describe: "kinds of keys" })
    .option("bits", { choices: [2048, 3072, 4096], default: 2048, describe: "size of an RSA key" })
    .option("selector", { type: "string", describe: "its name; of two keys the beginning (default: year and month)" })
    .option("from", { type: "string", default: "now", describe: "when it begins to sign: now, 2d, 2026-12-01" })
    .example("rulemail dkim new example.com", "an RSA and an Ed25519 key, and their records");
  const options = await parsed("new", parser, 1, 1);
  if (options === undefined) return EX.OK;
  const place = keyPlace(options.C, options.k);
  const domain = keysOf(place, wantedDomain(String(options._[0])));
  const algorithms = ALGORITHMS[options.algorithm];
  for (const { selector, privateKey } of domain.keys) {
    if (privateKey === undefined || !algorithms.includes(privateKey.algorithm)) continue;
    const text = `${domain.domain} has a key of kind ${privateKey.algorithm}, ${selector}`;
    throw new CommandError(`rulemail dkim new: ${text}: rulemail dkim rotate makes the next one`, EX.CANTCREAT);
  }
  const now = systemClock.now();
  const from = moment(options.from, now);
  const used = new Set(domain.keys.map(({ selector }) => selector));
  const wanted = algorithms.map((algorithm) => ({
    domain,
    selector: nameOf(options.selector, algorithm, algorithms.length > 1, domain, now),
    algorithm,
    bits: options.bits,
    from,
    takesPlaceOf: [],
    until: Infinity,
  }));
  const taken = wanted.find(({ selector }) => used.has(selector));
  if (taken !== undefined) {
    throw new CommandError(
      `rulemail dkim new: ${domain.domain} has the selector ${taken.selector} already`,
      EX.CANTCREAT,
    );
  }
  tellMade(makeKeys(wanted), place, options.json, streams);
  return EX.OK;
}

function nameOf(
  word: string | undefined,
  algorithm: KeyAlgorithm,
  several: boolean,
  { keys }: Named,
  now: number,
): string {
  if (word === undefined) return freeSelector(algorithm, now, new Set(keys.map(({ selector }) => selector)));
  const name = selectorName(several ? word + algorithm.charAt(0) : word);
  if (name !== undefined) return name;
  throw new CommandError(`rulemail dkim new: "${word}" is no selector: letters, digits, hyphens and dots`, EX.USAGE);
}

/** "now" is from the beginning on. */
function moment(text: string, now: number): number {
  if (text === "now") return -Infinity;
  const wait = duration(text);
  const at = wait === undefined ? parseDate(text) : now + wait;
  if (at !== undefined) return at;
  throw new CommandError(
    `rulemail dkim new: --from ${text}: wanted now, a time as 2d, or a date as 2026-12-01`,
    EX.USAGE,
  );
}
