/** Lengths of time as people type them. */

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** "90s", "1h30m", "+7d" in milliseconds; undefined for what is no time. */
export function duration(text: string): number | undefined {
  if (!/^\+?(?:\d{1,9}[smhdw])+$/.test(text)) return undefined;
  let all = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g)) all += Number(count) * UNITS[unit];
  return all;
}
