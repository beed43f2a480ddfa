/**
 * The macro compiler: a shipped configuration compiled in this process, the first time and when everything is warm, and by
 * GNU m4 from the same files (its start subtracted); the whole command. With sendmail-cf installed, its library as well.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compileMc, processM4 } from "../src/mc/compile.ts";
import { findGnuM4, peerFile } from "../test/support/foreign-programs.ts";
import type { Print } from "./wishes.ts";

const home = join(import.meta.dirname, "..");
const SITE = join(home, "cf/gateway.mc");
const RULEMAIL = join(home, "bin/rulemail");
const SENDMAIL = join(
  process.env["SENDMAIL_CF"] ?? peerFile("/usr/share/sendmail/cf") ?? "/usr/share/sendmail/cf",
  "/",
);
const RUNS = 40;
const COMMANDS = 10;
/** USER_HZ: 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;

export async function benchMacros(print: Print): Promise<void> {
  const ours = inProcess("gateway.mc, our library", () => compileMc({ file: SITE }).text, print);
  command(print);
  const gnu = findGnuM4();
  if ("missing" in gnu) return print("GNU m4", [`skipped: ${gnu.missing}`]);
  const macros = join(home, "macros/");
  compare(gnu.command, [`-D_CF_DIR_=${macros}`, `${macros}m4/cf.m4`, SITE], home, ours, print);
  if (!existsSync(join(SENDMAIL, "m4/cf.m4"))) return;
  const folder = join(SENDMAIL, "cf");
  process.chdir(folder);
  const files = [`${SENDMAIL}m4/cf.m4`, "generic-linux.mc"];
  const warm = inProcess(
    "generic-linux.mc, sendmail-cf",
    () =>
      processM4(
        files.map((file) => ({ file })),
        { defines: { _CF_DIR_: SENDMAIL } },
      ).text,
    print,
  );
  compare(gnu.command, [`-D_CF_DIR_=${SENDMAIL}`, ...files], folder, warm, print);
}

/** @returns CPU-ms of a compilation when warm */
function inProcess(title: string, compile: () => string, print: Print): number {
  const times = Array.from({ length: RUNS }, () => {
    const before = process.cpuUsage();
    compile();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  const warm = times.slice(RUNS / 2).toSorted((a, b) => a - b)[RUNS / 4];
  print(title, [`first ${times[0].toFixed(1)} ms CPU`, `warm ${warm.toFixed(1)} ms CPU`]);
  return warm;
}

function command(print: Print): void {
  const times = Array.from({ length: COMMANDS }, () => {
    const started = performance.now();
    spawnSync(RULEMAIL, ["mc", SITE]);
    return performance.now() - started;
  });
  print("rulemail mc, whole", [`${Math.min(...times).toFixed(0)} ms`]);
}

function compare(gnu: readonly string[], words: readonly string[], cwd: string, ours: number, print: Print): void {
  const work = cpuOf(gnu, words, cwd) - cpuOf(gnu, ["/dev/null"], cwd);
  print("GNU m4, same files", [`${work.toFixed(1)} ms CPU`, `${(work / ours).toFixed(1)} times ours when warm`]);
}

/** CPU-ms of one run, the mean of many: the kernel counts in ticks of 10 ms. */
function cpuOf([program, ...first]: readonly string[], words: readonly string[], cwd: string): number {
  const before = childrenCpu();
  for (let run = 0; run < RUNS; run++) spawnSync(program, [...first, ...words], { cwd });
  return (childrenCpu() - before) / RUNS;
}

/** CPU time of all children that have ended (proc(5), cutime and cstime). */
function childrenCpu(): number {
  const fields = readFileSync("/proc/self/stat", "latin1")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) * MS_PER_TICK;
}
