/**
 * A connection, a handshake with a ticket and a message each, relayed: our server, and a Postfix that is installed below a
 * folder, in turns and with the same load.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { generate } from "./generator.ts";
import { startPostfix } from "./postfix-server.ts";
import { costWithEnded } from "./process-cost.ts";
import { makeCertificate, startServer } from "./server.ts";
import { startSink, type Sink } from "./sink.ts";
import type { Print, Wishes } from "./wishes.ts";

const TURNS = 4;
const PATIENCE_MS = 60_000;
/** What both have: a Postfix of today knows no hybrid key exchange. */
const GROUPS = "X25519";

interface Peer {
  readonly name: string;
  readonly port: number;
  cost(): number;
  stop(): unknown;
}

/** @param postfix where one is installed; undefined: ours alone */
export async function benchRelayInsideTls(print: Print, wishes: Wishes, postfix: string | undefined): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rulemail-bench-"));
  const sink = await startSink();
  const peers: Peer[] = [];
  try {
    const options = ["MaxConnectionsPerClient=0"];
    const { profile } = wishes;
    const ours = await startServer({ deliveryMode: "background", relayPort: sink.port, tls: true, options, profile });
    peers.push({ name: "rulemail", port: ours.port, cost: () => costWithEnded(ours.pid), stop: () => ours.stop() });
    if (postfix !== undefined) {
      const { cert: certificate, key } = makeCertificate(folder);
      const theirs = await startPostfix(postfix, { relayPort: sink.port, certificate, key });
      peers.push({ ...theirs, name: `Postfix ${theirs.version}` });
    }
    for (const { port } of peers) await relay(port, sink, wishes, wishes.warmUp);
    const sums = peers.map(() => ({ cost: 0, seconds: 0 }));
    const slice = Math.ceil(wishes.messages / TURNS);
    for (let turn = 0; turn < TURNS; turn++) {
      const order = turn % 2 === 0 ? [...peers.keys()] : [...peers.keys()].toReversed();
      for (const at of order) {
        const before = peers[at].cost();
        sums[at].seconds += await relay(peers[at].port, sink, wishes, slice);
        sums[at].cost += peers[at].cost() - before;
      }
    }
    const rates = sums.map(({ cost, seconds }) => ({ cost: cost / (TURNS * slice), rate: (TURNS * slice) / seconds }));
    for (const [at, { name }] of peers.entries()) {
      print(name, [`${Math.round(rates[at].rate)} messages/s`, `${rates[at].cost.toFixed(3)} ms CPU each`]);
    }
    const [own, other] = rates;
    if (other === undefined) return;
    print("ours : theirs", [
      `${(own.rate / other.rate).toFixed(2)} messages/s`,
      `${(own.cost / other.cost).toFixed(2)} CPU`,
    ]);
  } finally {
    for (const peer of peers) await peer.stop();
    await sink.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Sends, and waits until all of it has arrived; seconds that it took. */
async function relay(port: number, sink: Sink, { sessions, size }: Wishes, messages: number): Promise<number> {
  const wanted = (await sink.counters()).messages + messages;
  const started = performance.now();
  const { refused, problem } = await generate({
    port,
    sessions,
    messages,
    size,
    perConnection: 1,
    sender: "load@sender.test",
    recipient: "user@sink.test",
    tls: "resumed",
    groups: GROUPS,
  });
  if (problem !== undefined) throw new Error(`${refused} refused: ${problem.trim()}`);
  while ((await sink.counters()).messages < wanted) {
    if (performance.now() - started > PATIENCE_MS) throw new Error("accepted messages did not arrive in time");
    await sleep(10);
  }
  return (performance.now() - started) / 1000;
}
