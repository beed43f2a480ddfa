/** Lengths of time as people type them. */

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** "7d" in milliseconds; undefined for what is no time. */
export function duration(text: string): number | undefined {
  const [, number, unit] = /^\+?(\d{1,6})([mhdw])$/.exec(text) ?? [];
  return unit === undefined ? undefined : Number(number) * UNITS[unit];
}
