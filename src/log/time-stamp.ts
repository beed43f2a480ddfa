/**
 * The beginnings of lines of a log: when, on which host, which program.
 *
 *     Nov 20 18:56:32 mail sendmail[4711]: ...                         syslog files, journalctl -o short
 *     2026-11-20T18:56:32.123456+01:00 mail sendmail[4711]: ...        rsyslog, journalctl -o short-iso
 *
 * Text is octets (latin1), one code unit each.
 */

export interface Origin {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly host: string;
  readonly program: string;
  readonly pid?: number;
}

/** What stands behind the time: host, program, process. */
const WHO = / ([^ ]{1,255}) ([^ :[\]]{1,128})(?:\[(\d{1,10})\])?: /y;
const TRADITIONAL = /(?:<\d{1,3}>)?([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?= )/y;
const ISO =
  /(?:<\d{1,3}>)?(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:(Z)|([+-])(\d\d):?(\d\d))?(?= )/y;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_MS = 86_400_000;

/**
 * Reads beginnings of lines. One reader for each file: lines of one second share their work.
 */
export class OriginReader {
  readonly #newest: () => number;
  #stamp = "";
  #time = 0;

  /** @param newest no line is younger (ms since the epoch): a traditional time stamp has no year, this one does */
  constructor(newest: () => number) {
    this.#newest = newest;
  }

  /** @returns the origin, and where the text behind it begins; undefined when the line has no such beginning */
  read(line: string): { readonly origin: Origin; readonly end: number } | undefined {
    const end = this.#readTime(line);
    if (end === undefined) return undefined;
    WHO.lastIndex = end;
    const who = WHO.exec(line);
    if (who === null) return undefined;
    const [, host, program, pid] = who;
    const origin = { time: this.#time, host, program, ...(pid !== undefined && { pid: Number(pid) }) };
    return { origin, end: WHO.lastIndex };
  }

  /** @returns where the time stamp ends */
  #readTime(line: string): number | undefined {
    if (this.#stamp !== "" && line.startsWith(this.#stamp) && line[this.#stamp.length] === " ") {
      return this.#stamp.length;
    }
    TRADITIONAL.lastIndex = 0;
    ISO.lastIndex = 0;
    const short = TRADITIONAL.exec(line);
    const long = short === null ? ISO.exec(line) : null;
    const time = short !== null ? this.#withYear(short) : long !== null ? isoTime(long) : Number.NaN;
    if (Number.isNaN(time)) return undefined;
    this.#time = time;
    this.#stamp = (short ?? long)![0];
    return this.#stamp.length;
  }

  /** The year in which the time is not later than the newest line, give or take a day of clocks that disagree. */
  #withYear([, name, day, hour, minute, second]: RegExpExecArray): number {
    const month = MONTHS.indexOf(name);
    if (month === -1) return Number.NaN;
    const newest = this.#newest();
    const year = new Date(newest).getFullYear();
    const at = (wanted: number): number =>
      new Date(wanted, month, Number(day), Number(hour), Number(minute), Number(second)).getTime();
    const thisYear = at(year);
    return thisYear <= newest + DAY_MS ? thisYear : at(year - 1);
  }
}

/** Without a zone: local time. */
function isoTime([
  ,
  year,
  month,
  day,
  hour,
  minute,
  second,
  fraction,
  z,
  sign,
  east,
  minutes,
]: RegExpExecArray): number {
  const ms = fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1000);
  const parts = [
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    ms,
  ] as const;
  if (z === undefined && sign === undefined) return new Date(...parts).getTime();
  const offset = z === undefined ? (Number(east) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1) : 0;
  return Date.UTC(...parts) - offset * 60_000;
}
