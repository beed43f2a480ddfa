/**
 * What owners of mail hosts have published about connections to them, for `rulemail explain`: each host that a delivery would
 * try, and the policy that would hold. DNS and web servers are asked only where the configuration has DANE or MTA-STS on.
 */
import { Readable } from "node:stream";
import { openLine } from "../authentication/policy/open-line.ts";
import type { HostLine, Outcome } from "../analysis/explain.ts";
import type { Config } from "../config/config.ts";
import type { Job } from "../delivery/agent.ts";
import { Destinations } from "../delivery/smtp/destinations.ts";
import { Places } from "../delivery/smtp/places.ts";
import { openNames } from "../dns/names.ts";
import { trustingResolver, trustsAd } from "../dns/trusting-resolver.ts";
import { silentLog } from "../log/log.ts";
import { createMailRules } from "../routing/resolve.ts";
import type { UserWorkers } from "../rights/task.ts";
import type { SystemEnvironment } from "../site/surroundings.ts";
import { systemClock } from "../sys/clock.ts";

/** A message that nobody sends. */
const NOTHING: Pick<Job, "envelope" | "recipients" | "message" | "signal"> = {
  envelope: {
    id: "explain",
    sender: "",
    recipients: [],
    headers: [],
    bodySize: 0,
    eightBit: false,
    smtputf8: false,
    arrived: 0,
    macros: {},
    isReport: false,
    messageClass: 0,
  },
  recipients: [],
  message: { size: 0, bytes: () => Promise.resolve(Buffer.alloc(0)), stream: () => Readable.from([]) },
  signal: new AbortController().signal,
};

const NO_WORKERS: UserWorkers = {
  run: () => Promise.reject(new Error("nothing is delivered")),
  close: () => Promise.resolve(),
};

/** Nobody wants to read of more. */
const MOST_HOSTS = 10;

/** Undefined where nothing is asked: another kind of mailer, or both options off. */
export async function lineOf(
  config: Config,
  { machine, resolver: plain, users }: Pick<SystemEnvironment, "machine" | "resolver" | "users">,
  outcome: Outcome,
): Promise<readonly HostLine[] | undefined> {
  const mailer = outcome.kind === "mailer" ? config.mailers.get(outcome.mailer) : undefined;
  if (outcome.kind !== "mailer" || mailer === undefined || !/^\[(?:ipc|tcp)\]$/i.test(mailer.path)) return undefined;
  const resolver = trustsAd(config.options.text("ResolverOptions")) ? trustingResolver(plain) : plain;
  const names = openNames(machine, resolver);
  const line = openLine({ options: config.options, names, clock: systemClock, log: silentLog });
  if (line === undefined) return undefined;
  const scope = config.macros.child([
    ["h", outcome.host],
    ["u", outcome.user],
  ]);
  const rules = createMailRules(config);
  const job = { ...NOTHING, mailer, host: outcome.host, scope, addresses: rules };
  const destinations = new Destinations(systemClock);
  const clock = systemClock;
  const environment = { config, names, users, rules, destinations, log: silentLog, clock, line, workers: NO_WORKERS };
  const places = new Places(environment, job, scope);
  const hosts: HostLine[] = [];
  for (let next = await places.next(); next !== undefined && hosts.length < MOST_HOSTS; next = await places.next()) {
    if (next.kind === "host") hosts.push({ host: next.host.name, policy: next.host.line?.words ?? "none" });
    else hosts.push({ problem: next.outcome.text });
  }
  await line.close();
  return hosts;
}
