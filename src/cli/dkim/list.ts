/** `rulemail dkim list`: which keys sign, now and later, and whether what DNS has is their public half. */
import { createPublicKey } from "node:crypto";
import { publicKeyOf } from "../../authentication/dkim/key-record.ts";
import { type FolderKey, signingAt } from "../../authentication/signing/key-folder.ts";
import { recordName } from "../../authentication/signing/public-record.ts";
import { formatDate } from "../../authentication/signing/selector-dates.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { systemClock } from "../../sys/clock.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { CommandStreams } from "../command-streams.ts";
import { systemEnvironment } from "../system-environment.ts";
import { parsed, parserOf } from "./command.ts";
import { chosenDomains, foundDomains, keyPlace, tableKeys } from "./place.ts";

type State = "signs" | "later" | "idle" | "over" | "broken";

interface Listed {
  readonly domain: string;
  readonly key: FolderKey;
  readonly state: State;
  /** Of the record in DNS: "published", or what is wrong; absent: nobody asked. */
  readonly record?: string;
}

/** @returns 0; 69 when a key that signs, now or later, has no good record; 65 when one cannot be used; 64, 67 */
export async function runDkimList(words: readonly string[], streams: CommandStreams): Promise<number> {
  const parser = parserOf("list", "[DOMAIN] [options]", words)
    .option("ask", { type: "boolean", default: true, describe: "compare with DNS; --no-ask: only what lies here" })
    .example("rulemail dkim list example.com", "its keys, dates and records")
    .epilogue("Status 0: all is well; 65: a key cannot be used; 69: one that signs, now or later, has no good record.");
  const options = await parsed("list", parser, 1);
  if (options === undefined) return EX.OK;
  const place = keyPlace(options.C, options.k);
  const now = systemClock.now();
  const resolver = options.ask ? systemEnvironment().resolver : undefined;
  const word = options._.length > 0 ? String(options._[0]) : undefined;
  const listed: Listed[] = [];
  const ofTable = tableKeys(place, word);
  for (const { domain, keys } of ofTable) {
    for (const key of keys) {
      const asked = domain === "%" || key.path.includes("%") ? undefined : resolver;
      const record = asked && (await recordOf(key, domain, asked));
      const state = key.problem === undefined ? "signs" : "broken";
      listed.push({ domain, key, state, ...(record !== undefined && { record }) });
    }
  }
  for (const domain of ofTable.length > 0 ? foundDomains(place, word) : chosenDomains(place, word)) {
    const signing = new Set(signingAt(domain, now, place.selectors).map(({ selector }) => selector));
    for (const key of domain.keys) {
      const state = stateOf(key, signing, now);
      const record = resolver && state !== "over" ? await recordOf(key, domain.domain, resolver) : undefined;
      listed.push({ domain: domain.domain, key, state, ...(record !== undefined && { record }) });
    }
  }
  if (options.json) streams.output.line(asciiJson({ folder: place.folder, keys: listed.map(documentOf) }));
  else for (const line of linesOf(listed)) streams.output.line(line);
  if (place.note !== undefined) streams.errors.line(`rulemail dkim: ${place.note}`);
  if (listed.some(({ state }) => state === "broken")) return EX.DATAERR;
  const isWanting = ({ state, record }: Listed): boolean =>
    (state === "signs" || state === "later") && record !== undefined && record !== PUBLISHED;
  return listed.some(isWanting) ? EX.UNAVAILABLE : EX.OK;
}

const PUBLISHED = "published";

function stateOf({ selector, from, until, problem }: FolderKey, signing: ReadonlySet<string>, now: number): State {
  if (problem !== undefined) return "broken";
  if (signing.has(selector)) return "signs";
  if (until <= now) return "over";
  return from > now ? "later" : "idle";
}

async function recordOf({ selector, privateKey }: FolderKey, domain: string, resolver: Resolver): Promise<string> {
  const answer = await resolver.query(recordName(selector, domain), "TXT");
  if (answer.kind === "tempfail") return `not known: ${answer.reason}`;
  if (answer.kind !== "found") return "missing";
  if (answer.records.length > 1) return `${answer.records.length} records, there may be one`;
  const found = publicKeyOf(answer.records[0].data);
  if (found.kind === "none") return found.reason;
  if (privateKey === undefined) return PUBLISHED;
  if (!createPublicKey(privateKey.key).equals(found.key)) return "another key";
  return found.testing ? "published for tests (t=y)" : PUBLISHED;
}

function documentOf({ domain, key, state, record }: Listed) {
  const { selector, path, privateKey, problem, from, until } = key;
  return {
    domain,
    selector,
    path,
    state,
    algorithm: privateKey?.algorithm ?? null,
    bits: privateKey?.bits ?? null,
    signsFrom: Number.isFinite(from) ? formatDate(from) : null,
    recordUntil: Number.isFinite(until) ? formatDate(until) : null,
    record: record ?? null,
    problem: problem ?? null,
  };
}

function linesOf(listed: readonly Listed[]): string[] {
  const rows = listed.map(({ domain, key, state, record }) => [
    domain,
    key.selector,
    key.privateKey === undefined ? "" : kindOf(key.privateKey),
    stateText(key, state),
    record === undefined ? "" : `record: ${record}`,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column].length)) + 2);
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join("")
      .trimEnd(),
  );
}

function kindOf({ algorithm, bits }: NonNullable<FolderKey["privateKey"]>): string {
  return algorithm === "rsa" ? `rsa ${bits}` : algorithm;
}

function stateText({ from, until, problem }: FolderKey, state: State): string {
  switch (state) {
    case "broken":
      return `cannot be used: ${problem ?? ""}`;
    case "signs":
      return Number.isFinite(until) ? `signs; record until ${formatDate(until)}` : "signs";
    case "later":
      return `signs from ${formatDate(from)}`;
    case "idle":
      return Number.isFinite(until) ? `signs no more; record until ${formatDate(until)}` : "does not sign";
    case "over":
      return "over: its record and its file may go";
  }
}
