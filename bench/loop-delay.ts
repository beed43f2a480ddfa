/**
 * Loaded into a server that is measured: with SIGUSR2 it writes the longest turns of its event loop since the last time to
 * the file that BENCH_PAUSES names: by the clock, and by the CPU time of its thread, which other processes of the machine do not
 * lengthen. Both in ms.
 */
import { renameSync, writeFileSync } from "node:fs";

const file = process.env["BENCH_PAUSES"];
if (file !== undefined && process.argv.includes("-bD")) {
  const INTERVAL = 5;
  let longest = { clock: 0, cpu: 0 };
  let [clock, cpu] = [performance.now(), process.threadCpuUsage()];
  setInterval(() => {
    const used = process.threadCpuUsage(cpu);
    longest = {
      clock: Math.max(longest.clock, performance.now() - clock - INTERVAL),
      cpu: Math.max(longest.cpu, (used.user + used.system) / 1000),
    };
    [clock, cpu] = [performance.now(), process.threadCpuUsage()];
  }, INTERVAL).unref();
  process.on("SIGUSR2", () => {
    writeFileSync(`${file}.new`, JSON.stringify(longest));
    renameSync(`${file}.new`, file);
    longest = { clock: 0, cpu: 0 };
  });
}
