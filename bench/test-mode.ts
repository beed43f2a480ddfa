/**
 * Test mode of whole processes, ours and a genuine sendmail's: the same configuration, the same typed lines, all that is
 * printed goes to a file. The time that a process needs to start and to read the configuration is measured apart.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { costOf } from "./process-cost.ts";

export interface Dialogue {
  /** Milliseconds from start to end. */
  readonly elapsed: number;
  /** Largest resident memory, in MB. */
  readonly peak: number;
}

const POLL_MS = 10;
/** Length of a configuration that people have. */
const LINES = 1_600;

/** Runs `command -bt` with these lines; names come from files only, so that no name server is measured. */
export async function runDialogue(
  command: readonly string[],
  folder: string,
  cf: string,
  lines: readonly string[],
): Promise<Dialogue> {
  const [typed, printed, names] = [join(folder, "typed"), join(folder, "printed"), join(folder, "service.switch")];
  writeFileSync(typed, lines.map((line) => `${line}\n`).join(""));
  writeFileSync(names, "hosts\tfiles\naliases\tfiles\n");
  const [input, output] = [openSync(typed, "r"), openSync(printed, "w")];
  try {
    const words = [...command.slice(1), "-bt", "-O", `ServiceSwitchFile=${names}`, "-C", cf];
    const started = performance.now();
    const child = spawn(command[0], words, { stdio: [input, output, "ignore"] });
    let peak = 0;
    const poll = setInterval(() => (peak = Math.max(peak, costOf(child.pid!).peak)), POLL_MS);
    await new Promise((resolve, reject) => child.on("exit", resolve).on("error", reject));
    clearInterval(poll);
    return { elapsed: performance.now() - started, peak };
  } finally {
    closeSync(input);
    closeSync(output);
  }
}

/** The shortest of some runs: what a busy machine adds is not what the program costs. */
export async function fastest(count: number, run: () => Promise<Dialogue>): Promise<Dialogue> {
  let best = await run();
  for (let i = 1; i < count; i++) {
    const next = await run();
    if (next.elapsed < best.elapsed) best = next;
  }
  return best;
}

/** The configuration with more rulesets of the same kind, until it has so many lines as those of large sites. */
export function lengthen(folder: string, cf: string): string {
  const text = readFileSync(cf, "latin1").trimEnd();
  const rules = text.split("\n").filter((line) => line.startsWith("R"));
  const more: string[] = [];
  for (let i = 0; text.split("\n").length + more.length < LINES; i++) {
    if (i % 20 === 0) more.push(`Smore${i / 20}`);
    more.push(rules[i % rules.length]);
  }
  const file = join(folder, "long.cf");
  writeFileSync(file, `${text}\n${more.join("\n")}\n`, "latin1");
  return file;
}
