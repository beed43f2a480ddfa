/**
 * Everything that answers questions about host names, in the order of the service switch ("hosts"): DNS and the hosts
 * file. search.ts, addresses.ts and mx.ts work on it.
 */
import type { Clock } from "../sys/clock.ts";
import type { Machine } from "../sys/machine.ts";
import { HostsFile } from "./hosts-file.ts";
import type { Resolver } from "./resolver.ts";

export type HostService = "dns" | "files";

export interface NameSources {
  readonly resolver: Resolver;
  readonly hosts: HostsFile;
  /** Order of the service switch for "hosts"; sendmail's own default is DNS first. */
  readonly services: readonly HostService[];
  readonly machine: Pick<Machine, "search" | "ndots">;
  /** The domain that completes short names of the hosts file ($m); "" for none. */
  readonly domain: string;
  /** ResolverOptions HasWildcardMX: an MX record proves nothing about a name. */
  readonly wildcardMx?: boolean;
  /** O DontExpandCnames: an alias is a good name. */
  readonly keepAliases?: boolean;
}

/** NameSources with the defaults of a machine. */
export function openNames(
  machine: Machine,
  resolver: Resolver,
  options: Partial<Pick<NameSources, "services" | "domain" | "wildcardMx" | "keepAliases" | "machine">> & {
    readonly hostsFile?: string;
    /** For the server: files are looked at once a second at most. */
    readonly clock?: Clock;
  } = {},
): NameSources {
  const { hostsFile = machine.hostsFile, clock, ...rest } = options;
  return {
    resolver,
    machine,
    hosts: new HostsFile(hostsFile, clock),
    services: ["dns", "files"],
    domain: domainOf(machine.hostName),
    ...rest,
  };
}

/** What stands behind the first dot; "" without a dot. */
function domainOf(hostName: string): string {
  const dot = hostName.indexOf(".");
  return dot === -1 ? "" : hostName.slice(dot + 1);
}
