/**
 * `--against=DIR`: this checkout and another one, in turns, on the same machine at the same time of day. What counts is the
 * ratio of their CPU times, pair by pair; a busy machine falsifies that least. Both have to be built.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const PAIRS = 5;
const HERE = join(import.meta.dirname, "..");
export const COMPARED = ["accept", "accept-kept", "relay", "rewriting"];

type Print = (title: string, figures: readonly string[]) => void;

/** Throws with what to do when the other folder is no checkout that can run. */
export function compareWith(folder: string, names: readonly string[], messages: number, print: Print): void {
  const there = resolve(folder);
  for (const root of [HERE, there]) {
    if (existsSync(join(root, "dist/main.js")) && existsSync(join(root, "node_modules"))) continue;
    throw new Error(`${root} is not built; run 'npm ci && npm run build' there`);
  }
  for (const name of names) {
    const ratios: number[] = [];
    const costs: (readonly [here: number, there: number])[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      // Who comes first changes, so that neither always finds the machine as the other left it.
      const first = pair % 2 === 0;
      const one = cost(first ? HERE : there, name, messages);
      const two = cost(first ? there : HERE, name, messages);
      const [here, other] = first ? [one, two] : [two, one];
      costs.push([here, other]);
      ratios.push(here / other);
    }
    const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(PAIRS / 2)];
    print(name, [
      `ratio ${middle(ratios).toFixed(3)} (${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)})`,
      `here ${middle(costs.map(([here]) => here)).toFixed(4)} ms CPU each`,
      `there ${middle(costs.map(([, other]) => other)).toFixed(4)}`,
    ]);
  }
}

/** CPU milliseconds for each message or address, measured by a process of its own. */
function cost(root: string, name: string, messages: number): number {
  const words = ["--no-warnings", join(import.meta.dirname, "one-cost.ts"), root, name, String(messages)];
  const { stdout, stderr, status } = spawnSync(process.execPath, words, { encoding: "utf8" });
  const figure = Number(stdout.trim().split("\n").at(-1));
  if (status !== 0 || !(figure > 0)) throw new Error(`${name} in ${root}: ${stderr || stdout}`);
  return figure;
}
