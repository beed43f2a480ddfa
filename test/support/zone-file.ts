/** A zone as a text: a line for each record, NAME TYPE DATA, as in test/peers/zone. */
import { readFileSync } from "node:fs";

/** For startDnsServer. */
export function readZone(file: string): Record<string, string[]> {
  const zone: Record<string, string[]> = {};
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const words = line.replace(/#.*/, "").trim().split(/\s+/);
    if (words.length < 2) continue;
    const [name, ...record] = words;
    (zone[name] ??= []).push(record.filter((word) => word !== "-").join(" "));
  }
  return zone;
}
