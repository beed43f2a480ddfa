/**
 * Dates as mail writes them, in the time zone of TZ: RFC 5322 §3.3, the asctime form of From_ lines, syslog's.
 *
 * Every message needs several within the same second, so that each form keeps the last second it was made for. The
 * zone is looked up again every second: a change of TZ or of daylight saving time is followed.
 */
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "Fri, 20 Nov 2026 18:56:32 +0000" @param ms milliseconds since the epoch */
export const rfc5322Date = perSecond((date) => {
  const day = `${DAYS[date.getDay()]}, ${date.getDate()} ${MONTHS[date.getMonth()]} ${year(date)}`;
  return `${day} ${timeOfDay(date)} ${zoneOffset(date)}`;
});

/** "Fri Nov 20 18:56:32 2026": ctime(3) without its line end; the day has two places. */
export const ctimeDate = perSecond((date) => `${DAYS[date.getDay()]} ${syslogForm(date)} ${year(date)}`);

/** "Nov 20 18:56:32": the beginning of a syslog line. */
export const syslogDate = perSecond(syslogForm);

/** "202611201856": year, month, day, hour and minute in UTC, as $t has them. */
export const compactDate = perSecond((date) => date.toISOString().slice(0, 16).replaceAll(/[-T:]/g, ""));

function perSecond(form: (date: Date) => string): (ms: number) => string {
  let second = Number.NaN;
  let text = "";
  return (ms) => {
    const wanted = Math.floor(ms / 1000);
    if (wanted !== second) {
      text = form(new Date(wanted * 1000));
      second = wanted;
    }
    return text;
  };
}

function syslogForm(date: Date): string {
  return `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${timeOfDay(date)}`;
}

function timeOfDay(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** "+0130": hours and minutes east of Greenwich. */
function zoneOffset(date: Date): string {
  const east = -date.getTimezoneOffset();
  const minutes = Math.abs(east);
  return `${east < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
}

function year(date: Date): string {
  return String(date.getFullYear()).padStart(4, "0");
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

/**
 * A duration as the log shows it: "00:00:01", "2+03:00:00" with days.
 * @param ms milliseconds; negative ones (the clock was set back) count as 0
 */
export function logDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const days = Math.floor(seconds / 86_400);
  const time = `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return days > 0 ? `${days}+${time}` : time;
}

const UNITS = [
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** A duration in words: "4 hours", "1 day 2 hours". @param ms milliseconds */
export function durationInWords(ms: number): string {
  let seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size);
    seconds %= size;
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? "" : "s"}`);
  }
  return parts.join(" ") || "0 seconds";
}
