/**
 * The line policies of one configuration. What they are made of is loaded when the first host is asked about; where the
 * options are off there is nothing, and nothing is asked.
 */
import type { Options } from "../../config/config.ts";
import type { NameSources } from "../../dns/names.ts";
import { trustsAd } from "../../dns/trusting-resolver.ts";
import type { Log } from "../../log/log.ts";
import type { Clock } from "../../sys/clock.ts";
import { isLoopback } from "../../sys/ip-address.ts";
import type { Machine } from "../../sys/machine.ts";
import type { MaybePromise } from "../../sys/maybe-promise.ts";
import type { TlsEventSink } from "../reports/tls-events.ts";
import type { LineAnswer, LinePolicies, LineQuestion } from "./line-policy.ts";

export interface LineParts {
  readonly options: Options;
  readonly names: NameSources;
  readonly clock: Clock;
  readonly log: Log;
  /** Where policies of MTA-STS are kept; undefined: in memory alone. */
  readonly stsFile?: string;
  /** Where HTTPS servers are asked; 443, but for tests. */
  readonly httpsPort?: number;
  readonly events?: TlsEventSink;
}

export interface LineSettings {
  readonly dane: boolean;
  readonly sts: boolean;
}

/** Undefined: the configuration asks for none. */
export function openLine(parts: LineParts): LinePolicies | undefined {
  const { options, events } = parts;
  const settings = { dane: isOn(options.text("DANE")), sts: options.flag("StrictTransportSecurity") };
  if (!settings.dane && !settings.sts && events === undefined) return undefined;
  return new LazyPolicies(parts, settings);
}

/**
 * What keeps DANE from doing anything: of no name server the AD bit is believed. Undefined: nothing, or DANE is off.
 * @param machine its name servers
 */
export function daneProblem(options: Options, machine: Pick<Machine, "nameServers" | "trustAd">): string | undefined {
  if (!isOn(options.text("DANE")) || machine.trustAd === true || trustsAd(options.text("ResolverOptions")))
    return undefined;
  if (machine.nameServers.some(({ address }) => isLoopback(address))) return undefined;
  const servers = machine.nameServers.map(({ address }) => address).join(", ") || "none";
  return (
    `option DANE=true finds nothing signed: no name server (${servers}) is trusted to say so; ` +
    "run a validating one on this machine, or trust them with O ResolverOptions=+trustad"
  );
}

function isOn(value: string): boolean {
  return value === "true" || value === "always";
}

class LazyPolicies implements LinePolicies {
  readonly events?: TlsEventSink;
  readonly #parts: LineParts;
  readonly #settings: LineSettings;
  #loading: Promise<LinePolicies> | undefined;
  #loaded: LinePolicies | undefined;

  constructor(parts: LineParts, settings: LineSettings) {
    this.#parts = parts;
    this.#settings = settings;
    if (parts.events !== undefined) this.events = parts.events;
  }

  ask(question: LineQuestion): MaybePromise<LineAnswer> {
    if (this.#loaded !== undefined) return this.#loaded.ask(question);
    this.#loading ??= import("./published-policies.ts").then(
      ({ PublishedPolicies }) => (this.#loaded = new PublishedPolicies(this.#parts, this.#settings)),
    );
    return this.#loading.then((loaded) => loaded.ask(question));
  }

  async close(): Promise<void> {
    await (await this.#loading)?.close();
  }
}
