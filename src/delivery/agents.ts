/**
 * Which agent delivers for which mailer: by its P=, as a table. What all agents have in common is here too: an accident
 * inside one is a temporary failure of its recipients, and a message larger than M= is refused without trying.
 */
import type { Mailer } from "../config/mailer.ts";
import { filesOf, type UserFiles } from "../routing/user-files.ts";
import type { Agent, Job, Report } from "./agent.ts";
import { withBareUsers } from "./bare-users.ts";
import { DiscardAgent } from "./discard-agent.ts";
import type { DeliveryEnvironment } from "./environment.ts";
import { ErrorAgent } from "./error-agent.ts";
import { FileAgent } from "./file-agent.ts";
import { LocalAgent } from "./local-agent.ts";
import { deferred, failed, reportForAll } from "./outcome.ts";
import { ProgramAgent, takesArguments } from "./program-agent.ts";
import { SmtpAgent } from "./smtp/smtp-agent.ts";
import { standInFor } from "../config/stand-in.ts";
import { StandInAgent } from "./stand-in-agent.ts";

export interface Agents {
  /** The agent for a mailer; always one, it may be one that fails. */
  agentFor(mailer: Mailer): Agent;
  /** True for a mailer whose agent opens connections: how many, to each destination, is limited. */
  connects(mailer: string): boolean;
  /** Reads .forward files and lists with their users' rights. */
  readonly files: UserFiles;
  /** Closes kept connections. Deliveries in progress end by their own signal. */
  close(): Promise<void>;
}

type AgentKind = "smtp" | "local" | "file" | "program" | "error" | "discard";

/** P= in upper case → agent; every other path is a program. */
const BY_PATH: ReadonlyMap<string, AgentKind> = new Map([
  ["[IPC]", "smtp"],
  ["[TCP]", "smtp"],
  ["[LPC]", "smtp"],
  ["[LOCAL]", "local"],
  ["[FILE]", "file"],
  ["[ERROR]", "error"],
  ["[DISCARD]", "discard"],
]);

const CONSTRUCTORS: Readonly<Record<AgentKind, (environment: DeliveryEnvironment) => Agent>> = {
  smtp: (environment) => new SmtpAgent(environment),
  local: (environment) => new LocalAgent(environment),
  file: (environment) => new FileAgent(environment),
  program: (environment) => new ProgramAgent(environment),
  error: ({ clock }) => new ErrorAgent(clock),
  discard: ({ clock }) => new DiscardAgent(clock),
};

function kindOf(mailer: Mailer): AgentKind {
  if (mailer.name === "error" || mailer.name === "discard") return mailer.name;
  return BY_PATH.get(mailer.path.toUpperCase()) ?? (takesArguments(mailer) ? "program" : "smtp");
}

export function createAgents(environment: DeliveryEnvironment): Agents {
  const agents = new Map<AgentKind, Agent>();
  const agentOf = (kind: AgentKind): Agent => {
    let agent = agents.get(kind);
    if (agent === undefined) agents.set(kind, (agent = new GuardedAgent(CONSTRUCTORS[kind](environment), environment)));
    return agent;
  };
  const standIns = standInsFor(environment, agentOf);
  return {
    files: filesOf(environment.workers, environment.clock),
    connects: (name) => {
      const mailer = environment.config.mailers.get(name) ?? environment.config.mailers.get(name.toLowerCase());
      return mailer !== undefined && !standIns.has(mailer.name) && kindOf(mailer) === "smtp";
    },
    agentFor: (mailer) => standIns.get(mailer.name) ?? agentOf(kindOf(mailer)),
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.close?.() ?? Promise.resolve()));
    },
  };
}

/** Mailer → the agent that delivers for it because its program is missing; says so in the log. */
function standInsFor({ config, log }: DeliveryEnvironment, agentOf: (kind: AgentKind) => Agent): Map<string, Agent> {
  const found = new Map<string, Agent>();
  for (const mailer of config.mailers.values()) {
    const standIn = standInFor(mailer);
    if (standIn === undefined) continue;
    log.write(2, { priority: "warning", text: standIn.reason });
    found.set(mailer.name, new StandInAgent(agentOf(kindOf(standIn.mailer)), standIn.mailer));
  }
  return found;
}

/** Keeps the promises of agent.ts for the agent inside: a status for every recipient, whatever happens. */
class GuardedAgent implements Agent {
  readonly #agent: Agent;
  readonly #environment: DeliveryEnvironment;

  constructor(agent: Agent, environment: DeliveryEnvironment) {
    this.#agent = agent;
    this.#environment = environment;
  }

  async deliver(job: Job): Promise<Report> {
    const { clock, log } = this.#environment;
    if (job.recipients.length === 0) return { statuses: new Map() };
    if (job.signal.aborted) return reportForAll(job, deferred("4.3.2", "delivery interrupted"), clock.now());
    const { maxSize } = job.mailer;
    if (maxSize > 0 && job.message.size > maxSize) {
      return reportForAll(job, failed("5.2.3", `Message is too large; ${maxSize} bytes max`), clock.now());
    }
    try {
      return complete(job, await this.#agent.deliver(withBareUsers(job)), clock.now());
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.write(3, { priority: "err", id: job.envelope.id, text: `mailer ${job.mailer.name} failed: ${reason}` });
      return reportForAll(job, deferred("4.3.0", reason), clock.now());
    }
  }

  close(): Promise<void> {
    return this.#agent.close?.() ?? Promise.resolve();
  }
}

/** A recipient without a status would stay in the queue unseen. */
function complete(job: Job, report: Report, at: number): Report {
  if (job.recipients.every(({ index }) => report.statuses.has(index))) return report;
  const forgotten = { ...deferred("4.3.0", "no result"), at };
  const statuses = job.recipients.map(({ index }) => [index, report.statuses.get(index) ?? forgotten] as const);
  return { ...report, statuses: new Map(statuses) };
}
