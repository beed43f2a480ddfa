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
  /** A problem that says for ever where the mail does not go (null MX, we ourselves): no last resort changes that. */
  readonly settled?: boolean;
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

/** Looks hosts up one by one, as they are needed: the first one usually answers. */
export async function* findPlaces(
  environment: DeliveryEnvironment,
  job: Job,
  scope: MacroScope,
  isConnected: IsConnected = () => false,
): AsyncGenerator<HostOrProblem> {
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
    for await (const each of hostsOf(environment, job, host, port, isConnected)) {
      settled ||= each.settled === true;
      yield each;
    }
  }
  const last = options.text("FallbackSmartHost");
  if (last === "" || only !== "" || settled) return;
  for await (const each of hostsOf(environment, job, last, port, isConnected)) {
    yield { ...each, lastResort: true };
  }
}

async function* hostsOf(
  environment: DeliveryEnvironment,
  job: Job,
  host: string,
  port: number,
  isConnected: IsConnected,
): AsyncGenerator<HostOrProblem> {
  const { config, names, log, rules } = environment;
  const { options } = config;
  const ours = config.classWords("w");
  const fallback = options.text("FallbackMXhost");
  const mx = mailHosts(names, host, {
    isOwn: (name) => ours.has(name),
    useMx: !job.mailer.flags.has("0"),
    tryNullMxList: options.flag("TryNullMXList"),
    ...(fallback === "" ? {} : { fallback }),
  });
  const found = isPromise(mx) ? await mx : mx;
  if (found.kind !== "hosts") {
    const reason = problem(explain(found, host.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "")));
    yield { ...reason, settled: found.kind === "nullmx" || found.kind === "self" };
    return;
  }
  const destination = destinationName(found.hosts, port);
  const said = askPolicy(rules, { host, best: found.hosts[0].name }, job, (text) =>
    log.write(3, { priority: "warning", id: job.envelope.id, text }),
  );
  const asked = isPromise(said) ? await said : said;
  const policy = job.mailer.flags.has("4") ? ({ ...asked, family: "4" } as const) : asked;
  const way = wayOf(policy);
  const given = sourcesOf(environment, policy);
  const sources = isPromise(given) ? await given : given;
  const key = ({ name }: MailHost): string => `${name.toLowerCase()}\0${port}${way === "" ? "" : `\0${way}`}`;
  for (const each of connectedFirst(found.hosts, (one) => isConnected(key(one)))) {
    const { name } = each;
    const answer: MaybePromise<AddressAnswer> =
      each.address === undefined ? addressesOf(names, name) : literal(each.address);
    const answered = isPromise(answer) ? await answer : answer;
    if (answered.kind !== "found") {
      yield problem(explain(answered.kind === "tempfail" ? answered : { kind: "unknown" }, name));
      continue;
    }
    const addresses = allowed(answered.addresses, policy);
    if (addresses.length === 0) {
      yield problem(deferred("4.4.1", `${name}: no address that may be used (family=${policy.family})`));
      continue;
    }
    const ordered = inTurns(
      addresses.map(({ address }) => address),
      addresses[0].family,
    );
    const places = ordered.map((address) => tcpPlace(name, address, port, sources[isIPv6(address) ? "inet6" : "inet"]));
    yield { kind: "host", host: { key: key(each), destination, name, policy, places } };
  }
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
