/**
 * A resolver whose AD bits are believed, whatever machine it is on: `O ResolverOptions=+trustad`. The one of the process
 * serves all configurations; each says for itself whom it trusts.
 */
import { isPromise } from "../sys/maybe-promise.ts";
import type { DnsAnswer, Resolver } from "./resolver.ts";

export function trustingResolver(resolver: Resolver): Resolver {
  /** Answers that the resolver keeps are the same ones until their time ends; so are these. */
  const believed = new WeakMap<DnsAnswer, DnsAnswer>();
  const believe = (answer: DnsAnswer): DnsAnswer => {
    if (answer.kind !== "found" || answer.claimsSecure !== true) return answer;
    const known = believed.get(answer);
    if (known !== undefined) return known;
    const { kind, records, canonicalName } = answer;
    const secure: DnsAnswer = { kind, records, canonicalName, secure: true };
    believed.set(answer, secure);
    return secure;
  };
  return {
    query: (name, type) => {
      const asked = resolver.query(name, type);
      return isPromise(asked) ? asked.then(believe) : believe(asked);
    },
  };
}

/** @param words value of ResolverOptions */
export function trustsAd(words: string): boolean {
  const last = words
    .toLowerCase()
    .match(/[-+]?\btrustad\b/g)
    ?.at(-1);
  return last !== undefined && !last.startsWith("-");
}
