/**
 * A resolver that knows records of several types: "TXT a.test" → data. "later": fails for now; "never": does not answer. A name
 * that has records of another type exists; others do not.
 */
import type { DnsAnswer, RecordType, Resolver } from "../../src/dns/resolver.ts";

export type TypedZone = Readonly<Record<`${RecordType} ${string}`, string | readonly string[]>>;

export interface ZoneResolver extends Resolver {
  /** "TXT a.test" */
  readonly asked: string[];
}

export function zoneResolver(zone: TypedZone): ZoneResolver {
  const names = new Set(Object.keys(zone).map((key) => key.split(" ")[1]));
  const asked: string[] = [];
  const answers = new Map<string, DnsAnswer>();
  return {
    asked,
    query(name, type) {
      const key = `${type} ${name.toLowerCase()}` as const;
      asked.push(key);
      const found = Object.hasOwn(zone, key) ? zone[key] : undefined;
      if (found === "never") return new Promise(() => undefined);
      if (found === "later") return { kind: "tempfail", reason: "SERVFAIL" };
      const canonicalName = name.toLowerCase();
      if (found === undefined)
        return names.has(canonicalName) ? { kind: "nodata", canonicalName } : { kind: "nxdomain" };
      let answer = answers.get(key);
      if (answer === undefined) {
        const records = [found].flat().map((data) => ({ name: canonicalName, type, ttl: 300, data }));
        answers.set(key, (answer = { kind: "found", records, canonicalName, secure: false }));
      }
      return answer;
    },
  };
}
