/**
 * The places where a job may be delivered, in the order to try them: from the mailer's A= line
 * (`TCP $h`, `TCP mailhub 2526`, `FILE /path/socket`, `mail.local -l`), by way of DNS.
 */
import { isIPv6 } from "node:net";
import { type AddressAnswer, addressesOf } from "../../dns/addresses.ts";
import { type MailHost, mailHosts, type MailHosts, splitHostList } from "../../dns/mx.ts";
import type { MacroScope } from "../../rewriting/macro-scope.ts";
import { isPromise, type MaybePromise } from "../../sys/maybe-promise.ts";
import type { Job } from "../agent.ts";
import type { DeliveryEnvironment } from "../environment.ts";
import { deferred, failed, type Outcome } from "../outcome.ts";
import { allowed, askPolicy, NO_POLICY, type Policy, wayOf } from "./pace.ts";
import { inTurns } from "./happy-eyeballs.ts";
import { startProgram } from "./program-socket.ts";
import type { MailPlace, Place } from "./socket.ts";

/** A host to try, or why a host of the list has no place. */
export type HostOrProblem = (
  | { readonly kind: "host"; readonly host: MailPlace }
  | { readonly kind: "problem"; readonly outcome: Outcome }
) & {
  /** FallbackSmartHost: for mail whose own hosts are unknown, or cannot be reached at all. */
  readonly lastResort?: true;
};

/** Service names that A= lines use instead of a number. */
const SERVICES: ReadonlyMap<string, number> = new Map([
  ["smtp", 25],
  ["mail", 25],
  ["lmtp", 24],
  ["submission", 587],
]);

/** Is there a connection to it that could be used again? Among equals such a host comes first. */
type IsConnected = (key: string) => boolean;

/** What comes next, or an answer to wait for. Most answers are known, and a generator that does not wait costs little. */
type Steps = Generator<HostOrProblem | Promise<unknown>, void, unknown>;

/** Hosts, looked up one by one as they are needed: the first one usually answers. */
export class Places {
  readonly #steps: Steps;

  /** @param scope macros of the delivery */
  constructor(environment: DeliveryEnvironment, job: Job, scope: MacroScope, isConnected: IsConnected = () => false) {
    this.#steps = placesOf(environment, job, scope, isConnected);
  }

  /** Undefined when there are no more. */
  next(): MaybePromise<HostOrProblem | undefined> {
    return this.#after(this.#steps.next());
  }

  #after({ value }: IteratorResult<HostOrProblem | Promise<unknown>, void>): MaybePromise<HostOrProblem | undefined> {
    if (!(value instanceof Promise)) return value ?? undefined;
    return value.then(
      (answer) => this.#after(this.#steps.next(answer)),
      (error: unknown) => this.#after(this.#steps.throw(error)),
    );
  }
}

/** The answer, waited for where it does not come at once. */
function* ready<T>(answer: MaybePromise<T>): Generator<Promise<unknown>, T, unknown> {
  return isPromise(answer) ? ((yield answer) as T) : answer;
}

function* placesOf(environment: DeliveryEnvironment, job: Job, scope: MacroScope, isConnected: IsConnected): Steps {
  const { config } = environment;
  const { options } = config;
  const { path } = job.mailer;
  const argv = job.mailer.argv.map((argument) => config.expand(argument, scope).trim());
  if (!path.startsWith("[")) {
    yield programPlace(environment, job, argv);
    return;
  }
  const [kind, target = "", service = "25"] = argv;
  if (/^file$/i.test(kind ?? "")) {
    yield unixPlace(target);
    return;
  }
  const port = SERVICES.get(service.toLowerCase()) ?? Number(service);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    yield problem(deferred("4.3.5", `Local configuration error (mailer ${job.mailer.name}: no port "${service}")`));
    return;
  }
  const only = options.text("ConnectOnlyTo");
  const hosts = splitHostList(only === "" ? target : `[${only}]`);
  if (hosts.length === 0) yield problem(failed("5.1.2", `Host unknown (no host for mailer ${job.mailer.name})`));
  let settled = false;
  for (const host of hosts) {
    settled = (yield* hostsOf(environment, job, host, port, isConnected)) || settled;
  }
  const last = options.text("FallbackSmartHost");
  if (last === "" || only !== "" || settled) return;
  yield* hostsOf(environment, job, last, port, isConnected, { lastResort: true });
}

/** @returns whether it is said for ever that the mail does not go there */
function* hostsOf(
  environment: DeliveryEnvironment,
  job: Job,
  host: string,
  port: number,
  isConnected: IsConnected,
  kind: Pick<HostOrProblem, "lastResort"> = {},
): Generator<HostOrProblem | Promise<unknown>, boolean, unknown> {
  const { config, names, log, rules } = environment;
  const { options } = config;
  const ours = config.classWords("w");
  const fallback = options.text("FallbackMXhost");
  const asked = mailHosts(names, host, {
    isOwn: (name) => ours.has(name),
    useMx: !job.mailer.flags.has("0"),
    tryNullMxList: options.flag("TryNullMXList"),
    ...(fallback === "" ? {} : { fallback }),
  });
  const found = yield* ready(asked);
  if (found.kind !== "hosts") {
    yield { ...problem(explain(found, host.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, ""))), ...kind };
    return found.kind === "nullmx" || found.kind === "self";
  }
  const destination = destinationName(found.hosts, port);
  const said = yield* ready(
    askPolicy(rules, { host, best: found.hosts[0].name }, job, (text) =>
      log.write(3, { priority: "warning", id: job.envelope.id, text }),
    ),
  );
  const policy = job.mailer.flags.has("4") ? ({ ...said, family: "4" } as const) : said;
  const way = wayOf(policy);
  const sources = yield* ready(sourcesOf(environment, policy));
  const key = ({ name }: MailHost): string => `${name.toLowerCase()}\0${port}${way === "" ? "" : `\0${way}`}`;
  for (const each of connectedFirst(found.hosts, (one) => isConnected(key(one)))) {
    const { name } = each;
    const answered = yield* ready(each.address === undefined ? addressesOf(names, name) : literal(each.address));
    if (answered.kind !== "found") {
      yield { ...problem(explain(answered.kind === "tempfail" ? answered : { kind: "unknown" }, name)), ...kind };
      continue;
    }
    const addresses = allowed(answered.addresses, policy);
    if (addresses.length === 0) {
      yield {
        ...problem(deferred("4.4.1", `${name}: no address that may be used (family=${policy.family})`)),
        ...kind,
      };
      continue;
    }
    const ordered = inTurns(
      addresses.map(({ address }) => address),
      addresses[0].family,
    );
    const places = ordered.map((address) => tcpPlace(name, address, port, sources[isIPv6(address) ? "inet6" : "inet"]));
    yield { kind: "host", host: { key: key(each), destination, name, policy, places }, ...kind };
  }
  return false;
}

function literal(address: string): AddressAnswer {
  return { kind: "found", addresses: [{ address, family: isIPv6(address) ? 6 : 4 }], secure: false };
}

/** Among those of one preference, a host that we talk to already spares the way to another. */
function connectedFirst(hosts: readonly MailHost[], isConnected: (host: MailHost) => boolean): readonly MailHost[] {
  if (hosts.length < 2) return hosts;
  const order = hosts.map((host, at) => ({ host, at, later: isConnected(host) ? 0 : 1 }));
  // Preferences only grow in the list, up to a fallback behind the others, which stays where it is.
  const tier = (at: number): number => hosts.findIndex(({ preference }) => preference === hosts[at].preference);
  order.sort((a, b) => tier(a.at) - tier(b.at) || a.later - b.later || a.at - b.at);
  return order.map(({ host }) => host);
}

/** The best of the hosts name what all domains with the same hosts share: `mx1.far.test,mx2.far.test`. */
function destinationName(hosts: readonly MailHost[], port: number): string {
  if (hosts.length === 1) return `${hosts[0].name.toLowerCase()}${port === 25 ? "" : `:${port}`}`;
  const best = hosts.filter(({ preference }) => preference === hosts[0].preference);
  const names = best.map(({ name }) => name.toLowerCase()).toSorted();
  return `${names.join(",")}${port === 25 ? "" : `:${port}`}`;
}

function problem(outcome: Outcome): HostOrProblem {
  return { kind: "problem", outcome };
}

/** DNS answers that end a delivery, in sendmail's words. */
function explain({ kind }: Exclude<MailHosts, { kind: "hosts" }>, name: string): Outcome {
  if (kind === "unknown") return failed("5.1.2", `Host unknown (Name server: ${name}.: host not found)`);
  if (kind === "tempfail") return deferred("4.4.3", `Name server: ${name}.: host name lookup failure`);
  if (kind === "nullmx") return failed("5.1.10", `Host unknown (${name}. does not accept mail: null MX)`);
  return failed("5.3.5", `Local configuration error (${name}.: mail loops back to me, MX problem?)`);
}

function unixPlace(path: string): HostOrProblem {
  if (path === "") return problem(deferred("4.3.5", "Local configuration error (no socket in A=)"));
  const place = { target: { kind: "unix" as const, path }, peer: { name: path, relay: path }, serverName: "localhost" };
  return { kind: "host", host: { key: path, destination: path, name: path, policy: NO_POLICY, places: [place] } };
}

/** It is "local" to the log, as what it delivers to. */
function programPlace(environment: DeliveryEnvironment, { mailer }: Job, argv: readonly string[]): HostOrProblem {
  const { path } = mailer;
  const key = [path, ...argv].join("\0");
  const start = () => startProgram(environment, mailer, argv);
  const target = { kind: "program" as const, path, argv, start };
  const place = { target, peer: { name: path, relay: "local" }, serverName: "localhost" };
  return { kind: "host", host: { key, destination: path, name: path, policy: NO_POLICY, places: [place] } };
}

/** @param name host name without final dot, or an address in brackets */
function tcpPlace(name: string, address: string, port: number, source: Source): Place {
  const literalForm = isIPv6(address) ? `[IPv6:${address}]` : `[${address}]`;
  const isLiteral = name.startsWith("[");
  const shown = isLiteral ? literalForm : `${name}.`;
  return {
    target: { kind: "tcp", address, port, ...source },
    peer: { name: shown, relay: `${shown} ${literalForm}` },
    serverName: isLiteral ? address : name,
  };
}

/** From where to connect, for each family: the policy's address, else what ClientPortOptions says. */
interface Sources {
  readonly inet: Source;
  readonly inet6: Source;
}

interface Source {
  readonly localAddress?: string;
  readonly localPort?: number;
}

const NO_SOURCES: Sources = { inet: {}, inet6: {} };

function sourcesOf(environment: DeliveryEnvironment, policy: Policy): MaybePromise<Sources> {
  const { source4, source6 } = policy;
  const isSaid = source4 !== undefined || source6 !== undefined || environment.config.clientPorts.length > 0;
  return isSaid ? lookUpSources(environment, policy) : NO_SOURCES;
}

async function lookUpSources({ config, names }: DeliveryEnvironment, { source4, source6 }: Policy): Promise<Sources> {
  const of = async (family: "inet" | "inet6", own: string | undefined): Promise<Source> => {
    if (own !== undefined) return { localAddress: own };
    const options = config.clientPorts.find((each) => each.family === family);
    if (options === undefined) return {};
    const localPort = options.port === 0 ? {} : { localPort: options.port };
    if (options.address === "") return localPort;
    // A name of ours, or an address.
    const asked = addressesOf(names, options.address, [family === "inet" ? 4 : 6]);
    const found = isPromise(asked) ? await asked : asked;
    const localAddress = found.kind === "found" ? found.addresses[0].address : options.address;
    return { localAddress, ...localPort };
  };
  return { inet: await of("inet", source4), inet6: await of("inet6", source6) };
}
