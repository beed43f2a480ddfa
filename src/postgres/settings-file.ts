/**
 * The file that says where a PostgreSQL server is and who asks it: one `name = value` a line, in the names of libpq, `#` begins a
 * comment line. It may hold a password, so it is read under the rules for keys (sys/safe-file.ts).
 *
 *     host = db1.example.org, db2.example.org
 *     dbname = mail
 *     user = rulemail
 *     password = ...
 *     sslmode = verify-full
 */
import { isLoopback } from "../sys/ip-address.ts";

export interface PostgresHost {
  /** A name, an address, or the folder of a unix socket. */
  readonly host: string;
  readonly port: number;
}

/** How much a connection has to prove: nothing, that it is encrypted, that an authority knows the server, and by which name. */
export type TlsMode = "disable" | "require" | "verify-ca" | "verify-full";

export interface PostgresSettings {
  /** Asked in this order: the first that answers. */
  readonly hosts: readonly PostgresHost[];
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly tls: TlsMode;
  /** Paths: certificates of authorities; our own certificate and its key. */
  readonly authorities?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** Only a server that takes changes will do: of a primary and its standby the primary. */
  readonly wantsPrimary: boolean;
  /** Connections at once. */
  readonly pool: number;
  /** Milliseconds until a connection, and until an answer. */
  readonly connectTimeout: number;
  readonly queryTimeout: number;
  /** Statements are prepared once for each connection; false for poolers that hand each query to another one. */
  readonly prepares: boolean;
}

export interface SettingsProblem {
  /** Counted from 1; 0: about the whole file. */
  readonly line: number;
  readonly text: string;
}

const STANDARD_PORT = 5432;
const LARGEST_PORT = 65_535;
const MODES: readonly TlsMode[] = ["disable", "require", "verify-ca", "verify-full"];

/** What each name may be, and where it is written down. */
const NAMES: Readonly<Record<string, RegExp>> = {
  host: /./,
  port: /^\d{1,5}(?:\s*,\s*\d{1,5})*$/,
  dbname: /./,
  user: /./,
  password: /^/,
  sslmode: /./,
  sslrootcert: /^\//,
  sslcert: /^\//,
  sslkey: /^\//,
  target_session_attrs: /^(?:any|read-write)$/,
  pool: /^(?:[1-9]\d?|100)$/,
  connect_timeout: /^[1-9]\d{0,2}$/,
  query_timeout: /^[1-9]\d{0,2}$/,
  prepared: /^(?:yes|no)$/,
};

const SHAPES: Readonly<Record<string, string>> = {
  port: "a number, or one for each host, with commas",
  sslrootcert: "a path from the root on",
  sslcert: "a path from the root on",
  sslkey: "a path from the root on",
  target_session_attrs: "any or read-write",
  pool: "a number from 1 to 100",
  connect_timeout: "seconds, from 1 to 999",
  query_timeout: "seconds, from 1 to 999",
  prepared: "yes or no",
};

/** @param text UTF-8 decoded */
export function readSettings(text: string): PostgresSettings | { readonly problems: readonly SettingsProblem[] } {
  const problems: SettingsProblem[] = [];
  const values = new Map<string, string>();
  text.split("\n").forEach((given, index) => {
    const line = given.trim();
    if (line === "" || line.startsWith("#")) return;
    const [, name = "", value = ""] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
    const problem = problemOf(line, name, value, values.has(name));
    if (problem === undefined) values.set(name, value);
    else problems.push({ line: index + 1, text: problem });
  });
  const hosts = hostsOf(values.get("host") ?? "/var/run/postgresql", values.get("port"), problems);
  const tls = modeOf(values.get("sslmode"), hosts, problems);
  for (const name of ["dbname", "user"])
    if (!values.has(name)) problems.push({ line: 0, text: `there is no ${name} = ...` });
  if (values.has("sslcert") !== values.has("sslkey"))
    problems.push({ line: 0, text: "sslcert and sslkey belong together" });
  if (problems.length > 0) return { problems };
  const [authorities, certificate, key] = ["sslrootcert", "sslcert", "sslkey"].map((name) => values.get(name));
  return {
    hosts,
    database: values.get("dbname")!,
    user: values.get("user")!,
    password: values.get("password") ?? "",
    tls,
    ...(authorities !== undefined && { authorities }),
    ...(certificate !== undefined && { certificate }),
    ...(key !== undefined && { key }),
    wantsPrimary: values.get("target_session_attrs") === "read-write",
    pool: Number(values.get("pool") ?? 4),
    connectTimeout: 1000 * Number(values.get("connect_timeout") ?? 5),
    queryTimeout: 1000 * Number(values.get("query_timeout") ?? 10),
    prepares: values.get("prepared") !== "no",
  };
}

function problemOf(line: string, name: string, value: string, isAgain: boolean): string | undefined {
  if (name === "") return `"${line}" is not name = value`;
  if (!Object.hasOwn(NAMES, name)) return `${name} is none of ${Object.keys(NAMES).join(", ")}`;
  if (isAgain) return `${name} stands there twice`;
  return NAMES[name].test(value) ? undefined : `${name} should be ${SHAPES[name] ?? "something"}, not "${value}"`;
}

function hostsOf(text: string, ports: string | undefined, problems: SettingsProblem[]): readonly PostgresHost[] {
  const hosts = text.split(",").map((host) => host.trim());
  const numbers = (ports ?? String(STANDARD_PORT)).split(",").map(Number);
  if (numbers.length > 1 && numbers.length !== hosts.length) {
    problems.push({ line: 0, text: `there are ${hosts.length} hosts and ${numbers.length} ports` });
  }
  if (numbers.some((port) => port < 1 || port > LARGEST_PORT))
    problems.push({ line: 0, text: "there is no such port" });
  if (hosts.includes("")) problems.push({ line: 0, text: "a host has no name" });
  return hosts.map((host, index) => ({ host, port: numbers[index] ?? numbers[0] }));
}

/** Whoever asks another machine wants to know whom he asks, unless he says otherwise. */
function modeOf(text: string | undefined, hosts: readonly PostgresHost[], problems: SettingsProblem[]): TlsMode {
  if (text === undefined) return hosts.every(({ host }) => isHere(host)) ? "disable" : "verify-full";
  const mode = MODES.find((each) => each === text);
  if (mode !== undefined) return mode;
  problems.push({ line: 0, text: `sslmode should be one of ${MODES.join(", ")}, not ${text}` });
  return "disable";
}

function isHere(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || isLoopback(host);
}
