/**
 * One question to one name server: a connected UDP socket of its own (so that the system drops what others send, and
 * the port is random), TCP when the answer was cut off. Always settles, at the latest after the timeout; sockets are
 * closed by then.
 */
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import type { Clock } from "../sys/clock.ts";
import type { NameServer } from "../sys/machine.ts";
import { belongsTo, decodeReply, type Query, type Reply } from "./packet-codec.ts";

export type Exchanged =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "failed"; readonly reason: string };

/** Asks over UDP, and over TCP when the reply is truncated. `timeout` in ms counts for each of the two. */
export async function exchange(server: NameServer, query: Query, timeout: number, clock: Clock): Promise<Exchanged> {
  const first = await overUdp(server, query, timeout, clock);
  return first.kind === "reply" && first.reply.truncated ? overTcp(server, query, timeout, clock) : first;
}

const DAMAGED: Exchanged = { kind: "failed", reason: "damaged reply" };

function overUdp(server: NameServer, query: Query, timeout: number, clock: Clock): Promise<Exchanged> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server.address) ? "udp6" : "udp4");
    let settled = false;
    const settle = (result: Exchanged): void => {
      if (settled) return;
      settled = true;
      cancel();
      socket.close();
      resolve(result);
    };
    const failed = (reason: string): void => settle({ kind: "failed", reason });
    const cancel = clock.after(timeout, () => failed("no answer in time"));
    socket.on("error", (error) => failed(error.message));
    socket.on("message", (octets) => {
      // Somebody else's answer, or a forged one: keep waiting for ours.
      if (!belongsTo(octets, query)) return;
      const reply = decodeReply(octets);
      settle(reply ? { kind: "reply", reply } : DAMAGED);
    });
    // Also called when there is no way to the server (the network is down): nothing can be sent then.
    socket.connect(server.port, server.address, (problem?: Error) => {
      if (problem) failed(problem.message);
      else if (!settled) socket.send(query.octets, (error) => error && failed(error.message));
    });
  });
}

function overTcp(server: NameServer, query: Query, timeout: number, clock: Clock): Promise<Exchanged> {
  return new Promise((resolve) => {
    const socket = connect(server.port, server.address);
    const cancel = clock.after(timeout, () => settle({ kind: "failed", reason: "no answer in time over TCP" }));
    const settle = (result: Exchanged): void => {
      cancel();
      socket.destroy();
      resolve(result);
    };
    let received = Buffer.alloc(0);
    socket.on("error", (error) => settle({ kind: "failed", reason: error.message }));
    socket.on("close", () => settle({ kind: "failed", reason: "connection closed" }));
    socket.on("connect", () => {
      // RFC 1035 §4.2.2: two octets of length before the message, in both directions.
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.octets.length);
      socket.write(Buffer.concat([length, query.octets]));
    });
    socket.on("data", (octets) => {
      received = Buffer.concat([received, octets]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const message = received.subarray(2, 2 + received.readUInt16BE(0));
      const reply = belongsTo(message, query) ? decodeReply(message) : undefined;
      settle(reply ? { kind: "reply", reply } : DAMAGED);
    });
  });
}
