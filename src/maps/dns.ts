/**
 * The class dns: records of one type. `Kblack dns -R A -B bl.example.org`.
 *
 *     -R type   A AAAA AFSDB CNAME MX NS PTR SRV TXT TLSA     -z sep   all records, joined; else only the first
 *     -B base   appended to the key after a dot               -Z n     at most so many with -z
 */
import { isIPv6 } from "node:net";
import { candidates } from "../dns/search.ts";
import type { DnsAnswer, DnsRecord, RecordType } from "../dns/resolver.ts";
import { spelledOut, taggedAddress } from "../sys/ip-address.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { EX } from "../sys/sysexits.ts";
import { lenientFlags } from "./flags.ts";
import { type BareResult, found, type MapClass, tempfail } from "./map-class.ts";
import { readSeparator } from "./text.ts";

const TYPES: ReadonlySet<string> = new Set([
  "A",
  "AAAA",
  "AFSDB",
  "CNAME",
  "MX",
  "NS",
  "PTR",
  "SRV",
  "TLSA",
  "TXT",
] satisfies RecordType[]);

const UNKNOWN: BareResult = { kind: "missing", status: EX.NOHOST };

export const dnsClass: MapClass = {
  flags: lenientFlags({ R: "word", B: "word", Z: "word", r: "word", k: "switch", v: "switch" }),
  keepsCase: true,
  open({ declaration, flags, environment: { resolver, machine }, problem }) {
    const { name } = declaration;
    const wanted = flags.value("R")?.toUpperCase();
    const type = wanted !== undefined && TYPES.has(wanted) ? (wanted as RecordType) : undefined;
    if (wanted !== undefined && type === undefined) {
      // With all that follows, as sendmail shows it.
      const shown = /-R[ \t]*(.*)$/s.exec(declaration.args)?.[1] ?? wanted;
      problem(`dns map ${name}: wrong type ${shown}`.trimEnd());
    }
    if (type === undefined) {
      problem(`dns map ${name}: missing -R type`);
      return { find: () => UNKNOWN };
    }
    const base = flags.value("B");
    const separator = readSeparator(flags.value("z"));
    const limit = Number.parseInt(flags.value("Z") ?? "", 10) || Infinity;

    function answer(query: DnsAnswer, asked: string): BareResult {
      if (query.kind === "tempfail") return tempfail(`${asked}: ${query.reason}`);
      if (query.kind !== "found" || query.records.length === 0) return UNKNOWN;
      const texts = query.records.map(recordText);
      return found(separator === undefined ? texts[0] : texts.slice(0, limit).join(separator));
    }

    /** Names are complete when they have a base, a final dot or dots enough; others are sought in the search list. */
    function ask(names: readonly string[], index: number): MaybePromise<BareResult> {
      const asked = names[index];
      if (asked === undefined) return UNKNOWN;
      return whenReady(resolver.query(asked, type!), (query) => {
        const result = answer(query, asked);
        return result.kind === "missing" ? ask(names, index + 1) : result;
      });
    }

    return {
      find(key) {
        if (base !== undefined) return ask([`${key}.${base}`.replace(/\.$/, "")], 0);
        const dots = key.split(".").length - 1;
        if (key.endsWith(".") || dots >= machine.ndots) return ask([key.replace(/\.$/, "")], 0);
        // A name without dots is tried by itself last: unlike host names, any owner of records will do.
        return ask(dots === 0 ? [...candidates(key, machine), key] : candidates(key, machine), 0);
      },
    };
  },
};

function recordText({ type, data }: DnsRecord): string {
  return type === "AAAA" && isIPv6(data) ? taggedAddress(spelledOut(data)) : data;
}
