/** The site that a session is tried out with: a configuration as the server would open it, and services without consequences. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createSecureContext } from "node:tls";
import type { Config, PortOptions } from "../../config/config.ts";
import { identifyClient } from "../../daemon/client-identity.ts";
import { openDeliverySite, SERVING } from "../../daemon/delivery-site.ts";
import type { DeliverySite } from "../../dispatch/attempt.ts";
import type { Log } from "../../log/log.ts";
import { compileMc } from "../../mc/compile.ts";
import { readText, shippedLibrary } from "../../mc/library.ts";
import { openFilter } from "../../milter/open-filter.ts";
import { MemoryStore } from "../../queue/memory-store.ts";
import { Witness } from "../../reception/evidence.ts";
import { LoginLimits } from "../../reception/login-limits.ts";
import { createIntake } from "../../reception/receive.ts";
import { filterPlan } from "../../reception/filter-plan.ts";
import { SessionFilters } from "../../reception/session-filters.ts";
import { standardJudges } from "../../reception/standard-judges.ts";
import { listServices } from "../../routing/list-members.ts";
import { ServerTls, type ServerTlsSource } from "../../smtpd/server-tls.ts";
import type { SmtpServices } from "../../smtpd/services.ts";
import type { Site } from "../../site/site.ts";
import { reportAll } from "../../source/report.ts";
import { formatSourceMap, sourceMapPath } from "../../source/source-map.ts";
import { type Clock, systemClock } from "../../sys/clock.ts";
import { type MaybePromise, whenReady } from "../../sys/maybe-promise.ts";
import { EX } from "../../sys/sysexits.ts";
import type { ServerContext } from "../../tls/server-context.ts";
import { CommandError } from "../database-target.ts";
import { kindOfFile } from "../configuration-kind.ts";
import { isMacroFile } from "../read-configuration.ts";
import { surroundings, withRootHelper } from "../system.ts";
import { type Client, SettingError, SupposedNames } from "./client.ts";

/**
 * Nobody waits: greet_pause and the pauses after errors are over at once. While a session waits nothing else may be left to do:
 * these timers keep the process alive, unlike those of the server.
 */
const HURRIED: Clock = {
  now: () => systemClock.now(),
  after: (_ms, action) => {
    const timer = setTimeout(action, 0);
    return () => clearTimeout(timer);
  },
};

/** Level at which filters tell what each of them has answered (reception/filter-log.ts). */
const EVERY_ANSWER = 13;

export interface SiteWishes {
  /** A .cf or an .mc. */
  readonly file: string;
  /** The configuration is for another machine: tables that are not here are empty. */
  readonly elsewhere: boolean;
  /** What names lead to (SupposedNames). */
  readonly names: readonly string[];
  /** Mail filters are asked. */
  readonly asksFilters: boolean;
  /** Hears what is to be said about the configuration. */
  readonly tell: (text: string) => void;
}

export interface TrialSite {
  readonly site: DeliverySite;
  readonly witness: Witness;
  /** Addresses of this machine. */
  readonly interfaces: readonly string[] | undefined;
  /** For one session. Nothing that it does outlives it. */
  services(client: Client, log: string[]): SmtpServices;
  /** The port of this name or number; without one the first. @throws SettingError, or CommandError when there is none */
  port(wanted: string | undefined): PortOptions;
  close(): Promise<void>;
}

/** @throws CommandError with what is wrong with the configuration; SettingError */
export async function openTrialSite(wishes: SiteWishes): Promise<TrialSite> {
  const { file, names, elsewhere, asksFilters, tell } = wishes;
  if (kindOfFile(file) === "neither" && existsSync(file)) {
    throw new CommandError(
      `rulemail session: ${file} is neither a configuration (.cf) nor a macro file (.mc)`,
      EX.CONFIG,
    );
  }
  const compiled = isMacroFile(file) ? compiledFile(file, tell) : undefined;
  let isOpen = false;
  try {
    const witness = new Witness();
    const system = surroundings();
    const around = { ...system, resolver: new SupposedNames(system.resolver, names) };
    const source = { file: compiled?.file ?? file, settings: [], opMode: SERVING, missingTablesAreEmpty: elsewhere };
    const opened = await openDeliverySite(
      { ...source, trace: witness.trace, witness: (rules) => witness.rules(rules) },
      around,
    );
    for (const text of opened.messages) tell(text);
    if (opened.kind === "failed") {
      throw new CommandError(
        `rulemail session: ${file} cannot be used`,
        opened.exit === EX.OK ? EX.CONFIG : opened.exit,
      );
    }
    const { site } = opened;
    withRootHelper(site, around);
    witness.attend(site.config);
    isOpen = true;
    return {
      site,
      witness,
      interfaces: around.machine.interfaces,
      services: (client, log) => services({ site, witness }, client, log, { asksFilters, elsewhere }),
      port: (wanted) => portOf(site, wanted),
      close: async () => {
        await site.close();
        compiled?.remove();
      },
    };
  } finally {
    if (!isOpen) compiled?.remove();
  }
}

function compiledFile(file: string, tell: (text: string) => void): { readonly file: string; remove(): void } {
  const library = shippedLibrary();
  const result = compileMc({ file }, { library });
  if (result.diagnostics.length > 0) tell(reportAll(result.diagnostics, readText));
  if (!result.complete || result.diagnostics.some(({ severity }) => severity === "error")) {
    throw new CommandError(`rulemail session: ${file} cannot be compiled`, EX.CONFIG);
  }
  const folder = mkdtempSync(join(tmpdir(), "rulemail-session-"));
  const cf = join(folder, `${basename(file).replace(/\.[^.]*$/, "")}.cf`);
  writeFileSync(cf, result.text, "latin1");
  writeFileSync(sourceMapPath(cf), formatSourceMap(result.text, result, library.root));
  return { file: cf, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function portOf({ config }: DeliverySite, wanted: string | undefined): PortOptions {
  const ports = config.daemonPorts;
  const found =
    wanted === undefined
      ? (ports.find(({ family }) => family !== "local") ?? ports[0])
      : ports.find(({ name, port }) => name.toLowerCase() === wanted.toLowerCase() || String(port) === wanted);
  if (found !== undefined) return found;
  if (ports.length === 0) {
    throw new CommandError("rulemail session: this configuration has no port (DaemonPortOptions)", EX.CONFIG);
  }
  const there = ports.map(({ name, port }) => `${name} (${port})`).join(", ");
  throw new SettingError("port", `there is no ${wanted}; there are ${there}`);
}

/** Only what can be asked again: nothing is counted, kept, sent or delivered for longer than the session. */
function services(
  { site, witness }: { site: DeliverySite; witness: Witness },
  client: Client,
  lines: string[],
  { asksFilters, elsewhere }: { asksFilters: boolean; elsewhere: boolean },
): SmtpServices {
  const level = site.config.options.number("LogLevel");
  const log: Log = {
    enabled: (wanted) => wanted <= level,
    write: (wanted, { text }) => void (wanted <= level && lines.push(text)),
  };
  const judges = witness.judges(standardJudges(new LoginLimits(systemClock), { clock: systemClock, log }));
  const intake = createIntake({
    judges,
    queue: new MemoryStore(systemClock),
    clock: systemClock,
    log,
    firstTry: () => undefined,
    accepted: () => undefined,
  });
  return {
    site: () => site,
    intake,
    log,
    clock: HURRIED,
    tls: new SupposedTls({ clock: systemClock, log }, elsewhere),
    // XCLIENT makes another client of it.
    identify: (of, address) => (address === client.address && client.identity) || identifyClient(of.hosts, address),
    judges,
    ...(asksFilters && { filters: (of, port) => talkativeFilters(of, port, lines) }),
    ...listServices(systemClock, () => site.agents.files),
    storageProblem: () => undefined,
    load: () => 0,
    // As if something waited.
    startQueueRun: () => 1,
  };
}

/** Each answer of each filter is told, whatever Milter.LogLevel says. */
function talkativeFilters(site: Site, port: PortOptions, lines: string[]): SessionFilters | undefined {
  const plan = filterPlan(site, port);
  const log: Log = { enabled: () => true, write: (_level, { text }) => void lines.push(text) };
  return plan && new SessionFilters({ ...plan, logLevel: EVERY_ANSWER }, openFilter, log);
}

/** Keys that only the server may read are taken to be in order: no handshake is made with them. */
class SupposedTls extends ServerTls {
  readonly #elsewhere: boolean;

  constructor(source: ServerTlsSource, elsewhere: boolean) {
    super(source);
    this.#elsewhere = elsewhere;
  }

  override context(config: Config, features?: string): MaybePromise<ServerContext> {
    return whenReady(super.context(config, features), (found) => {
      if (found.kind === "context" || !(this.#elsewhere || /EACCES|permission denied/i.test(found.reason)))
        return found;
      return { kind: "context", context: createSecureContext(), forName: undefined, warnings: [] };
    });
  }
}
