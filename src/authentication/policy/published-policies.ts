/** What is published about the line to one host: DANE first; where it has nothing, MTA-STS (RFC 8461 §2). */
import { sharedTlsSettings } from "../../config/tls-settings.ts";
import { type MaybePromise, whenReady } from "../../sys/maybe-promise.ts";
import { authorities } from "../../tls/context-files.ts";
import type { TlsFailureType } from "../reports/tls-events.ts";
import { askDane } from "./dane.ts";
import type { LineAnswer, LinePolicies, LineQuestion } from "./line-policy.ts";
import type { LineParts, LineSettings } from "./open-line.ts";
import { StsCache } from "./sts/cache.ts";
import { fetchPolicy } from "./sts/fetch.ts";
import { Sts } from "./sts/sts.ts";
import { stsFacts, stsHost } from "./sts/sts-line.ts";

const NONE: LineAnswer = { kind: "none" };

/** By file: a reloaded configuration goes on with what the one before it knew. */
const CACHES = new Map<string, StsCache>();

function cacheOf({ stsFile, clock, log }: LineParts): StsCache {
  if (stsFile === undefined) return new StsCache(undefined, clock, log);
  let cache = CACHES.get(stsFile);
  if (cache === undefined) CACHES.set(stsFile, (cache = new StsCache(stsFile, clock, log)));
  return cache;
}

export class PublishedPolicies implements LinePolicies {
  readonly #parts: LineParts;
  readonly #settings: LineSettings;
  readonly #cache: StsCache;
  readonly #sts: Sts;

  constructor(parts: LineParts, settings: LineSettings) {
    const { names, clock, log, httpsPort } = parts;
    this.#parts = parts;
    this.#settings = settings;
    this.#cache = cacheOf(parts);
    this.#sts = new Sts({
      resolver: names.resolver,
      cache: this.#cache,
      clock,
      log,
      fetch: (domain) =>
        fetchPolicy(domain, { names, clock, authorities: this.#authorities(), ...(httpsPort && { port: httpsPort }) }),
      failed: (domain, type, reason) => this.#notFetched(domain, type, reason),
    });
  }

  close(): Promise<void> {
    return this.#cache.flush();
  }

  ask(question: LineQuestion): MaybePromise<LineAnswer> {
    if (!this.#settings.dane || question.without.dane) return this.#askSts(question);
    return whenReady(askDane(this.#parts.names.resolver, question), (answer): MaybePromise<LineAnswer> => {
      if (answer.kind === "policy") return answer;
      if (answer.kind === "none") return this.#askSts(question);
      return this.#unanswered(question, answer.reason);
    });
  }

  #askSts(question: LineQuestion): MaybePromise<LineAnswer> {
    const { nextHop, without } = question;
    if (!this.#settings.sts || without.sts || nextHop === undefined) return NONE;
    const domain = nextHop.replace(/\.$/, "").toLowerCase();
    return whenReady(this.#sts.policyOf(domain), (kept) => {
      if (kept === undefined) return NONE;
      const { answer, unlisted } = stsHost(kept, domain, question);
      if (unlisted !== undefined) {
        const { events, clock } = this.#parts;
        const failure = { type: "validation-failure", reason: unlisted } as const;
        events?.tls({ at: clock.now(), domain, policy: stsFacts(kept, domain), failure, receivingMx: question.host });
      }
      return answer;
    });
  }

  #notFetched(domain: string, type: TlsFailureType, reason: string): void {
    const { events, clock } = this.#parts;
    const policy = { type: "sts", strings: [], domain, mxHosts: [] } as const;
    events?.tls({ at: clock.now(), domain, policy, failure: { type, reason } });
  }

  /** CACertFile and CACertPath; what cannot be read trusts nobody. */
  #authorities(): readonly Buffer[] {
    try {
      return authorities({ ...sharedTlsSettings(this.#parts.options) }, []);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#parts.log.write(5, { priority: "warning", text: `MTA-STS: ${text}` });
      return [];
    }
  }

  /** Forged, or kept away from us: nothing goes to this host until it is known what it has published. */
  #unanswered({ host, nextHop = host }: LineQuestion, reason: string): LineAnswer {
    const { events, clock } = this.#parts;
    events?.tls({
      at: clock.now(),
      domain: nextHop.toLowerCase(),
      policy: { type: "tlsa", strings: [], domain: host.toLowerCase(), mxHosts: [] },
      failure: { type: "dnssec-invalid", reason },
      receivingMx: host,
    });
    return { kind: "closed", status: "4.7.5", reason: `${host}: TLSA records cannot be looked up (${reason})` };
  }
}
