/**
 * `--against=DIR`: this checkout and another one, in turns, on the same machine at the same time of day. What counts is the
 * ratio of their CPU times: of the medians, and of the sums, which must not lie far apart; the middle half of the pairs shows
 * how steady the machine was. A first pair is run and thrown away. Both have to be built.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Print } from "./wishes.ts";

const HERE = join(import.meta.dirname, "..");
export const COMPARED = [
  "accept",
  "accept-kept",
  "accept-64k",
  "relay",
  "relay-each",
  "relay-64k",
  "rewriting",
  "local",
  "local-2000",
];

export interface Comparison {
  readonly names: readonly string[];
  /** In each run, behind the warm-up. */
  readonly messages: number;
  /** Odd, so that there is one in the middle. */
  readonly pairs: number;
}

/** Throws with what to do when the other folder is no checkout that can run. */
export function compareWith(folder: string, { names, messages, pairs }: Comparison, print: Print): void {
  const there = resolve(folder);
  for (const root of [HERE, there]) {
    if (existsSync(join(root, "dist/main.js")) && existsSync(join(root, "node_modules"))) continue;
    throw new Error(`${root} is not built; run 'npm ci && npm run build' there`);
  }
  for (const name of names) {
    const here: number[] = [];
    const other: number[] = [];
    for (let pair = -1; pair < pairs; pair++) {
      // Who comes first changes, so that neither always finds the machine as the other left it.
      const order = pair % 2 === 0 ? [HERE, there] : [there, HERE];
      const figures = costs(order, name, messages);
      if (pair < 0) continue;
      here.push(figures[order.indexOf(HERE)]);
      other.push(figures[order.indexOf(there)]);
    }
    const ratios = here.map((figure, pair) => figure / other[pair]).toSorted((a, b) => a - b);
    print(name, [
      `ratio of medians ${(middle(here) / middle(other)).toFixed(3)}, of sums ${(sum(here) / sum(other)).toFixed(3)}`,
      `pairs ${quantile(ratios, 0.25).toFixed(3)} to ${quantile(ratios, 0.75).toFixed(3)} (all ${ratios[0].toFixed(3)} to ${ratios.at(-1)!.toFixed(3)})`,
      `here ${middle(here).toFixed(4)} ms CPU each`,
      `there ${middle(other).toFixed(4)}`,
    ]);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function middle(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

/** @param sorted ascending */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.round((sorted.length - 1) * share)];
}

/** CPU milliseconds for each message or address, of each checkout, measured by a process of its own. */
function costs(roots: readonly string[], name: string, messages: number): number[] {
  const words = ["--no-warnings", join(import.meta.dirname, "one-cost.ts"), name, String(messages), ...roots];
  const { stdout, stderr, status } = spawnSync(process.execPath, words, { encoding: "utf8" });
  const figures = (stdout.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
  const isWhole = status === 0 && figures.length === roots.length && figures.every((figure) => figure > 0);
  if (!isWhole) throw new Error(`${name} in ${roots.join(" and ")}: ${stderr || stdout}`);
  return figures;
}
