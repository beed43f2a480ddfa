/**
 * The places where a job may be delivered, in the order to try them: from the mailer's A= line
 * (`TCP $h`, `TCP mailhub 2526`, `FILE /path/socket`, `mail.local -l`), by way of DNS.
 */
import { isIP, isIPv6 } from "node:net";
import { type AddressAnswer, addressesOf, type HostAddress } from "../../dns/addresses.ts";
import type { LinePolicy } from "../../authentication/policy/line-policy.ts";
import { type MailHost, mailHosts, type MailHosts, splitHostList } from "../../dns/mx.ts";
import type { MacroScope } from "../../rewriting/macro-scope.ts";
import { taggedAddress } from "../../sys/ip-address.ts";
import { isPromise, type MaybePromise, whenReady } from "../../sys/maybe-promise.ts";
import type { Job } from "../agent.ts";
import type { DeliveryEnvironment } from "../environment.ts";
import { deferred, failed, type Outcome } from "../outcome.ts";
import { UNDER_POLICY } from "./connections.ts";
import { allowed, askPolicy, NO_POLICY, type Policy, wayOf } from "./pace.ts";
import { inTurns } from "./happy-eyeballs.ts";
import { askLine } from "./line.ts";
import { ignoresPolicies, lineRequired, requiresTls } from "./require-tls.ts";
import { portWishes, type PortWishes } from "./incoming-port.ts";
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
  ["submissions", 465],
  ["smtps", 465],
]);

/** Is there a connection to it that could be used again? Among equals such a host comes first. */
type IsConnected = (key: string) => boolean;

/** What hosts of one entry of the list have in common. */
interface Found {
  readonly destination: string;
  readonly policy: Policy;
  readonly way: string;
  readonly sources: Sources;
}

/**
 * Hosts, looked up one by one as they are needed: the first one usually answers. Every delivery comes through here, and nearly
 * all answers are known at once: plain methods that wait only where they have to (a generator is never optimised by V8, and
 * cost a thirtieth of a whole delivery).
 */
export class Places {
  readonly #environment: DeliveryEnvironment;
  readonly #job: Job;
  readonly #isConnected: IsConnected;
  readonly #argv: readonly string[];
  readonly #scope: MacroScope;
  /** Entries of the A= line's list that have not been asked about; undefined before the line was read. */
  #entries: string[] | undefined;
  #port = 0;
  /** FallbackSmartHost may follow, and is being asked about. */
  #mayFallBack = true;
  #isLast = false;
  /** Hosts of the entry under way that were not handed out. */
  #hosts: readonly MailHost[] = [];
  #at = 0;
  #found: Found | undefined;

  /** @param scope macros of the delivery */
  constructor(environment: DeliveryEnvironment, job: Job, scope: MacroScope, isConnected: IsConnected = () => false) {
    this.#environment = environment;
    this.#job = job;
    this.#isConnected = isConnected;
    this.#scope = scope;
    this.#argv = job.mailer.argv.map((argument) => environment.config.expand(argument, scope).trim());
  }

  /** Undefined when there are no more. */
  next(): MaybePromise<HostOrProblem | undefined> {
    if (this.#entries === undefined) {
      const only = this.#readLine();
      if (only !== undefined) return only;
    }
    if (this.#at < this.#hosts.length) return this.#place(this.#hosts[this.#at++]);
    const entry = this.#entries!.shift() ?? this.#lastResort();
    return entry === undefined ? undefined : this.#ask(entry);
  }

  /** What the A= line says. @returns the only thing to try, for lines without a list of hosts */
  #readLine(): HostOrProblem | undefined {
    this.#entries = [];
    const { mailer } = this.#job;
    // RFC 8314 §7.3: submissions, where TLS comes first.
    const [kind, target = "", service = mailer.flags.has("_") ? "465" : "25"] = this.#argv;
    if (!mailer.path.startsWith("[") || /^file$/i.test(kind ?? "")) {
      this.#mayFallBack = false;
      return mailer.path.startsWith("[") ? unixPlace(target) : programPlace(this.#environment, this.#job, this.#argv);
    }
    this.#port = SERVICES.get(service.toLowerCase()) ?? Number(service);
    if (!Number.isInteger(this.#port) || this.#port < 1 || this.#port > 65535) {
      this.#mayFallBack = false;
      return problem(deferred("4.3.5", `Local configuration error (mailer ${mailer.name}: no port "${service}")`));
    }
    const only = this.#environment.config.options.text("ConnectOnlyTo");
    if (only !== "") this.#mayFallBack = false;
    this.#entries = splitHostList(only === "" ? target : `[${only}]`);
    if (this.#entries.length > 0) return undefined;
    return problem(failed("5.1.2", `Host unknown (no host for mailer ${mailer.name})`));
  }

  #lastResort(): string | undefined {
    if (!this.#mayFallBack) return undefined;
    this.#mayFallBack = false;
    this.#isLast = true;
    const host = this.#environment.config.options.text("FallbackSmartHost");
    return host === "" ? undefined : host;
  }

  #said(it: HostOrProblem): HostOrProblem {
    return this.#isLast ? { ...it, lastResort: true } : it;
  }

  #ask(host: string): MaybePromise<HostOrProblem | undefined> {
    const { config, names } = this.#environment;
    const ours = config.classWords("w");
    const fallback = config.options.text("FallbackMXhost");
    const asked = mailHosts(names, host, {
      isOwn: (name) => ours.has(name),
      useMx: !this.#job.mailer.flags.has("0"),
      tryNullMxList: config.options.flag("TryNullMXList"),
      fallback: fallback === "" ? undefined : fallback,
    });
    return whenReady(asked, (answer) => {
      if (answer.kind === "hosts") return this.#agree(host, answer.hosts);
      // It is said for ever that the mail does not go there.
      if (answer.kind === "nullmx" || answer.kind === "self") this.#mayFallBack = false;
      return this.#said(problem(explain(answer, host.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, ""))));
    });
  }

  /** Policy and addresses of our own for these hosts; then the first of them. */
  #agree(entry: string, hosts: readonly MailHost[]): MaybePromise<HostOrProblem | undefined> {
    const { log, rules } = this.#environment;
    const job = this.#job;
    const warn = (text: string): void => log.write(3, { priority: "warning", id: job.envelope.id, text });
    return whenReady(askPolicy(rules, { host: entry, best: hosts[0].name }, job, warn), (said) => {
      const policy = job.mailer.flags.has("4") ? ({ ...said, family: "4" } as const) : said;
      const port = portWishes(job);
      return whenReady(sourcesOf(this.#environment, policy, port), (sources) => {
        // Connections that were made in another way are not used again.
        const way = `${wayOf(policy)}${port.address === undefined ? "" : ` b=${port.address}`}${port.ownName ? " h" : ""}`;
        this.#found = { destination: destinationName(hosts, this.#port), policy, way, sources };
        this.#hosts = connectedFirst(hosts, (one) => this.#isConnected(this.#key(one)));
        this.#at = 0;
        return this.next();
      });
    });
  }

  #key({ name }: MailHost): string {
    const { way } = this.#found!;
    return `${name.toLowerCase()}\0${this.#port}${way === "" ? "" : `\0${way}`}`;
  }

  #place(each: MailHost): MaybePromise<HostOrProblem> {
    const { name, address } = each;
    const asked = address === undefined ? addressesOf(this.#environment.names, name) : literal(address);
    return whenReady(asked, (answered) => {
      if (answered.kind !== "found") {
        return this.#said(problem(explain(answered.kind === "tempfail" ? answered : { kind: "unknown" }, name)));
      }
      const { policy } = this.#found!;
      const addresses = allowed(answered.addresses, policy);
      if (addresses.length === 0) {
        const none = `${name}: no address that may be used (family=${policy.family})`;
        return this.#said(problem(deferred("4.4.1", none)));
      }
      const { line } = this.#environment;
      if (line === undefined || address !== undefined || this.#mayBeBare(policy)) return this.#host(each, addresses);
      const published = askLine(line, each, {
        port: this.#port,
        answered,
        features: this.#features(each, addresses[0]),
      });
      return whenReady(published, (said) => {
        if (said.kind === "none") return this.#host(each, addresses);
        if (said.kind === "policy") return this.#host(each, addresses, said.policy);
        return this.#said(problem(deferred(said.status, said.reason, { relay: `${name}.`, remoteMta: `${name}.` })));
      });
    });
  }

  /** Whatever is published does not matter: somebody here, or the author of the message, has decided. */
  #mayBeBare({ tls }: Policy): boolean {
    return tls === "none" || ignoresPolicies(this.#job.envelope);
  }

  #host(each: MailHost, addresses: readonly HostAddress[], published?: LinePolicy): HostOrProblem {
    const { destination, policy, sources } = this.#found!;
    const line = published ?? (requiresTls(this.#job) ? lineRequired(each.name, each.secure) : undefined);
    const places = inTurns(addresses).map(({ address: one, family }) =>
      tcpPlace(each.name, one, this.#port, sources[family === 6 ? "inet6" : "inet"]),
    );
    const key = line === undefined ? this.#key(each) : `${this.#key(each)}${UNDER_POLICY}${line.key}`;
    const more = { ...(line && { line }), ...(each.of !== undefined && { nextHop: each.of }) };
    return this.#said({ kind: "host", host: { key, destination, name: each.name, policy, places, ...more } });
  }

  /** Letters of ruleset clt_features about this host. */
  #features({ name }: MailHost, { address }: HostAddress): MaybePromise<string | undefined> {
    const scope = this.#scope.child([
      ["server_name", name],
      ["server_addr", taggedAddress(address)],
    ]);
    return this.#environment.rules?.select("clt_features", [name], scope);
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
  // Canonical text: nothing else has a colon.
  const literalForm = `[${taggedAddress(address)}]`;
  const isLiteral = name.startsWith("[");
  const shown = isLiteral ? literalForm : `${name}.`;
  return {
    target: { kind: "tcp", address, port, ...source },
    peer: { name: shown, relay: `${shown} ${literalForm}` },
    serverName: isLiteral ? address : name,
  };
}

/** From where to connect, for each family: the policy's address, else that of the port (M=b), else what ClientPortOptions says. */
interface Sources {
  readonly inet: Source;
  readonly inet6: Source;
}

interface Source {
  readonly localAddress?: string;
  readonly localPort?: number;
}

const NO_SOURCES: Sources = { inet: {}, inet6: {} };

function sourcesOf(environment: DeliveryEnvironment, policy: Policy, port: PortWishes): MaybePromise<Sources> {
  const { source4 = ofFamily(4, port), source6 = ofFamily(6, port) } = policy;
  const isSaid = source4 !== undefined || source6 !== undefined || environment.config.clientPorts.length > 0;
  return isSaid ? lookUpSources(environment, { source4, source6 }) : NO_SOURCES;
}

function ofFamily(family: 4 | 6, { address = "" }: PortWishes): string | undefined {
  return isIP(address) === family ? address : undefined;
}

type Wanted = { readonly [family in "source4" | "source6"]: string | undefined };

async function lookUpSources({ config, names }: DeliveryEnvironment, { source4, source6 }: Wanted): Promise<Sources> {
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
