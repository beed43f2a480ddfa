/**
 * The MTA-STS policy that holds for a domain now (RFC 8461 §3, §5): the one that is kept, as long as the TXT record names its
 * id and its time has not ended; else the one that is fetched. Where there is none, or none can be got, there is nothing to
 * hold anybody to, and the mail goes out as before.
 */
import type { Log } from "../../../log/log.ts";
import type { DnsAnswer, Resolver } from "../../../dns/resolver.ts";
import type { Clock } from "../../../sys/clock.ts";
import { type MaybePromise, whenReady } from "../../../sys/maybe-promise.ts";
import type { TlsFailureType } from "../../reports/tls-events.ts";
import { type KeptPolicy, renewalAge, type StsCache } from "./cache.ts";
import type { Fetched } from "./fetch.ts";
import { readStsId, readStsPolicy } from "./policy-text.ts";

export interface StsParts {
  readonly resolver: Resolver;
  readonly cache: StsCache;
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch: (domain: string) => Promise<Fetched>;
  /** A policy is announced, and could not be got. */
  readonly failed: (domain: string, type: TlsFailureType, reason: string) => void;
}

/** A policy that could not be got is not asked for again so soon, ms (RFC 8461 §3.3). */
const PAUSE = 5 * 60_000;
/** Failures that are remembered. */
const MOST_FAILURES = 20_000;

export class Sts {
  readonly #parts: StsParts;
  readonly #fetching = new Map<string, Promise<KeptPolicy | undefined>>();
  /** Domain → until when it is left alone, ms since the epoch. */
  readonly #failures = new Map<string, number>();

  constructor(parts: StsParts) {
    this.#parts = parts;
  }

  /** @param domain in lower case, without final dot. At once where DNS and the cache know all of it. */
  policyOf(domain: string): MaybePromise<KeptPolicy | undefined> {
    return whenReady(this.#parts.resolver.query(`_mta-sts.${domain}`, "TXT"), (answer) => this.#choose(domain, answer));
  }

  #choose(domain: string, answer: DnsAnswer): MaybePromise<KeptPolicy | undefined> {
    const kept = this.#parts.cache.get(domain);
    const id = answer.kind === "found" ? readStsId(answer.records.map(({ data }) => data)) : undefined;
    // What was published counts until its time ends, whatever is said, or kept from us, now (§5.1).
    if (id === undefined) return kept;
    if (kept === undefined || kept.id !== id) {
      // A new version: the old one counts when it cannot be got.
      return whenReady(this.#fetch(domain, id), (fetched) => fetched ?? kept);
    }
    if (this.#isOld(kept)) void this.#fetch(domain, id);
    return kept;
  }

  #isOld(kept: KeptPolicy): boolean {
    return this.#parts.clock.now() > kept.fetched + renewalAge(kept);
  }

  /** Undefined when it could not be got, now or a moment ago. */
  #fetch(domain: string, id: string): MaybePromise<KeptPolicy | undefined> {
    if ((this.#failures.get(domain) ?? 0) > this.#parts.clock.now()) return undefined;
    let fetching = this.#fetching.get(domain);
    if (fetching === undefined) {
      fetching = this.#get(domain, id).finally(() => this.#fetching.delete(domain));
      this.#fetching.set(domain, fetching);
    }
    return fetching;
  }

  async #get(domain: string, id: string): Promise<KeptPolicy | undefined> {
    const { fetch, cache, clock, log } = this.#parts;
    const fetched = await fetch(domain);
    if (fetched.kind === "failed") return this.#noteFailure(domain, fetched.type, fetched.reason);
    const policy = readStsPolicy(fetched.text);
    if (typeof policy === "string") return this.#noteFailure(domain, "sts-policy-invalid", policy);
    const kept = { ...policy, id, fetched: clock.now() };
    cache.put(domain, kept);
    this.#failures.delete(domain);
    const { mode, mx, maxAge } = policy;
    const text = `MTA-STS: domain=${domain}, mode=${mode}, id=${id}, max_age=${maxAge}, mx=${mx.join(",")}`;
    log.write(10, { priority: "info", text: text.slice(0, 500) });
    return kept;
  }

  #noteFailure(domain: string, type: TlsFailureType, reason: string): undefined {
    const { clock, log, failed } = this.#parts;
    this.#failures.delete(domain);
    this.#failures.set(domain, clock.now() + PAUSE);
    if (this.#failures.size > MOST_FAILURES) this.#failures.delete(this.#failures.keys().next().value!);
    log.write(5, { priority: "notice", text: `MTA-STS: domain=${domain}, no policy: ${type}: ${reason}` });
    failed(domain, type, reason);
  }
}
