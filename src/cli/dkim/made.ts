/** Keys that a command has made: put down, and told of. */
import { makeFolder, makeKey, writeDates, writeKey } from "../../authentication/signing/new-keys.ts";
import type { KeyAlgorithm } from "../../authentication/signing/private-key.ts";
import { publicRecord, recordName, zoneLine } from "../../authentication/signing/public-record.ts";
import { ALWAYS, formatDate, type SelectorDates } from "../../authentication/signing/selector-dates.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { CommandStreams } from "../command-streams.ts";
import type { KeyPlace, Named } from "./place.ts";

export interface WantedKey {
  readonly domain: Named;
  readonly selector: string;
  readonly algorithm: KeyAlgorithm;
  readonly bits: number;
  /** When it begins to sign, ms since the epoch; -Infinity: at once. */
  readonly from: number;
  /** The records of these stay until then. */
  readonly takesPlaceOf: readonly string[];
  readonly until: number;
}

export interface MadeKey extends WantedKey {
  readonly path: string;
  readonly record: string;
}

/**
 * Makes and writes keys. In this order, whatever is killed in between leaves no key that signs before its time, and no old one that
 * ends without a new one: dates of the new keys, the keys, dates of the old ones.
 */
export function makeKeys(wanted: readonly WantedKey[]): readonly MadeKey[] {
  return [...new Set(wanted.map(({ domain }) => domain))].flatMap((domain) =>
    makeKeysOf(
      domain,
      wanted.filter((each) => each.domain === domain),
    ),
  );
}

function makeKeysOf(domain: Named, wanted: readonly WantedKey[]): readonly MadeKey[] {
  const { folder, keys } = domain;
  const dates = new Map<string, SelectorDates>(keys.map(({ selector, from, until }) => [selector, { from, until }]));
  for (const { selector, from } of wanted) dates.set(selector, { from, until: Infinity });
  makeFolder(folder);
  writeDates(folder, dates);
  const made = wanted.map((each): MadeKey => {
    const key = makeKey(each.algorithm, each.bits);
    return { ...each, path: writeKey(folder, domain.domain, each.selector, key), record: publicRecord(key) };
  });
  for (const { takesPlaceOf, until } of wanted) {
    for (const old of takesPlaceOf) {
      const known = dates.get(old) ?? ALWAYS;
      dates.set(old, { ...known, until: Math.min(known.until, until) });
    }
  }
  writeDates(folder, dates);
  return made;
}

/** What was made, the records that have to be published, and what comes next. */
export function tellMade(
  made: readonly MadeKey[],
  place: KeyPlace,
  json: boolean,
  { output, errors }: CommandStreams,
): void {
  if (json) {
    output.line(asciiJson({ folder: place.folder, keys: made.map(documentOf) }));
    return;
  }
  const unnamed = made.filter(({ selector }) => place.selectors.size > 0 && !place.selectors.has(selector));
  for (const { domain, selector, algorithm, bits, from, takesPlaceOf, until, path, record } of made) {
    const size = algorithm === "rsa" ? ` ${bits}` : "";
    const begins = Number.isFinite(from) ? `signs from ${formatDate(from)}` : "signs at once";
    output.line(`; ${path}: ${algorithm}${size}, ${begins}`);
    for (const old of takesPlaceOf) {
      output.line(`; ${recordName(old, domain.domain)} has to stay until ${formatDate(until)}`);
    }
    output.line(zoneLine(selector, domain.domain, record));
  }
  output.line(
    "; next: put these lines into DNS, look with rulemail dkim list, then let the server read the keys (kill -HUP)",
  );
  for (const { selector } of unnamed)
    errors.line(`rulemail dkim: DKIMSelectors does not name ${selector}: it will not sign`);
  if (place.note !== undefined) errors.line(`rulemail dkim: ${place.note}`);
}

function documentOf({ domain, selector, algorithm, bits, from, takesPlaceOf, until, path, record }: MadeKey) {
  return {
    domain: domain.domain,
    selector,
    algorithm,
    bits,
    path,
    signsFrom: Number.isFinite(from) ? formatDate(from) : null,
    takesPlaceOf,
    oldRecordsUntil: takesPlaceOf.length === 0 ? null : formatDate(until),
    name: recordName(selector, domain.domain),
    record,
  };
}
