/**
 * What mailstats shows: how many messages and kilobytes came from and went to each mailer, what was refused, thrown away and put
 * aside, and connections. Counted in memory, where mail passes; the file behind it is written by whoever takes the counts.
 *
 * Counted as sendmail does: a message that comes in once, with its sender's mailer; one that goes out once for each
 * transaction with a mailer; a refusal once for each session.
 */
export interface MailerCounts {
  /** Messages that came in, and their kilobytes: each message is rounded up. */
  from: number;
  fromKilobytes: number;
  to: number;
  toKilobytes: number;
  rejected: number;
  discarded: number;
  quarantined: number;
}

export interface ConnectionCounts {
  from: number;
  to: number;
  rejected: number;
}

export interface Counts {
  readonly connections: Readonly<ConnectionCounts>;
  /** By the name of the mailer. */
  readonly mailers: ReadonlyMap<string, Readonly<MailerCounts>>;
}

export function noMessages(): MailerCounts {
  return { from: 0, fromKilobytes: 0, to: 0, toKilobytes: 0, rejected: 0, discarded: 0, quarantined: 0 };
}

const noConnections = (): ConnectionCounts => ({ from: 0, to: 0, rejected: 0 });
const kilobytes = (octets: number): number => Math.ceil(octets / 1024);

export class Statistics {
  #connections = noConnections();
  #mailers = new Map<string, MailerCounts>();
  #changed: (() => void) | undefined;

  /** Hears of the first count after each `take`. */
  watch(changed: () => void): void {
    this.#changed = changed;
  }

  /** A connection of a client, to a server, or one whose mail was refused or thrown away. */
  connection(which: keyof ConnectionCounts): void {
    this.#connections[which]++;
    this.#tell();
  }

  /** @param octets of the message, header included */
  came(mailer: string, octets: number): void {
    const counts = this.#of(mailer);
    counts.from++;
    counts.fromKilobytes += kilobytes(octets);
  }

  /** @param octets of the message, header included */
  went(mailer: string, octets: number): void {
    const counts = this.#of(mailer);
    counts.to++;
    counts.toKilobytes += kilobytes(octets);
  }

  /** @param mailer of the sender */
  stopped(mailer: string, how: "rejected" | "discarded" | "quarantined"): void {
    this.#of(mailer)[how]++;
  }

  /** What was counted elsewhere. */
  add({ connections, mailers }: Counts): void {
    for (const which of ["from", "to", "rejected"] as const) this.#connections[which] += connections[which];
    for (const [mailer, counted] of mailers) {
      const counts = this.#of(mailer);
      for (const which of Object.keys(counts) as (keyof MailerCounts)[]) counts[which] += counted[which];
    }
    this.#tell();
  }

  /** All that was counted since the last time. */
  take(): Counts {
    const taken = { connections: this.#connections, mailers: this.#mailers };
    this.#connections = noConnections();
    this.#mailers = new Map();
    this.#isTold = false;
    return taken;
  }

  #isTold = false;

  #tell(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#changed?.();
  }

  #of(mailer: string): MailerCounts {
    let counts = this.#mailers.get(mailer);
    if (counts === undefined) this.#mailers.set(mailer, (counts = noMessages()));
    this.#tell();
    return counts;
  }
}
