/**
 * What a login may do (FEATURE(login_limits)): messages and recipients in an hour and a day, addresses that it comes from in a
 * day. A password that was stolen is used from many places, for much mail: above its limits a login is asked to come again, or
 * its mail is accepted and put aside, as the table says.
 *
 * A message counts when its data begin. Counts outlive the server where somebody keeps the text of `take` (daemon/login-counts-file.ts).
 */
import { type Reply, reply } from "../mail/reply.ts";
import type { Verdict } from "../routing/verdict.ts";
import type { Clock } from "../sys/clock.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { DAY, HOUR, LoginActivity, readActivities, type Window, writeActivities } from "./login-activity.ts";
import type { Judge, Judgement, Stage, Subjects } from "./judges.ts";
import type { Transaction } from "./transaction.ts";

/** So many logins are remembered before those that did nothing for a day are forgotten. */
const REMEMBERED = 10_000;

type Counted = "messages" | "recipients" | "addresses";

export interface LoginRules {
  readonly limits: ReadonlyMap<`${Counted}/${Window}`, number>;
  /** Mail above a limit is accepted and put aside. */
  readonly hold: boolean;
}

/** `messages/h=100 recipients/d=1000 addresses/d=5 hold`, with blanks anywhere between the parts. */
export function readLoginRules(text: string): LoginRules {
  const limits = new Map<`${Counted}/${Window}`, number>();
  for (const [, counted, window, number] of text.matchAll(
    /\b(messages|recipients|addresses)\s*\/\s*([hd])\s*=\s*([0-9]+)/gi,
  )) {
    limits.set(`${counted.toLowerCase()}/${window.toLowerCase()}` as `${Counted}/${Window}`, Number(number));
  }
  return { limits, hold: /\bhold\b/i.test(text) };
}

export class LoginLimits implements Judge {
  readonly name = "login_limits";
  readonly #clock: Pick<Clock, "now">;
  readonly #byLogin = new Map<string, LoginActivity>();

  #changed: (() => void) | undefined;
  #isTold = false;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Hears of the first change after each `take`. */
  watch(changed: () => void): void {
    this.#changed = changed;
  }

  /** What is counted, as a text. */
  take(): string {
    this.#isTold = false;
    this.#forget(this.#clock.now());
    return writeActivities(this.#byLogin);
  }

  /**
   * Goes on with what a server before this one has counted; with nothing when the text is damaged.
   * @returns what is wrong with the text
   */
  restore(text: string): string | undefined {
    const read = readActivities(text);
    if (typeof read === "string") return read;
    for (const [login, activity] of read) this.#byLogin.set(login, activity);
    return undefined;
  }

  #tell(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#changed?.();
  }

  judge<S extends Stage>(stage: S, transaction: Transaction, subject: Subjects[S]): MaybePromise<Judgement> {
    const { scope, site } = transaction;
    const login = scope.get("auth_type") ? (scope.get("auth_authen") ?? "") : "";
    if (login === "") return { kind: "ok" };
    return whenReady(site.rules.select("login_limits", [login], scope), (text) => {
      if (text === undefined || text === "") return { kind: "ok" };
      const rules = readLoginRules(text);
      const excess = this.#excess(stage, transaction, login, rules, subject);
      return excess === undefined
        ? { kind: "ok" }
        : { ...verdict(stage, excess, rules), by: this.name, about: [login], why: excess };
    });
  }

  /** Which limit is passed, if one is; counts what has happened. */
  #excess<S extends Stage>(
    stage: S,
    { scope, recipients }: Transaction,
    login: string,
    { limits }: LoginRules,
    subject: Subjects[S],
  ): string | undefined {
    const now = this.#clock.now();
    const activity = this.#activity(login, now);
    if (stage === "auth") {
      for (const [window, length] of [
        ["h", HOUR],
        ["d", DAY],
      ] as const) {
        const most = limits.get(`addresses/${window}`);
        if (most === undefined) continue;
        this.#tell();
        if (activity.addresses(scope.get("client_addr") ?? "", length, most, now) > most)
          return `addresses/${window}=${most}`;
      }
      return undefined;
    }
    if (stage === "data") {
      const { recipients: count } = subject as Subjects["data"];
      activity.message(now, count);
      this.#tell();
      return undefined;
    }
    const what = stage === "mail" ? "messages" : "recipients";
    const coming = stage === "mail" ? 1 : recipients.length + 1;
    for (const window of ["h", "d"] as const) {
      const most = limits.get(`${what}/${window}`);
      if (most !== undefined && activity.of(what, window, now) + coming > most) return `${what}/${window}=${most}`;
    }
    return undefined;
  }

  #activity(login: string, now: number): LoginActivity {
    let activity = this.#byLogin.get(login);
    if (activity === undefined) {
      if (this.#byLogin.size >= REMEMBERED) this.#forget(now);
      this.#byLogin.set(login, (activity = new LoginActivity()));
    }
    activity.lastAt = now;
    return activity;
  }

  #forget(now: number): void {
    for (const [login, { lastAt }] of this.#byLogin) if (now - lastAt > DAY) this.#byLogin.delete(login);
  }
}

function verdict(stage: Stage, excess: string, { hold }: LoginRules): Verdict {
  if (hold) return { kind: "quarantine", reason: `login limit ${excess}` };
  return { kind: "defer", reply: stage === "auth" ? TOO_MANY_PLACES : TOO_MUCH };
}

const TOO_MUCH: Reply = reply(450, "4.7.1", "Too much mail from this login, try again later");
const TOO_MANY_PLACES: Reply = reply(454, "4.7.0", "This login comes from too many addresses, try again later");
