/**
 * The statistics file (StatusFile) as sendmail 8.17 keeps it on 64-bit Linux, found by looking at its files: mailstats of either
 * reads what the other has written. Little-endian:
 *
 *     0     0x1B1DE, 4 octets      4     4, 4 octets: the version of this layout
 *     8     when counting began, seconds since the epoch, 8 octets
 *     16    1448, 2 octets: the length of all this, and 6 octets of nothing
 *     24    connections from clients, to servers, refused: 8 octets each
 *     48    seven rows of 25 counts of 8 octets, one for each mailer by its number: messages from, kilobytes from, messages
 *           to, kilobytes to, rejected, discarded, quarantined
 *
 * An empty file is one in which nothing has been counted yet: whoever wants statistics makes it, and mailstats -p empties it.
 */
import { type ConnectionCounts, type Counts, type MailerCounts, noMessages } from "./statistics.ts";

export interface StatisticsRecord {
  /** Seconds since the epoch. */
  readonly since: number;
  readonly connections: ConnectionCounts;
  /** By the number of the mailer. */
  readonly mailers: readonly MailerCounts[];
}

/** Why a file is not read: it is something else, of another version, or of another machine. */
export type Misfit =
  | { readonly misfit: "magic" }
  | { readonly misfit: "version"; readonly version: number }
  | { readonly misfit: "size" };

const MAGIC = 0x1b1de;
export const VERSION = 4;
const MOST_MAILERS = 25;
const CONNECTIONS_AT = 24;
const ROWS_AT = 48;
const COUNT = 8;
const ROWS = ["from", "fromKilobytes", "to", "toKilobytes", "rejected", "discarded", "quarantined"] as const;
const CONNECTIONS = ["from", "to", "rejected"] as const;
export const LENGTH = ROWS_AT + ROWS.length * MOST_MAILERS * COUNT;

/** @param now seconds since the epoch */
export function emptyRecord(now: number): StatisticsRecord {
  return {
    since: now,
    connections: { from: 0, to: 0, rejected: 0 },
    mailers: Array.from({ length: MOST_MAILERS }, noMessages),
  };
}

/** @param now when counting began, for an empty file: seconds since the epoch */
export function decodeStatistics(octets: Buffer, now: number): StatisticsRecord | Misfit {
  const record = emptyRecord(now);
  if (octets.length === 0) return record;
  if (octets.length < COUNT || octets.readUInt32LE(0) !== MAGIC) return { misfit: "magic" };
  const version = octets.readInt32LE(4);
  if (version !== VERSION) return { misfit: "version", version };
  if (octets.length < LENGTH || octets.readInt16LE(16) !== LENGTH) return { misfit: "size" };
  const count = (at: number): number => Number(octets.readBigInt64LE(at));
  CONNECTIONS.forEach((name, index) => (record.connections[name] = count(CONNECTIONS_AT + index * COUNT)));
  ROWS.forEach((name, row) => {
    record.mailers.forEach((mailer, number) => (mailer[name] = count(placeOf(row, number))));
  });
  return { ...record, since: count(8) };
}

export function encodeStatistics({ since, connections, mailers }: StatisticsRecord): Buffer {
  const octets = Buffer.alloc(LENGTH);
  octets.writeUInt32LE(MAGIC, 0);
  octets.writeInt32LE(VERSION, 4);
  octets.writeBigInt64LE(BigInt(since), 8);
  octets.writeInt16LE(LENGTH, 16);
  CONNECTIONS.forEach((name, index) =>
    octets.writeBigInt64LE(BigInt(connections[name]), CONNECTIONS_AT + index * COUNT),
  );
  ROWS.forEach((name, row) => {
    mailers.forEach((mailer, number) => octets.writeBigInt64LE(BigInt(mailer[name]), placeOf(row, number)));
  });
  return octets;
}

const placeOf = (row: number, mailer: number): number => ROWS_AT + (row * MOST_MAILERS + mailer) * COUNT;

/**
 * Adds what has been counted.
 * @param numberOf of a mailer, by its name; the layout has no place for mailers from 25 on
 */
export function addCounts(
  { connections, mailers }: StatisticsRecord,
  counts: Counts,
  numberOf: (mailer: string) => number | undefined,
): void {
  for (const name of CONNECTIONS) connections[name] += counts.connections[name];
  for (const [name, counted] of counts.mailers) {
    const mailer = mailers[numberOf(name) ?? MOST_MAILERS];
    if (mailer !== undefined) for (const row of ROWS) mailer[row] += counted[row];
  }
}
