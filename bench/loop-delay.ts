/**
 * Loaded into a server that is measured: with SIGUSR2 it writes the longest pause of its event loop since the last time, in
 * ms, to the file that BENCH_PAUSES names.
 */
import { renameSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const file = process.env["BENCH_PAUSES"];
if (file !== undefined && process.argv.includes("-bD")) {
  const resolution = 5;
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  process.on("SIGUSR2", () => {
    writeFileSync(`${file}.new`, String(Math.max(0, histogram.max / 1e6 - resolution)));
    renameSync(`${file}.new`, file);
    histogram.reset();
  });
}
