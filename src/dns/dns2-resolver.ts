/**
 * The resolver: asks the name servers of this machine one after the other, remembers what they say, and tells the four
 * outcomes of resolver.ts apart (decision D9). It is a stub resolver: the servers are expected to recurse.
 */
import type { Clock } from "../sys/clock.ts";
import { isLoopback } from "../sys/ip-address.ts";
import type { Machine, NameServer } from "../sys/machine.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import { AnswerCache } from "./cache.ts";
import { exchange } from "./exchange.ts";
import { encodeQuery, validName, type Reply } from "./packet-codec.ts";
import type { DnsAnswer, DnsRecord, RecordType, Resolver } from "./resolver.ts";

const NOERROR = 0;
const FORMERR = 1;
const NXDOMAIN = 3;
const NOTIMP = 4;
const RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];
/** Aliases that are followed before a chain counts as a loop. */
const LONGEST_CHAIN = 16;
/** Sockets that are open at a time; further questions wait for their turn. */
const MOST_AT_ONCE = 256;

export interface ResolverOptions {
  readonly machine: Pick<Machine, "nameServers" | "timeout" | "attempts" | "trustAd">;
  readonly clock: Clock;
  /**
   * Believe the AD bit of any server; also what resolv.conf says (`options trust-ad`). Without it only servers on this
   * machine are believed: on the way from others anybody could have set it. See also trusting-resolver.ts.
   */
  readonly trustAd?: boolean;
}

export class Dns2Resolver implements Resolver {
  readonly #machine: ResolverOptions["machine"];
  readonly #clock: Clock;
  readonly #trustAd: boolean;
  readonly #cache: AnswerCache;
  readonly #asking = new Map<string, Promise<DnsAnswer>>();
  readonly #withoutEdns = new Set<NameServer>();
  readonly #waiting: (() => void)[] = [];
  #active = 0;

  constructor({ machine, clock, trustAd = machine.trustAd === true }: ResolverOptions) {
    this.#machine = machine;
    this.#clock = clock;
    this.#trustAd = trustAd;
    this.#cache = new AnswerCache(clock);
  }

  query(name: string, type: RecordType): MaybePromise<DnsAnswer> {
    const asked = name.replace(/\.$/, "").toLowerCase();
    const kept = this.#cache.get(asked, type);
    if (kept !== undefined) return kept;
    // What cannot be a name does not exist; nobody has to be asked.
    if (!validName(asked)) return { kind: "nxdomain" };
    const key = `${type} ${asked}`;
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      asking = this.#resolve(asked, type).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  /** Forgets all answers (a test changed its zone; an operator asked for it). */
  forget(): void {
    this.#cache.clear();
  }

  async #resolve(asked: string, type: RecordType): Promise<DnsAnswer> {
    const chain: Chain = { name: asked, ttl: Infinity, secure: true, claimed: true };
    for (let links = 0; links < LONGEST_CHAIN;) {
      const result = await this.#ask(chain.name, type);
      if (typeof result === "string") return { kind: "tempfail", reason: result };
      const { reply, server } = result;
      chain.claimed &&= reply.authenticated;
      chain.secure &&= chain.claimed && (this.#trustAd || isLoopback(server.address));
      const before = chain.name;
      links += follow(chain, reply.answers, type);
      const records = reply.answers.filter((record) => record.type === type && record.name === chain.name);
      // A server that names the alias alone is asked again for its target.
      const unfinished = records.length === 0 && chain.name !== before && reply.negativeTtl === undefined;
      if (unfinished && reply.rcode === NOERROR) continue;
      return this.#remember(asked, type, conclude(chain, reply, records));
    }
    return { kind: "tempfail", reason: `${asked}: aliases form a loop or a very long chain` };
  }

  #remember(asked: string, type: RecordType, { answer, ttl }: { answer: DnsAnswer; ttl: number }): DnsAnswer {
    this.#cache.put(asked, type, answer, ttl);
    return answer;
  }

  /** The first usable reply: each server in order, then all again; a text says why there is none. */
  async #ask(name: string, type: RecordType): Promise<{ reply: Reply; server: NameServer } | string> {
    const { nameServers, attempts } = this.#machine;
    if (nameServers.length === 0) return "no name servers are configured";
    let reason = "";
    await this.#enter();
    try {
      for (let round = 0; round < Math.max(1, attempts); round++) {
        for (const server of nameServers) {
          const result = await this.#askServer(server, name, type);
          if (typeof result !== "string") return { reply: result, server };
          reason = `${server.address}: ${result}`;
        }
      }
    } finally {
      this.#leave();
    }
    return reason;
  }

  async #askServer(server: NameServer, name: string, type: RecordType): Promise<Reply | string> {
    const edns = !this.#withoutEdns.has(server);
    const timeout = this.#machine.timeout * 1000;
    const result = await exchange(server, encodeQuery(name, type, edns), timeout, this.#clock);
    if (result.kind === "failed") return result.reason;
    const { rcode } = result.reply;
    if (rcode === NOERROR || rcode === NXDOMAIN) return result.reply;
    if (edns && (rcode === FORMERR || rcode === NOTIMP)) {
      // An old server that does not know the OPT record (RFC 6891 §7).
      this.#withoutEdns.add(server);
      return this.#askServer(server, name, type);
    }
    return RCODES[rcode] ?? `response code ${rcode}`;
  }

  #enter(): Promise<void> | undefined {
    if (this.#active < MOST_AT_ONCE) {
      this.#active++;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Hands the place on, or gives it back. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#active--;
  }
}

/** Where following the aliases of a name has led so far. */
interface Chain {
  name: string;
  /** Shortest time to live of the links. */
  ttl: number;
  secure: boolean;
  /** The AD bit was set all the way. */
  claimed: boolean;
}

/** Follows the CNAMEs of one reply; the number of links. */
function follow(chain: Chain, answers: readonly DnsRecord[], type: RecordType): number {
  if (type === "CNAME") return 1;
  for (let links = 1; links <= LONGEST_CHAIN; links++) {
    const alias = answers.find((record) => record.type === "CNAME" && record.name === chain.name);
    if (alias === undefined) return links;
    chain.name = alias.data.toLowerCase();
    chain.ttl = Math.min(chain.ttl, alias.ttl);
  }
  return LONGEST_CHAIN;
}

function conclude(chain: Chain, reply: Reply, records: readonly DnsRecord[]): { answer: DnsAnswer; ttl: number } {
  if (records.length > 0) {
    const ttl = records.reduce((shortest, record) => Math.min(shortest, record.ttl), chain.ttl);
    const { name: canonicalName, secure, claimed } = chain;
    const found = { kind: "found", records, canonicalName, secure } as const;
    return { answer: claimed && !secure ? { ...found, claimsSecure: true } : found, ttl };
  }
  const ttl = Math.min(chain.ttl, reply.negativeTtl ?? 0);
  if (reply.rcode === NXDOMAIN) return { answer: { kind: "nxdomain" }, ttl };
  return { answer: { kind: "nodata", canonicalName: chain.name }, ttl };
}
