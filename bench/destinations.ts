/** Mail for a thousand hosts that are far away: how much leaves in a second, and what that costs. */
import { setTimeout as sleep } from "node:timers/promises";
import { generate } from "./generator.ts";
import { costOf } from "./process-cost.ts";
import { startServer } from "./server.ts";
import { type Sink, startSink } from "./sink.ts";

const HOSTS = 1_000;
/** ms before each answer. */
const LATENCY = 50;
const PATIENCE_MS = 120_000;

interface Settings {
  readonly messages: number;
  readonly sessions: number;
  readonly profile: string | undefined;
}

/** "d7.test": a mail exchanger at 127.0.1.8. */
function makeZone(): Record<string, readonly string[]> {
  const zone: Record<string, readonly string[]> = {};
  for (let number = 0; number < HOSTS; number++) {
    zone[`d${number}.test`] = [`MX 10 mx.d${number}.test`];
    zone[`mx.d${number}.test`] = [`A 127.0.${1 + Math.floor(number / 250)}.${1 + (number % 250)}`];
  }
  return zone;
}

/** CPU time of all that is not the server, ms: what they take of the machine it cannot have. */
function otherCost(sink: Sink): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 + costOf(sink.pid).cpu;
}

export async function benchDestinations(
  print: (title: string, figures: readonly string[]) => void,
  { messages, sessions, profile }: Settings,
): Promise<void> {
  const sink = await startSink(LATENCY, "0.0.0.0");
  const server = await startServer({ deliveryMode: "background", relayPort: sink.port, zone: makeZone(), profile });
  let number = 0;
  let arrived = 0;
  const round = async (title: string): Promise<void> => {
    const before = costOf(server.pid);
    const besides = otherCost(sink);
    const started = performance.now();
    const { accepted, problem } = await generate({
      port: server.port,
      sessions,
      messages,
      size: 1_024,
      perConnection: Infinity,
      sender: "load@sender.test",
      recipient: () => `user@d${number++ % HOSTS}.test`,
    });
    if (problem !== undefined) print("problem", [problem.trim()]);
    const taken = (performance.now() - started) / 1000;
    arrived += accepted;
    while ((await sink.counters()).messages < arrived) {
      if (performance.now() - started > PATIENCE_MS) {
        print("problem", [`${(await sink.counters()).messages} of ${arrived} arrived`]);
        break;
      }
      await sleep(20);
    }
    const seconds = (performance.now() - started) / 1000;
    const after = costOf(server.pid);
    print(`${HOSTS} hosts, ${LATENCY} ms, ${title}`, [
      `${Math.round(accepted / seconds)} messages/s`,
      `accepted in ${taken.toFixed(1)} s, delivered in ${seconds.toFixed(1)} s`,
      `${((after.cpu - before.cpu) / accepted).toFixed(3)} ms CPU each`,
      `peak RSS ${Math.round(after.peak)} MB`,
      `generator, sink and name server ${((otherCost(sink) - besides) / accepted).toFixed(3)} ms`,
    ]);
  };
  try {
    await round("after a start");
    await round("warm");
  } finally {
    await server.stop();
    await sink.close();
  }
}
