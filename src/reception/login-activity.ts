/**
 * What one login did of late: messages and recipients of the last hour and day, addresses of the last day; and a text in which
 * it outlives the server:
 *
 *     rulemail logins 1
 *     {"login":"joe","at":1796068800000,"counts":{"messages/h":[5986896,0,3,...],...},"addresses":[["192.0.2.1",1796068800000]]}
 *     end 1
 *
 * A count is the number of its last step since the epoch, then what each of its steps has; the step s is in place s modulo 12.
 */
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** A window moves on in so many steps. */
const STEPS = 12;
/** A text of another form has another number. */
const VERSION = 1;
const FIRST_LINE = `rulemail logins ${VERSION}`;

export type Window = "h" | "d";

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

  get state(): readonly number[] {
    return [this.#step, ...this.#steps];
  }

  /** @returns false for what is no state */
  restore(state: unknown): boolean {
    if (!Array.isArray(state) || state.length !== STEPS + 1 || !state.every(isNatural)) return false;
    this.#step = state[0];
    this.#steps.set(state.slice(1));
    return true;
  }

  #turn(now: number): void {
    const step = Math.floor(now / this.#length);
    const gone = Math.abs(step - this.#step);
    if (gone >= STEPS) this.#steps.fill(0);
    else for (let i = 1; i <= gone; i++) this.#steps[(this.#step + i) % STEPS] = 0;
    this.#step = step;
  }
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

export class LoginActivity {
  readonly #counts = {
    "messages/h": new Count(HOUR),
    "messages/d": new Count(DAY),
    "recipients/h": new Count(HOUR),
    "recipients/d": new Count(DAY),
  };
  /** Address → when it was seen last. */
  readonly #addresses = new Map<string, number>();
  /** Ms since the epoch. */
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

  line(login: string): string {
    const counts = Object.fromEntries(Object.entries(this.#counts).map(([name, count]) => [name, count.state]));
    return JSON.stringify({ login, at: this.lastAt, counts, addresses: [...this.#addresses] });
  }

  /** @returns undefined for what is no line of it */
  static read(line: string): readonly [login: string, activity: LoginActivity] | undefined {
    const { login, at, counts, addresses } = objectOf(line);
    if (typeof login !== "string" || !isNatural(at) || !Array.isArray(addresses)) return undefined;
    const activity = new LoginActivity();
    activity.lastAt = at;
    for (const [name, count] of Object.entries(activity.#counts)) {
      if (!count.restore((counts as Readonly<Record<string, unknown>> | null | undefined)?.[name])) return undefined;
    }
    for (const each of addresses as readonly unknown[]) {
      if (!Array.isArray(each) || typeof each[0] !== "string" || !isNatural(each[1])) return undefined;
      activity.#addresses.set(each[0], each[1]);
    }
    return [login, activity];
  }
}

function objectOf(line: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(line)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

export function writeActivities(activities: ReadonlyMap<string, LoginActivity>): string {
  const lines = [...activities].map(([login, activity]) => activity.line(login));
  return [FIRST_LINE, ...lines, `end ${lines.length}`, ""].join("\n");
}

/** @returns what the text holds, or what is wrong with it: then nothing of it counts */
export function readActivities(text: string): Map<string, LoginActivity> | string {
  const [first, ...rest] = text.split("\n");
  if (first !== FIRST_LINE) {
    const [, version] = /^rulemail logins ([0-9]{1,9})$/.exec(first) ?? [];
    return version === undefined
      ? `it does not begin with "${FIRST_LINE}"`
      : `it is of version ${version}, not ${VERSION}`;
  }
  const lines = rest.slice(0, -2);
  if (rest.at(-2) !== `end ${lines.length}` || rest.at(-1) !== "") return "its end is missing";
  const activities = new Map<string, LoginActivity>();
  for (const [index, line] of lines.entries()) {
    const read = LoginActivity.read(line);
    if (read === undefined) return `line ${index + 2} is none of a login`;
    activities.set(...read);
  }
  return activities;
}
