/** Servers beside each other that take turns: a moment in which the machine is slow is slow for all of them. */
import { costOf } from "./process-cost.ts";
import type { RunningServer } from "./server.ts";

/** Sends so many messages through a server, and comes back when it has done with them. */
export type Send = (server: RunningServer, messages: number) => Promise<void>;

/** What a message of each turn cost each server, CPU ms: a list for each server, in the order of the turns. */
export async function costsInTurns(
  servers: readonly RunningServer[],
  { turns, slice }: { readonly turns: number; readonly slice: number },
  send: Send,
): Promise<readonly number[][]> {
  const costs: number[][] = servers.map(() => []);
  for (let turn = 0; turn < turns; turn++) {
    const order = servers.map((_, i) => (turn % 2 === 0 ? i : servers.length - 1 - i));
    for (const i of order) {
      const before = costOf(servers[i].pid).cpu;
      await send(servers[i], slice);
      costs[i].push((costOf(servers[i].pid).cpu - before) / slice);
    }
  }
  return costs;
}

/** Of the half in the middle: what a figure that is counted in ticks of 10 ms needs beside a median. */
export function middleMean(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.slice(Math.floor(sorted.length / 4), Math.ceil((sorted.length * 3) / 4));
  return middle.reduce((sum, each) => sum + each, 0) / middle.length;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
