/**
 * What this machine says about itself: its name, its name servers, its hosts file (decision D9).
 *
 * `RULEMAIL_MACHINE=FILE` replaces all of it by a JSON file, for tests and for trying things out; the variable is
 * ignored when real and effective ids differ (own-rights.ts). Nothing here asks the network: a host name that stays without a domain
 * is completed by dns/search.ts.
 */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { parseHosts, qualifiedName } from "./hosts.ts";
import { hasOwnRights } from "./own-rights.ts";

export interface NameServer {
  readonly address: string;
  readonly port: number;
}

export interface Machine {
  readonly hostName: string;
  readonly nameServers: readonly NameServer[];
  readonly search: readonly string[];
  /** Dots a name needs to be tried as it is before the search list (resolv.conf `ndots`, default 1). */
  readonly ndots: number;
  /** Seconds for one try, and number of tries (resolv.conf `timeout`, `attempts`). */
  readonly timeout: number;
  readonly attempts: number;
  /** The AD bit of these servers may be believed (resolv.conf `trust-ad`). */
  readonly trustAd?: boolean;
  readonly hostsFile: string;
  /** Addresses of the network interfaces, loopback left out. */
  readonly interfaces?: readonly string[];
}

/** The file named by RULEMAIL_MACHINE cannot be used. */
export class MachineFileError extends Error {
  constructor(file: string, problem: string) {
    super(`Cannot use the machine description "${file}" (RULEMAIL_MACHINE): ${problem}`);
    this.name = "MachineFileError";
  }
}

const DNS_PORT = 53;
/** As many as the system's resolver asks, too. */
const MOST_SERVERS = 3;
const HOSTS_FILE = "/etc/hosts";
const RESOLV_CONF = "/etc/resolv.conf";

/** Reads the machine once; throws MachineFileError when RULEMAIL_MACHINE names a file that cannot be used. */
export function readMachine(env: Readonly<Record<string, string | undefined>> = process.env): Machine {
  const file = env.RULEMAIL_MACHINE;
  if (file && hasOwnRights()) return readMachineFile(file);
  const name = hostname();
  return {
    hostName: name.includes(".") ? name : (qualifiedName(parseHosts(readIfThere(HOSTS_FILE), [name]), name) ?? name),
    ...parseResolvConf(readIfThere(RESOLV_CONF), name),
    hostsFile: HOSTS_FILE,
    interfaces: interfaceAddresses(),
  };
}

/** Addresses that other machines may know; those of one link are nobody's name. */
function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
    .map(({ address }) => address);
}

/** The parts of a Machine that resolv.conf(5) describes. A file without name servers means the one on this machine. */
export function parseResolvConf(text: string, hostName: string): Omit<Machine, "hostName" | "hostsFile"> {
  const nameServers: NameServer[] = [];
  const dot = hostName.indexOf(".");
  let search = dot === -1 ? [] : [hostName.slice(dot + 1)];
  const numbers = { ndots: 1, timeout: 5, attempts: 2 };
  let trustAd = false;
  for (const line of text.split("\n")) {
    const [word, ...rest] = line
      .replace(/^[#;].*/s, "")
      .trim()
      .split(/\s+/);
    if (word === "nameserver" && nameServers.length < MOST_SERVERS && isIP(rest[0]?.replace(/%.*/, "") ?? "")) {
      nameServers.push({ address: rest[0], port: DNS_PORT });
    } else if (word === "search") search = rest;
    else if (word === "domain") search = rest.slice(0, 1);
    else if (word === "options") {
      trustAd ||= rest.includes("trust-ad");
      for (const option of rest) readOption(option, numbers);
    }
  }
  if (nameServers.length === 0) nameServers.push({ address: "127.0.0.1", port: DNS_PORT });
  const trust = trustAd ? { trustAd } : {};
  return { nameServers, search: search.map(withoutFinalDot).filter(Boolean), ...numbers, ...trust };
}

/** The limits are those of the system's resolver. */
const OPTION_RANGES = { ndots: [0, 15], timeout: [1, 30], attempts: [1, 5] } as const;

function readOption(option: string, into: { ndots: number; timeout: number; attempts: number }): void {
  const [, name, value] = /^(ndots|timeout|attempts):(\d{1,6})$/.exec(option) ?? [];
  if (name !== "ndots" && name !== "timeout" && name !== "attempts") return;
  const [least, most] = OPTION_RANGES[name];
  into[name] = Math.min(most, Math.max(least, Number(value)));
}

function withoutFinalDot(name: string): string {
  return name.replace(/\.$/, "");
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

function readMachineFile(file: string): Machine {
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new MachineFileError(file, error instanceof Error ? error.message : String(error));
  }
  return checkMachine(data, file);
}

const FIELDS: ReadonlySet<string> = new Set([
  "hostName",
  "nameServers",
  "search",
  "ndots",
  "timeout",
  "attempts",
  "hostsFile",
  "interfaces",
]);

/**
 * Checks a machine description: hostName is required; without nameServers nothing can be asked of DNS, without
 * hostsFile there are no static names, without interfaces only loopback. A name server is `{"address": "127.0.0.1", "port": 5353}` or `"127.0.0.1:5353"`,
 * `"127.0.0.1"`, `"[::1]:5353"`.
 */
function checkMachine(data: unknown, file: string): Machine {
  const wrong = (field: string, wanted: string): never => {
    throw new MachineFileError(file, `"${field}" must be ${wanted}`);
  };
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw new MachineFileError(file, "it must hold one JSON object");
  }
  const fields = data as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(fields).find((each) => !FIELDS.has(each));
  if (unknown !== undefined) {
    throw new MachineFileError(file, `"${unknown}" is not a field of it; there are ${[...FIELDS].join(", ")}`);
  }
  const { hostName, nameServers = [], search = [], hostsFile = "/dev/null", interfaces = [] } = fields;
  const number = (field: keyof typeof OPTION_RANGES, otherwise: number): number => {
    const value = fields[field] ?? otherwise;
    return typeof value === "number" && value >= 0 ? value : wrong(field, "a number");
  };
  if (!Array.isArray(nameServers)) wrong("nameServers", "a list");
  if (!isListOf(interfaces, (each) => isIP(each) !== 0)) return wrong("interfaces", "a list of addresses");
  if (!Array.isArray(search) || search.some((each) => typeof each !== "string")) wrong("search", "a list of domains");
  return {
    hostName: typeof hostName === "string" && hostName !== "" ? hostName : wrong("hostName", "the name of the host"),
    nameServers: (nameServers as unknown[]).map(
      (each, i) => readServer(each) ?? wrong(`nameServers[${i}]`, 'an address, "address:port" or {address, port}'),
    ),
    search: (search as string[]).map(withoutFinalDot),
    ndots: number("ndots", 1),
    timeout: number("timeout", 5),
    attempts: number("attempts", 2),
    hostsFile: typeof hostsFile === "string" ? hostsFile : wrong("hostsFile", "the path of a file"),
    interfaces,
  };
}

function isListOf(value: unknown, fits: (each: string) => boolean): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string" && fits(each));
}

function readServer(value: unknown): NameServer | undefined {
  let address: unknown;
  let port: unknown = DNS_PORT;
  if (typeof value === "string") {
    const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(value) ?? [];
    address = bracketed ?? plain ?? value;
    if (digits !== undefined) port = Number(digits);
  } else if (typeof value === "object" && value !== null) {
    ({ address, port = DNS_PORT } = value as { address?: unknown; port?: unknown });
  }
  if (typeof address !== "string" || isIP(address) === 0) return undefined;
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  return { address, port };
}
