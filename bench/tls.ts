/**
 * What TLS costs the server: a connection, a handshake and a message each, in full and with a ticket of an earlier session;
 * and the memory of sessions that are idle inside TLS.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as secure } from "node:tls";
import { generate, type Load } from "./generator.ts";
import { costOf, residentOf } from "./process-cost.ts";
import { type RunningServer, startServer } from "./server.ts";
import type { Print, Wishes } from "./wishes.ts";

/** Idle sessions that are opened, and those that the memory is told for. */
const IDLE = 1_000;
const MANY = 10_000;

/** What most clients of today offer, and clients that know the hybrid key exchange (what the key is of is the certificate's). */
const HANDSHAKES: readonly (readonly [title: string, handshake: Pick<Load, "tls" | "groups">])[] = [
  ["without TLS", {}],
  ["P-256, X25519, full", { tls: "full", groups: "X25519" }],
  ["P-256, X25519, resumed", { tls: "resumed", groups: "X25519" }],
  ["P-256, hybrid, full", { tls: "full" }],
  ["P-256, hybrid, resumed", { tls: "resumed" }],
];

export async function benchTls(print: Print, wishes: Wishes): Promise<void> {
  const { profile } = wishes;
  const most = ["MaxConnectionsPerClient=0"];
  const server = await startServer({ deliveryMode: "queue", relayPort: 9, tls: true, options: most, profile });
  try {
    for (const [title, handshake] of HANDSHAKES) {
      await generate(load(server, wishes, handshake, wishes.warmUp));
      const before = costOf(server.pid);
      const { accepted, seconds, problem } = await generate(load(server, wishes, handshake, wishes.messages));
      const after = costOf(server.pid);
      if (problem !== undefined) print("problem", [problem.trim()]);
      print(title, [
        `${Math.round(accepted / seconds)} messages/s`,
        `${((after.cpu - before.cpu) / accepted).toFixed(3)} ms CPU each`,
      ]);
    }
  } finally {
    await server.stop();
  }
  await benchIdle(print);
}

function load(
  { port }: RunningServer,
  { sessions, size }: Wishes,
  handshake: Pick<Load, "tls" | "groups">,
  messages: number,
): Load {
  const addresses = { sender: "load@sender.test", recipient: "user@sink.test" };
  return { port, sessions, messages, size, perConnection: 1, ...addresses, ...handshake };
}

async function benchIdle(print: Print): Promise<void> {
  const options = ["MaxConnectionsPerClient=0", "MaxDaemonChildren=0"];
  const server = await startServer({ deliveryMode: "queue", relayPort: 9, tls: true, options });
  const sockets: Socket[] = [];
  try {
    const sizes = [residentOf(server.pid)];
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < IDLE; i += 50) {
        sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => idle(server.port)))));
      }
      sizes.push(residentOf(server.pid));
    }
    const slope = ((sizes[3] - sizes[1]) / (2 * IDLE)) * 1024;
    print("idle inside TLS", [
      `${Math.round(slope)} KB each`,
      `${Math.round(sizes[3])} MB with ${3 * IDLE}`,
      `${Math.round(sizes[3] + (slope * (MANY - 3 * IDLE)) / 1024)} MB with ${MANY} at that rate`,
    ]);
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.stop();
  }
}

/** A session that said EHLO inside TLS and is silent since. */
async function idle(port: number): Promise<Socket> {
  const plain = connect({ port, host: "127.0.0.1" });
  await once(plain, "data");
  plain.write("EHLO idle.test\r\n");
  await once(plain, "data");
  plain.write("STARTTLS\r\n");
  await once(plain, "data");
  plain.removeAllListeners();
  const socket = secure({ socket: plain, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  socket.write("EHLO idle.test\r\n");
  await once(socket, "data");
  socket.on("error", () => undefined);
  return socket;
}
