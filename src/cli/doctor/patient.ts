/** What `rulemail doctor` looks at: the machine, its configuration and its server. Tests bring parts of their own. */
import { statfsSync } from "node:fs";
import type { Subject } from "../../analysis/subject.ts";
import type { Config, PortOptions } from "../../config/config.ts";
import { NoDaemonError } from "../../control/client.ts";
import { type Home, homeFolder } from "../../daemon/home.ts";
import { Dns2Resolver } from "../../dns/dns2-resolver.ts";
import type { Resolver } from "../../dns/resolver.ts";
import type { Diagnostic } from "../../source/diagnostic.ts";
import { type Clock, systemClock } from "../../sys/clock.ts";
import { SystemUsers } from "../../sys/getent.ts";
import { type Machine, readMachine } from "../../sys/machine.ts";
import type { MailboxDatabase } from "../../sys/users.ts";
import { callServer } from "../call-server.ts";
import { analysisEnvironment, readConfiguration } from "../read-configuration.ts";
import { isLoopbackName } from "./own-addresses.ts";
import { SkipError } from "./skip-error.ts";

export type ServerState =
  | { readonly kind: "running"; readonly pid: number }
  | { readonly kind: "absent" }
  /** One may run, but we may not ask it. */
  | { readonly kind: "unknown"; readonly reason: string };

/** Room of a file system. */
export interface Space {
  /** Blocks that the server may use, of all; and how large one is, in octets. */
  readonly free: number;
  readonly all: number;
  readonly blockSize: number;
  /** Files that can still be made, of all; 0 of 0 where the file system does not count them. */
  readonly freeFiles: number;
  readonly allFiles: number;
}

/** From when on something is told. */
export interface Limits {
  /** Messages in the queue. */
  readonly queueLength: number;
  /** Age of the oldest message that is not held, ms. */
  readonly queueAge: number;
  /** Time that a certificate has left, ms. */
  readonly certificateLeft: number;
}

const HOUR = 3_600_000;
export const LIMITS: Limits = { queueLength: 1000, queueAge: 24 * HOUR, certificateLeft: 14 * 24 * HOUR };

/** What the machine is, apart from the configuration. */
export interface Surroundings {
  readonly machine: Machine;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly accounts: MailboxDatabase;
  readonly home: Home;
  /** /proc, and what stands in front of /etc and /usr: empty but in tests. */
  readonly proc: string;
  readonly root: string;
  readonly limits: Limits;
  /** Whom the server would have to be started by: 0 for root. */
  readonly uid: number;
  server(): Promise<ServerState>;
  space(folder: string): Space;
  /** The text behind an https address; undefined: there is none. @throws when nobody answers */
  fetch(url: string): Promise<string | undefined>;
}

export interface Patient extends Surroundings {
  /** The configuration, as it was named. */
  readonly file: string;
  /** Absent where it cannot be read. */
  readonly subject: Subject | undefined;
  readonly problems: readonly Diagnostic[];
  /** Domains whose mail is looked after, in lower case. */
  readonly domains: readonly string[];
  /** They were named by whoever asks: their DNS records count, whatever the configuration says. */
  readonly named: boolean;
  /** Nothing runs yet, and nothing has to. */
  readonly before: boolean;
  /** What to try for keys of DKIM, beside what the configuration signs with. */
  readonly selectors: readonly string[];
}

/** For checks that need it: without one they are not run. */
export function configOf(patient: Patient): Config {
  if (patient.subject === undefined) throw new SkipError("there is no configuration");
  return patient.subject.config;
}

export function systemSurroundings(): Surroundings {
  const machine = readMachine();
  const home = homeFolder();
  return {
    machine,
    resolver: new Dns2Resolver({ machine, clock: systemClock }),
    clock: systemClock,
    accounts: new SystemUsers(systemClock),
    home,
    proc: "/proc",
    root: "",
    limits: LIMITS,
    uid: process.getuid?.() ?? 0,
    server: () => serverState(home.controlSocket),
    space: spaceOf,
    fetch: fetchText,
  };
}

async function serverState(controlSocket: string): Promise<ServerState> {
  try {
    const client = await callServer(controlSocket);
    try {
      return { kind: "running", pid: (await client.status()).pid };
    } finally {
      client.close();
    }
  } catch (error) {
    const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
    const denied = cause?.code === "EACCES" || /EACCES/.test(String(error));
    if (error instanceof NoDaemonError && !denied) return { kind: "absent" };
    return { kind: "unknown", reason: error instanceof Error ? error.message : String(error) };
  }
}

function spaceOf(folder: string): Space {
  const { bavail, blocks, bsize, ffree, files } = statfsSync(folder);
  return { free: bavail, all: blocks, blockSize: bsize, freeFiles: ffree, allFiles: files };
}

const FETCH_MS = 10_000;
const MOST_OCTETS = 65_536;

/** RFC 8461 §3.3: redirects are not followed, and anything but 200 is no policy. */
async function fetchText(url: string): Promise<string | undefined> {
  const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(FETCH_MS) });
  if (answer.status !== 200) return undefined;
  return (await answer.text()).slice(0, MOST_OCTETS);
}

export interface Wishes {
  readonly file: string;
  /** Empty: those of the configuration. */
  readonly domains: readonly string[];
  readonly before: boolean;
  readonly selectors: readonly string[];
}

/** Reads the configuration, and says which domains are meant. Close it with `closePatient`. */
export async function openPatient(wishes: Wishes, around: Surroundings): Promise<Patient> {
  const { file } = wishes;
  const environment = { ...analysisEnvironment({ anyName: true }), machine: around.machine };
  const { subject, problems } = await readConfiguration(file, environment, { here: true });
  const named = wishes.domains.length > 0;
  const domains = named ? wishes.domains : subject === undefined ? [] : ownDomains(subject.config);
  const { before, selectors } = wishes;
  return {
    ...around,
    file,
    subject,
    problems,
    named,
    before,
    selectors,
    domains: domains.map((each) => each.toLowerCase().replace(/\.$/, "")),
  };
}

export function closePatient({ subject }: Patient): void {
  subject?.config.close();
}

/** $j: the name that this host gives itself. */
export function hostNameOf(config: Config): string {
  return config.expand(config.macros.get("j") ?? "", config.macros).toLowerCase();
}

/** Domains in class w; the host itself only where there is nothing else. */
function ownDomains(config: Config): string[] {
  const host = hostNameOf(config);
  const [first] = host.split(".");
  const words = [...config.classWords("w").words()].map((word) => word.toLowerCase());
  const domains = words.filter((word) => word.includes(".") && !isLoopbackName(word) && !word.startsWith("["));
  const others = domains.filter((word) => word !== host && word !== `${first}.local`);
  return others.length > 0 ? others : domains;
}

/** Ports that hosts elsewhere can reach. */
export function openPorts({ daemonPorts }: Pick<Config, "daemonPorts">): readonly PortOptions[] {
  return daemonPorts.filter(
    ({ family, address }) => family !== "local" && !/^(?:127\.|::1$|localhost$)/i.test(address),
  );
}

/** Mail leaves this host for the servers of its recipients, not by way of another. */
export function sendsItself(config: Config): boolean {
  return (config.macros.get("S") ?? "") === "";
}
