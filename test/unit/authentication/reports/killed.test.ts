/** A server that is killed (SIGKILL) while it writes its counts: nothing is counted twice, and the next one starts with them. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ReportCollector } from "../../../../src/authentication/reports/collector.ts";
import { reportsOf } from "../../../../src/authentication/reports/outgoing.ts";
import { WINDOWS } from "../../../support/killed-collector.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const DAY = "2026-12-01";
const NOON = Date.UTC(2026, 11, 1, 12);
const CHILD = join(import.meta.dirname, "../../../support/killed-collector.ts");
/** Sessions in a report: those of the first writing, or of both. */
const LEFT = { open: 3, piece: 3, before: 3, after: 5 } as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "killed-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function killed(window: string): Promise<string> {
  return new Promise((resolve) => {
    const words = ["--no-warnings", CHILD, join(folder, window), window];
    execFile(process.execPath, words, (error, stdout) => resolve(`${stdout}${error?.signal ?? "ended"}`));
  });
}

test("killed in each moment of a writing", async () => {
  expect(await Promise.all(WINDOWS.map(killed))).toEqual(WINDOWS.map(() => "SIGKILL"));
  for (const window of WINDOWS) {
    const told: string[] = [];
    const clock = new ManualClock(NOON);
    const open = () =>
      new ReportCollector({
        folder: join(folder, window),
        clock,
        mostRows: 100,
        report: (text) => void told.push(text),
      });
    const policy = { type: "no-policy-found", strings: [], domain: "far.test", mxHosts: [] } as const;
    const first = open();
    first.tls({ at: NOON, domain: "far.test", policy });
    await first.flush();
    clock.advance(24 * 3600_000);
    const next = open();
    expect(next.finished()).toEqual([DAY]);
    const [report, ...more] = reportsOf(next.countsOf(DAY), DAY, { organization: "x", email: "x@x.test" });
    expect(more).toEqual([]);
    const sessions = (JSON.parse(report.text()) as { policies: { summary: Record<string, number> }[] }).policies[0]
      .summary;
    expect([window, sessions["total-successful-session-count"]]).toEqual([window, LEFT[window] + 1]);
    expect(told).toEqual([]);
    expect(readdirSync(join(folder, window))).toEqual([`${DAY}.counts`]);
  }
});
