/**
 * The filters of one session, asked one after the other about each thing that is said. A filter that is away, slow or speaks
 * nonsense is left alone for the rest of the session; what becomes of mail then is what F= of its X line says.
 */
import {
  type Answer,
  type ClientPlace,
  type FilterConnection,
  FilterError,
  type FilterReply,
  type MacroReader,
  type OpenFilter,
  type Step,
} from "../milter/filter.ts";
import type { PortOptions } from "../config/config.ts";
import type { Log } from "../log/log.ts";
import type { Site } from "../site/site.ts";
import type { Reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import { FilterLog, quoted } from "./filter-log.ts";
import { type FilterPlan, filterPlan, type PlannedFilter } from "./filter-plan.ts";

/** What all filters together said. */
export type Said =
  | { readonly kind: "continue" | "reject" | "tempfail" | "discard" }
  /** F=4: the session ends. */
  | { readonly kind: "shutdown" }
  | FilterReply;

export const CONTINUE: Said = { kind: "continue" };
const TEMPFAIL: Said = { kind: "tempfail" };

const ON_FAILURE: Readonly<Record<PlannedFilter["onFailure"], Said>> = {
  accept: CONTINUE,
  reject: { kind: "reject" },
  tempfail: TEMPFAIL,
  shutdown: { kind: "shutdown" },
};

/** One filter of a session. */
export interface Member {
  readonly filter: PlannedFilter;
  /** Undefined while it was not opened, and when it has failed. */
  connection: FilterConnection | undefined;
  failed: boolean;
}

/** How one filter is asked. */
export type Question = (connection: FilterConnection, member: Member) => MaybePromise<Answer>;

export class SessionFilters {
  readonly log: FilterLog;
  readonly #plan: FilterPlan;
  readonly #open: OpenFilter;
  readonly #members: readonly Member[];
  /** What was said about the last message that they refused. */
  refusal: Reply | undefined;
  #isClosed = false;
  /** The message that is being told. */
  #message: { readonly id: string | undefined } | undefined;
  #working = 0;

  constructor(plan: FilterPlan, open: OpenFilter, log: Log) {
    this.#plan = plan;
    this.#open = open;
    this.log = new FilterLog(log, plan.logLevel);
    this.#members = plan.filters.map((filter) => ({ filter, connection: undefined, failed: false }));
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** Opens all of them, at the same time; then tells them who connects. */
  async connect(ask: Question): Promise<{ readonly said: Said; readonly opened: boolean }> {
    await Promise.all(this.#members.map((member) => this.#openOne(member)));
    const failed = this.#members.find((member) => member.failed && ON_FAILURE[member.filter.onFailure] !== CONTINUE);
    if (failed !== undefined) {
      this.log.write("refusal", undefined, `Milter: initialization failed, ${CONSEQUENCES[failed.filter.onFailure]}`);
      return { said: ON_FAILURE[failed.filter.onFailure], opened: false };
    }
    this.log.write("session", undefined, "Milter: connect to filters");
    return { said: await this.ask("connect", undefined, ask), opened: true };
  }

  async #openOne(member: Member): Promise<void> {
    const { settings } = member.filter;
    try {
      const note = (text: string): void =>
        this.log.write("change", this.#message?.id, `Milter (${settings.name}): ${quoted(text)}`);
      const connection = await this.#open(settings, { macros: this.#plan.macros, note });
      if (this.#isClosed) connection.close(false);
      else member.connection = connection;
      this.log.write("session", undefined, `Milter (${settings.name}): init success to negotiate`);
    } catch (error) {
      this.fail(member, undefined, error);
    }
  }

  /**
   * Asks each in turn until one does not say "continue".
   * @param id queue id, for the log
   */
  ask(step: Step, id: string | undefined, question: Question): MaybePromise<Said> {
    return this.#askFrom(0, step, id, question);
  }

  #askFrom(first: number, step: Step, id: string | undefined, question: Question): MaybePromise<Said> {
    for (let i = first; i < this.#members.length; i++) {
      const said = this.askOne(this.#members[i], step, id, question);
      if (isPromise(said)) {
        return said.then((late) => (late.kind === "continue" ? this.#askFrom(i + 1, step, id, question) : late));
      }
      if (said.kind !== "continue") return said;
    }
    return CONTINUE;
  }

  /** Asks one; what it said, or what its failing means. */
  askOne(member: Member, step: Step, id: string | undefined, question: Question): MaybePromise<Said> {
    const { connection } = member;
    if (connection === undefined) return ON_FAILURE[member.filter.onFailure];
    let answer: MaybePromise<Answer>;
    try {
      answer = question(connection, member);
    } catch (error) {
      return this.fail(member, id, error);
    }
    if (!isPromise(answer)) return this.heard(member, step, id, answer);
    return answer.then(
      (late) => this.heard(member, step, id, late),
      (error: unknown) => this.fail(member, id, error),
    );
  }

  /** Takes note of an answer. */
  heard(member: Member, step: Step, id: string | undefined, answer: Answer): Said {
    const { name } = member.filter.settings;
    const { kind } = answer;
    const isYes = kind === "continue" || kind === "accept" || kind === "skip";
    if (this.log.enabled(isYes ? "answers" : "answer")) {
      const what = kind === "reply" ? `reject=${replyWords(answer)}` : kind;
      const text = step === "end" ? `milter=${name}, ${what}` : `milter=${name}, action=${step}, ${what}`;
      this.log.write(isYes ? "answers" : "answer", id, text);
    }
    if (isYes) return CONTINUE;
    if (kind === "shutdown" || kind === "connection-failure") {
      // Sendmail knows neither: whoever says so is in an error state.
      member.connection?.close(false);
      return this.fail(member, id, new FilterError(name, "protocol", `it said ${kind} to ${step}`));
    }
    return kind === "reply" ? answer : { kind };
  }

  /** A filter has failed: from now on F= speaks for it. */
  fail(member: Member, id: string | undefined, error: unknown): Said {
    if (!(error instanceof FilterError)) throw error;
    member.connection = undefined;
    member.failed = true;
    // The client has gone, and its filters with it: nobody has failed.
    if (this.#isClosed) return TEMPFAIL;
    const { name } = member.filter.settings;
    const what = error.kind === "connect" ? "error connecting to filter: " : "";
    this.log.write("failure", id, `Milter (${name}): ${what}${quoted(error.message)}`, "err");
    this.log.write("failure", id, `Milter (${name}): to error state`);
    return ON_FAILURE[member.filter.onFailure];
  }

  /** Work on a message that goes on when its client has gone meanwhile. */
  async whileOpen<T>(work: () => Promise<T>): Promise<T> {
    this.#working++;
    try {
      return await work();
    } finally {
      this.#working--;
      if (this.#isClosed) this.#closeAll();
    }
  }

  /** A sender is announced. @param id queue id, for the log */
  begin(id: string | undefined): void {
    this.#message = { id };
  }

  /** The message, if there is one, will not be told to its end. */
  abort(): void {
    const message = this.#message;
    if (message === undefined || this.#working > 0) return;
    this.#message = undefined;
    for (const { connection, filter } of this.#members) {
      if (connection === undefined) continue;
      this.log.write("answer", message.id, `Milter (${filter.settings.name}): abort filter`);
      connection.abort();
    }
  }

  /** The message was told to its end, by all that wanted to hear it. */
  end(): void {
    this.#message = undefined;
  }

  /** The session is over. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#working === 0) this.#closeAll();
  }

  #closeAll(): void {
    for (const member of this.#members) {
      if (member.connection === undefined) continue;
      this.log.write("quit", undefined, `Milter (${member.filter.settings.name}): quit filter`);
      member.connection.close(false);
      member.connection = undefined;
    }
  }
}

const CONSEQUENCES: Readonly<Record<PlannedFilter["onFailure"], string>> = {
  accept: "continuing",
  reject: "rejecting commands",
  tempfail: "temp failing commands",
  shutdown: "closing connection",
};

/** The filters for a session, not opened yet; undefined where none are asked. */
export function filtersFor(
  site: Site,
  port: Pick<PortOptions, "extra"> | undefined,
  open: OpenFilter,
  log: Log,
): SessionFilters | undefined {
  const plan = filterPlan(site, port);
  return plan && new SessionFilters(plan, open, log);
}

/** A reply of a filter as the log has it. */
export function replyWords({ code, enhanced, lines }: FilterReply): string {
  return quoted(`${code} ${enhanced === undefined ? "" : `${enhanced} `}${lines.join(" ")}`);
}

/** The value of a macro for a filter; undefined when it has none. */
export function macroReader(scope: MacroScope): MacroReader {
  return (written) => {
    const name = written.startsWith("{") ? written.slice(1, -1) : written;
    return scope.get(name) === undefined ? undefined : macroValue(name, scope);
  };
}

/** Where a client is, as filters are told. @param address {client_addr}; `port` {client_port} */
export function placeOf(address: string, port: string): ClientPlace {
  if (address.startsWith("[UNIX")) return { family: "unix", path: "localhost" };
  if (address === "0" || address === "") return { family: "unknown" };
  const literal = address.replace(/^IPv6:/i, "");
  return { family: literal.includes(":") ? "inet6" : "inet", address: literal, port: Number(port) };
}
