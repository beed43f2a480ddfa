/**
 * Mail for local users, each with a uid of his own where root measures: what a delivered message costs in all processes
 * together, and what the processes beside the server take in memory.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { generate, type LoadResult } from "./generator.ts";
import { costOf, sharesOf } from "./process-cost.ts";
import { localUser, type RunningServer, startServer } from "./server.ts";

export interface LocalLoad {
  readonly users: number;
  readonly sessions: number;
  readonly size: number;
}

export interface LocalBenchmark extends LocalLoad {
  readonly messages: number;
  readonly warmUp: number;
  readonly profile?: string | undefined;
}

const PATIENCE_MS = 300_000;

export async function benchLocal(
  print: (title: string, figures: readonly string[]) => void,
  options: LocalBenchmark,
): Promise<void> {
  const { users, messages, warmUp, profile } = options;
  if (process.getuid?.() !== 0) print("note", ["not root: all users are you, and nobody's ids are taken on"]);
  const server = await startServer({ deliveryMode: "background", relayPort: 9, users, profile });
  try {
    await sendToUsers(server, options, warmUp, 0);
    const before = costOf(server.pid);
    const started = performance.now();
    const result = await sendToUsers(server, options, messages, warmUp);
    const seconds = (performance.now() - started) / 1000;
    const { cpu } = costOf(server.pid);
    if (result.problem !== undefined) print("problem", [`${result.refused} refused: ${result.problem.trim()}`]);
    print(`${users} users, Maildir`, [
      `${Math.round(messages / seconds)} messages/s`,
      `${((cpu - before.cpu) / messages).toFixed(3)} ms CPU each in all processes`,
      `${((costOf(server.pid, false).cpu - before.own) / messages).toFixed(3)} of it in the server`,
    ]);
    const [own, ...others] = sharesOf(server.pid);
    const sum = others.reduce((total, each) => total + each, 0);
    print("memory (PSS)", [`server ${own.toFixed(0)} MB`, `${others.length} others ${sum.toFixed(0)} MB`]);
  } finally {
    await server.stop();
  }
}

/**
 * Sends, and waits until all of it lies in mailboxes.
 * @param before messages that were sent to this server before
 */
export async function sendToUsers(
  server: RunningServer,
  { users, sessions, size }: LocalLoad,
  messages: number,
  before: number,
): Promise<LoadResult> {
  let next = before;
  const result = await generate({
    port: server.port,
    sessions,
    messages,
    size,
    perConnection: Infinity,
    sender: "load@sender.test",
    recipient: () => `${localUser(next++ % users)}@mail.example.test`,
  });
  const end = Date.now() + PATIENCE_MS;
  while (delivered(server.mail) < before + result.accepted) {
    if (Date.now() > end)
      throw new Error(`${before + result.accepted - delivered(server.mail)} messages did not arrive`);
    await sleep(100);
  }
  return result;
}

function delivered(folder: string): number {
  let count = 0;
  for (const name of readdirSync(folder)) {
    try {
      count += readdirSync(join(folder, name, "new")).length;
    } catch {
      // Being made.
    }
  }
  return count;
}
