/**
 * The suite of RFC 7208 that Debian's python3-spf brings (rfc7208-tests.yml): scenarios, each with a zone of its own and
 * questions with the results that are allowed. Python reads the file; nothing else of that package is used.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { DnsAnswer, DnsRecord, RecordType, Resolver } from "../../src/dns/resolver.ts";
import { peerFile } from "./foreign-programs.ts";
import { peersFolder } from "./package-source.ts";

type RecordData = string | readonly string[] | readonly [number, string];
/** "TIMEOUT", or one record by its type. */
type Entry = string | Readonly<Record<string, RecordData>>;

export interface SpfScenario {
  readonly description: string;
  readonly tests: Readonly<Record<string, SpfCase>>;
  readonly zonedata: Readonly<Record<string, readonly Entry[]>>;
}

export interface SpfCase {
  readonly helo: string;
  readonly host: string;
  readonly mailfrom: string;
  readonly result: string | readonly string[];
  /** "DEFAULT": none of the domain's own. */
  readonly explanation?: string;
}

const FILE = "/usr/share/doc/python3-spf/rfc7208-tests.yml.gz";
const READER = "import json, sys, yaml; json.dump(list(yaml.safe_load_all(sys.stdin.buffer)), sys.stdout)";

export function readSpfSuite(): readonly SpfScenario[] {
  const file = peerFile(FILE);
  if (file === undefined) throw new Error(`there is no ${FILE}`);
  const folder = join(peersFolder, "filters");
  const own = join(folder, "usr/bin/python3");
  const { stdout, stderr, status } = spawnSync(existsSync(own) ? own : "/usr/bin/python3", ["-c", READER], {
    input: gunzipSync(readFileSync(file)),
    encoding: "utf8",
    maxBuffer: 1 << 24,
    env: {
      PYTHONPATH: join(folder, "usr/lib/python3/dist-packages"),
      LD_LIBRARY_PATH: `${join(folder, "usr/lib/x86_64-linux-gnu")}:${join(folder, "usr/lib/aarch64-linux-gnu")}`,
    },
  });
  if (status !== 0) throw new Error(`python3 cannot read the suite: ${stderr}`);
  return JSON.parse(stdout) as SpfScenario[];
}

/** Names as the suite means them: what is marked SPF is TXT, too; what is marked TIMEOUT does not answer. */
export function suiteResolver({ zonedata }: SpfScenario): Resolver {
  const zone = new Map(Object.entries(zonedata).map(([name, entries]) => [name.toLowerCase(), entries]));
  const query = (asked: string, type: RecordType, followed = false): DnsAnswer => {
    const name = asked.toLowerCase().replace(/\.$/, "");
    const entries = zone.get(name);
    if (entries === undefined) return name.startsWith("error.") ? LATE : { kind: "nxdomain" };
    const records: DnsRecord[] = [];
    let isLate = false;
    for (const [kind, data] of pairs(entries)) {
      if (kind === type && data === "TIMEOUT") return LATE;
      if (kind === type) records.push(recordOf(name, type, data));
      else if (kind === "TIMEOUT") isLate = records.length === 0;
      else if (kind === "CNAME" && !followed) {
        const target = query(String(data), type, true);
        if (target.kind === "found") records.push(...target.records);
      }
    }
    if (records.length > 0) return { kind: "found", records, canonicalName: name, secure: false };
    return isLate ? LATE : { kind: "nodata", canonicalName: name };
  };
  return { query: (name, type) => query(name, type) };
}

const LATE: DnsAnswer = { kind: "tempfail", reason: "no answer in time" };

/** Type and data; of records marked SPF a copy as TXT where the name has no TXT record of its own. */
function pairs(entries: readonly Entry[]): [type: string, data: RecordData][] {
  const all = entries.flatMap((entry): [string, RecordData][] =>
    typeof entry === "string" ? [[entry, ""]] : Object.entries(entry),
  );
  const hasText = all.some(([type]) => type === "TXT");
  const copies = hasText
    ? []
    : all.filter(([type]) => type === "SPF").map(([, data]): [string, RecordData] => ["TXT", data]);
  return [...all, ...copies].filter(([, data]) => data !== "NONE");
}

function recordOf(name: string, type: RecordType, data: RecordData): DnsRecord {
  const base = { name, type, ttl: 0 };
  if (type === "MX") return { ...base, preference: Number(data[0]), data: data[1] };
  const text = typeof data === "string" ? data : data.join("");
  return { ...base, data: type === "TXT" ? Buffer.from(text, "utf8").toString("latin1") : text };
}
