/**
 * The places where a job may be delivered, in the order to try them: from the mailer's A= line
 * (`TCP $h`, `TCP mailhub 2526`, `FILE /path/socket`), by way of DNS.
 */
import { isIPv6 } from "node:net";
import type { PortOptions } from "../config/config.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { Job } from "./agent.ts";
import type { DeliveryEnvironment } from "./environment.ts";
import { type MailHost, mailHosts, type MailHosts, splitHostList } from "./mail-hosts.ts";
import { deferred, failed, type Outcome } from "./outcome.ts";
import type { Place } from "./smtp-socket.ts";

export type Places =
  | { readonly kind: "places"; readonly places: readonly Place[] }
  | { readonly kind: "failed"; readonly outcome: Outcome };

/** Service names that A= lines use instead of a number. */
const SERVICES: ReadonlyMap<string, number> = new Map([
  ["smtp", 25],
  ["mail", 25],
  ["lmtp", 24],
  ["submission", 587],
]);

export async function findPlaces(environment: DeliveryEnvironment, job: Job, scope: MacroScope): Promise<Places> {
  const { config } = environment;
  const [kind, target = "", service = "25"] = job.mailer.argv.map((argument) => config.expand(argument, scope).trim());
  if (/^(file|lpc)$/i.test(kind ?? "")) return unixPlace(target);
  const port = SERVICES.get(service.toLowerCase()) ?? Number(service);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    return { kind: "failed", outcome: failed("5.3.5", `mailer ${job.mailer.name}: no port "${service}"`) };
  }
  const only = config.options.text("ConnectOnlyTo");
  const hosts = splitHostList(only === "" ? target : `[${only}]`);
  if (hosts.length === 0) {
    return { kind: "failed", outcome: failed("5.1.2", `Host unknown (no host for mailer ${job.mailer.name})`) };
  }
  const places: Place[] = [];
  let problem: Outcome | undefined;
  for (const host of hosts) {
    const found = await hostsOf(host, environment, job);
    if (found.kind === "hosts") {
      for (const each of found.hosts) places.push(...placesOf(each, port, config.clientPorts));
    } else problem = later(problem, explain(found));
  }
  if (places.length > 0) return { kind: "places", places };
  return { kind: "failed", outcome: problem ?? failed("5.1.2", "Host unknown") };
}

function hostsOf(host: string, { config, resolver }: DeliveryEnvironment, job: Job): Promise<MailHosts> {
  const ours = config.classWords("w");
  return mailHosts(host, {
    resolver,
    useMx: !job.mailer.flags.has("0"),
    isLocal: (name) => ours.has(name),
  });
}

/** DNS answers that end a delivery, in sendmail's words. */
function explain(found: Exclude<MailHosts, { kind: "hosts" }>): Outcome {
  const { kind, name } = found;
  if (kind === "unknown") return failed("5.1.2", `Host unknown (Name server: ${name}.: host not found)`);
  if (kind === "tempfail") return deferred("4.4.3", `Name server: ${name}.: host name lookup failure`);
  if (kind === "nullmx") return failed("5.1.10", `Host unknown (${name}. does not accept mail: null MX)`);
  return failed("5.3.5", `Local configuration error (${name}.: mail loops back to me, MX problem?)`);
}

/** While one host of a list may still be found, the message waits. */
function later(before: Outcome | undefined, after: Outcome): Outcome {
  return before?.action === "delayed" ? before : after;
}

function unixPlace(path: string): Places {
  if (path === "") return { kind: "failed", outcome: failed("5.3.5", "Local configuration error (no socket in A=)") };
  const peer = { name: path, relay: path };
  return { kind: "places", places: [{ key: path, target: { kind: "unix", path }, peer, serverName: "localhost" }] };
}

function placesOf({ name, addresses }: MailHost, port: number, clientPorts: readonly PortOptions[]): Place[] {
  return addresses.map((address) => {
    const localAddress = localAddressFor(address, clientPorts);
    const shown = name.startsWith("[") ? name : `${name}.`;
    const literal = isIPv6(address) ? `[IPv6:${address}]` : `[${address}]`;
    return {
      key: `${name.toLowerCase()}\0${address}\0${port}`,
      target: { kind: "tcp", address, port, ...(localAddress === undefined ? {} : { localAddress }) },
      peer: { name: shown, relay: name.startsWith("[") ? literal : `${shown} ${literal}` },
      serverName: name.startsWith("[") ? address : name,
    };
  });
}

/** ClientPortOptions: the address to connect from, for each family. */
function localAddressFor(address: string, clientPorts: readonly PortOptions[]): string | undefined {
  const family = isIPv6(address) ? "inet6" : "inet";
  const options = clientPorts.find((each) => each.family === family && each.address !== "");
  return options?.address;
}
