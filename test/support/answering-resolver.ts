/** A resolver that knows TXT records, and counts its questions. "later": fails for now; "never": does not answer. */
import type { DnsAnswer, Resolver } from "../../src/dns/resolver.ts";

export type TextZone = Readonly<Record<string, string | readonly string[]>>;

export interface AnsweringResolver extends Resolver {
  readonly asked: string[];
}

/** @param slowly answers come as promises */
export function answeringResolver(zone: TextZone, slowly = false): AnsweringResolver {
  const asked: string[] = [];
  const answerFor = (name: string): DnsAnswer | Promise<DnsAnswer> => {
    const found = Object.hasOwn(zone, name) ? zone[name] : undefined;
    if (found === undefined) return { kind: "nxdomain" };
    if (found === "later") return { kind: "tempfail", reason: "SERVFAIL" };
    if (found === "never") return new Promise(() => undefined);
    const texts = typeof found === "string" ? [found] : found;
    const records = texts.map((data) => ({ name, type: "TXT" as const, ttl: 300, data }));
    return { kind: "found", records, canonicalName: name, secure: false };
  };
  return {
    asked,
    query(name) {
      asked.push(name);
      const answer = answerFor(name.toLowerCase());
      return slowly ? Promise.resolve(answer) : answer;
    },
  };
}
