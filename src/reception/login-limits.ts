/**
 * What a login may do (FEATURE(login_limits)): messages and recipients in an hour and a day, addresses that it comes from in a
 * day. A password that was stolen is used from many places, for much mail: above its limits a login is asked to come again, or
 * its mail is accepted and put aside, as the table says.
 *
 * Counts are kept while the server runs; a message counts when its data begin.
 */
import { type Reply, reply } from "../mail/reply.ts";
import type { Verdict } from "../routing/verdict.ts";
import type { Clock } from "../sys/clock.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { Judge, Judgement, Stage, Subjects } from "./judges.ts";
import type { Transaction } from "./transaction.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A window moves on in so many steps. */
const STEPS = 12;
/** So many logins are remembered before those that did nothing for a day are forgotten. */
const REMEMBERED = 10_000;

type Counted = "messages" | "recipients" | "addresses";
type Window = "h" | "d";

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

/** A count over a window that moves on. */
class Count {
  readonly #steps = new Float64Array(STEPS);
  readonly #length: number;
  #step = 0;

  constructor(window: number) {
    this.#length = window / STEPS;
  }

  add(now: number, count: number): void {
    this.#turn(now);
    this.#steps[this.#step % STEPS] += count;
  }

  at(now: number): number {
    this.#turn(now);
    return this.#steps.reduce((sum, each) => sum + each, 0);
  }

  #turn(now: number): void {
    const step = Math.floor(now / this.#length);
    const gone = Math.abs(step - this.#step);
    if (gone >= STEPS) this.#steps.fill(0);
    else for (let i = 1; i <= gone; i++) this.#steps[(this.#step + i) % STEPS] = 0;
    this.#step = step;
  }
}

/** What one login did of late. */
class Activity {
  readonly #counts = {
    "messages/h": new Count(HOUR),
    "messages/d": new Count(DAY),
    "recipients/h": new Count(HOUR),
    "recipients/d": new Count(DAY),
  };
  /** Address → when it was seen last. */
  readonly #addresses = new Map<string, number>();
  lastAt = 0;

  message(now: number, recipients: number): void {
    for (const window of ["h", "d"] as const) {
      this.#counts[`messages/${window}`].add(now, 1);
      this.#counts[`recipients/${window}`].add(now, recipients);
    }
  }

  /** Messages or recipients of the window that ends now. */
  of(what: "messages" | "recipients", window: Window, now: number): number {
    return this.#counts[`${what}/${window}`].at(now);
  }

  /** How many addresses there were in the window, this one included; it counts only when `most` allows it. */
  addresses(address: string, window: number, most: number, now: number): number {
    for (const [each, seen] of this.#addresses) if (now - seen > DAY) this.#addresses.delete(each);
    const others = [...this.#addresses].filter(([each, seen]) => each !== address && now - seen <= window).length;
    if (others < most) this.#addresses.set(address, now);
    return others + 1;
  }
}

export class LoginLimits implements Judge {
  readonly name = "login_limits";
  readonly #clock: Pick<Clock, "now">;
  readonly #byLogin = new Map<string, Activity>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
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
        : { ...verdict(stage, excess, rules), by: this.name, about: [login] };
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
        if (activity.addresses(scope.get("client_addr") ?? "", length, most, now) > most)
          return `addresses/${window}=${most}`;
      }
      return undefined;
    }
    if (stage === "data") {
      const { recipients: count } = subject as Subjects["data"];
      activity.message(now, count);
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

  #activity(login: string, now: number): Activity {
    let activity = this.#byLogin.get(login);
    if (activity === undefined) {
      if (this.#byLogin.size >= REMEMBERED) this.#forget(now);
      this.#byLogin.set(login, (activity = new Activity()));
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
