/**
 * The kinds of work that mail servers are compared by, each with a server of its own: what is relayed with a connection for each
 * message, on kept connections, in 64 KB, to a hundred recipients each, and what the first messages after a start cost.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { generate, type Load } from "./generator.ts";
import { costOf, costOfThreads, sharesOf } from "./process-cost.ts";
import { type RunningServer, startServer } from "./server.ts";
import { startSink, type Sink } from "./sink.ts";

export interface WorkloadOptions {
  readonly messages: number;
  readonly sessions: number;
  /** Options of the server: "SessionThreads=1". */
  readonly options: readonly string[];
  readonly profile?: string | undefined;
}

type Print = (title: string, figures: readonly string[]) => void;

const PATIENCE_MS = 120_000;
/** As many as people wait for before they look at a rate. */
const WARM_UP = 4_000;

interface Workload {
  readonly title: string;
  readonly load: Partial<Load>;
  /** Messages before the measuring begins, and messages measured, both as parts of what was asked for. */
  readonly warmUp: number;
  readonly share: number;
}

const WORKLOADS: readonly Workload[] = [
  { title: "1 KB, a connection each", load: { perConnection: 1 }, warmUp: 1, share: 1 },
  { title: "1 KB, connections kept", load: {}, warmUp: 1, share: 1 },
  { title: "64 KB, connections kept", load: { size: 65_536 }, warmUp: 0.25, share: 0.25 },
  { title: "100 recipients each", load: { recipients: 100, sessions: 5 }, warmUp: 0.05, share: 0.05 },
];

/** Slices of what is relayed after a start. */
const SLICE = 2_000;
const SLICES = 8;

export async function benchWorkloads(print: Print, options: WorkloadOptions): Promise<void> {
  for (const { title, load, warmUp, share } of WORKLOADS) {
    await withServer(options, async (server, sink) => {
      await relay(server, sink, { ...load, messages: Math.ceil(WARM_UP * warmUp) }, options);
      const messages = Math.ceil(options.messages * share);
      const [before, threadsBefore] = [costOf(server.pid), costOfThreads(server.pid)];
      const seconds = await relay(server, sink, { ...load, messages }, options);
      const [after, threads] = [costOf(server.pid), costOfThreads(server.pid)];
      const each = (ms: number): string => (ms / messages).toFixed(3);
      print(title, [
        `${Math.round(messages / seconds)} messages/s`,
        `${each(after.cpu - before.cpu)} ms CPU each`,
        ...(threads.sessions === 0
          ? []
          : [
              `sessions ${each(threads.sessions - threadsBefore.sessions)}, main ${each(threads.main - threadsBefore.main)}`,
            ]),
        `${Math.round(sharesOf(server.pid)[0])} MB (PSS)`,
      ]);
    });
  }
  await withServer(options, async (server, sink) => {
    const rates: number[] = [];
    for (let i = 0; i < SLICES; i++) {
      rates.push(SLICE / (await relay(server, sink, { perConnection: 1, messages: SLICE }, options)));
    }
    const share = Math.round((100 * rates[0]) / rates[SLICES - 1]);
    print("after a start", [
      `each ${SLICE}: ${rates.map((rate) => Math.round(rate)).join(" ")} messages/s`,
      `the first at ${share} % of the last`,
    ]);
  });
}

async function withServer(
  { options, profile }: WorkloadOptions,
  work: (server: RunningServer, sink: Sink) => Promise<void>,
): Promise<void> {
  const sink = await startSink();
  try {
    const server = await startServer({ deliveryMode: "background", relayPort: sink.port, options, profile });
    try {
      await work(server, sink);
    } finally {
      await server.stop();
    }
  } finally {
    await sink.close();
  }
}

/** Sends, and waits until all of it has arrived; seconds that it took. */
async function relay(
  { port }: RunningServer,
  sink: Sink,
  load: Partial<Load> & { readonly messages: number },
  { sessions }: WorkloadOptions,
): Promise<number> {
  const wanted = (await sink.counters()).messages + load.messages;
  const started = performance.now();
  const addresses = { sender: "load@sender.test", recipient: "user@sink.test" };
  const { refused, problem } = await generate({
    port,
    sessions,
    size: 1_024,
    perConnection: Infinity,
    ...addresses,
    ...load,
  });
  if (problem !== undefined) throw new Error(`${refused} refused: ${problem.trim()}`);
  while ((await sink.counters()).messages < wanted) {
    if (performance.now() - started > PATIENCE_MS) throw new Error("accepted messages did not arrive in time");
    await sleep(10);
  }
  return (performance.now() - started) / 1000;
}
