/** What sys/shared-reads.ts relies on inside net.Socket: where this suite fails, sockets emit "data", and every read costs more. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { afterEach, expect, test } from "@jest/globals";
import { readShared } from "../../src/sys/shared-reads.ts";
import { until } from "../support/smtp-dialogue.ts";

const closed: (() => void)[] = [];

afterEach(() => {
  for (const close of closed.splice(0)) close();
});

/** Both ends of a connection. */
async function pair(): Promise<{ accepted: Socket; client: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const client = connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1");
  const [accepted] = (await once(server, "connection")) as [Socket];
  closed.push(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  return { accepted, client };
}

test.each(["accepted", "client"] as const)(
  "the socket of the %s side reads into one buffer, to its end",
  async (side) => {
    const ends = await pair();
    const [socket, other] = side === "accepted" ? [ends.accepted, ends.client] : [ends.client, ends.accepted];
    const memory = new Set<ArrayBufferLike>();
    let heard = "";
    const stop = readShared(socket, (octets) => {
      memory.add(octets.buffer);
      heard += octets.toString("latin1");
    });
    expect(stop).toBeDefined();
    const ended = once(socket, "end");
    socket.resume();
    for (const text of ["one", "two", "x".repeat(200_000)]) {
      other.write(text);
      await until(() => heard.endsWith(text));
    }
    other.end();
    await ended;
    expect(heard).toHaveLength(200_006);
    expect(memory.size).toBe(1);
  },
);

test("what was read before comes first; a paused socket reads nothing; whoever listens for data hears of it, too", async () => {
  const { accepted, client } = await pair();
  client.write("early ");
  await until(() => accepted.readableLength > 0);
  let [heard, beside] = ["", ""];
  readShared(accepted, (octets) => (heard += octets.toString("latin1")));
  accepted.resume();
  client.write("later ");
  await until(() => heard === "early later ");
  accepted.pause();
  client.write("much later");
  // Time enough for another connection.
  const other = await pair();
  other.client.write("x");
  await until(() => other.accepted.readableLength > 0);
  expect(heard).toBe("early later ");
  accepted.on("data", (octets: Buffer) => (beside += octets.toString("latin1")));
  accepted.resume();
  await until(() => heard === "early later much later");
  expect(beside).toBe("much later");
});

test("what is read after the end is nobody's", async () => {
  const { accepted, client } = await pair();
  let heard = "";
  const stop = readShared(accepted, (octets) => (heard += octets.toString("latin1")));
  accepted.resume();
  client.write("one");
  await until(() => heard === "one");
  stop?.();
  const gone = once(accepted, "end");
  client.end("two");
  await gone;
  expect(heard).toBe("one");
});

test("what only looks like a socket is left as it is", () => {
  const stream = new PassThrough();
  expect(readShared(stream as unknown as Socket, () => undefined)).toBeUndefined();
});
