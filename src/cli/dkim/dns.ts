/** `rulemail dkim dns`: the records that have to be published, those of keys that sign later and of old ones included. */
import { publicRecord, recordName, zoneLine } from "../../authentication/signing/public-record.ts";
import { formatDate } from "../../authentication/signing/selector-dates.ts";
import { systemClock } from "../../sys/clock.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { CommandStreams } from "../command-streams.ts";
import { parsed, parserOf } from "./command.ts";
import { chosenDomains, keyPlace } from "./place.ts";

/** @returns 0; 65 when a key cannot be read; 64, 67 */
export async function runDkimDns(words: readonly string[], { output, errors }: CommandStreams): Promise<number> {
  const parser = parserOf("dns", "[DOMAIN] [options]", words).example(
    "rulemail dkim dns example.com >> example.com.zone",
    "the records of its keys",
  );
  const options = await parsed("dns", parser, 1);
  if (options === undefined) return EX.OK;
  const now = systemClock.now();
  const place = keyPlace(options.C, options.k);
  const word = options._.length > 0 ? String(options._[0]) : undefined;
  const keys = chosenDomains(place, word).flatMap(({ domain, keys: own }) => own.map((key) => ({ ...key, domain })));
  const records = keys.flatMap(({ domain, selector, until, privateKey }) =>
    privateKey === undefined || until <= now ? [] : [{ domain, selector, until, record: publicRecord(privateKey) }],
  );
  const problems = keys.flatMap(({ problem }) => problem ?? []);
  if (options.json) {
    const rows = records.map(({ domain, selector, until, record }) => ({
      name: recordName(selector, domain),
      type: "TXT",
      record,
      until: Number.isFinite(until) ? formatDate(until) : null,
    }));
    output.line(asciiJson({ records: rows, problems }));
  } else {
    for (const { domain, selector, until, record } of records) {
      if (Number.isFinite(until)) output.line(`; ${recordName(selector, domain)} may go after ${formatDate(until)}`);
      output.line(zoneLine(selector, domain, record));
    }
    for (const problem of problems) errors.line(`rulemail dkim dns: ${problem}`);
  }
  return problems.length > 0 ? EX.DATAERR : EX.OK;
}
