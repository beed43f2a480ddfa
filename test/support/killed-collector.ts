/**
 * `node killed-collector.ts FOLDER WINDOW`: counts three sessions and has them written, counts two more, and is killed while these are
 * written: when the file aside is open, when a piece is in it, before it takes the place of the old one, and after.
 */
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { ManualClock } from "./manual-clock.ts";

export const WINDOWS = ["open", "piece", "before", "after"] as const;

const [folder, window] = process.argv.slice(2);

function killMe(): Promise<never> {
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => undefined);
}

async function run(): Promise<void> {
  const NOON = Date.UTC(2026, 11, 1, 12);
  const clock = new ManualClock(NOON);
  const { ReportCollector } = await import("../../src/authentication/reports/collector.ts");
  const collector = new ReportCollector({ folder, clock, mostRows: 100, report: (text) => console.log(text) });
  const count = (times: number): void => {
    const policy = { type: "no-policy-found", strings: [], domain: "far.test", mxHosts: [] } as const;
    for (let i = 0; i < times; i++) collector.tls({ at: NOON, domain: "far.test", policy });
  };
  count(3);
  await collector.flush();
  const { open, rename } = fs;
  Object.assign(fs, {
    async open(...words: Parameters<typeof open>) {
      const file = await open(...words);
      if (!String(words[0]).endsWith(".new")) return file;
      if (window === "open") return killMe();
      if (window !== "piece") return file;
      const cutShort = async (text: string): Promise<void> => {
        await file.write(text.slice(0, -20));
        await killMe();
      };
      return Object.assign(file, { writeFile: cutShort });
    },
    async rename(...words: Parameters<typeof rename>) {
      if (window === "before") await killMe();
      await rename(...words);
      if (window === "after") await killMe();
    },
  });
  syncBuiltinESMExports();
  count(2);
  await collector.flush();
}

if (import.meta.main) await run();
