import { createServer, isIPv6, type Socket } from "node:net";
import { describe, expect, test } from "@jest/globals";
import type { ClientFailure } from "../../../../src/delivery/smtp/failure.ts";
import { connectToFirst, inTurns } from "../../../../src/delivery/smtp/happy-eyeballs.ts";
import { closing } from "../../../support/closing.ts";
import { agent, texts } from "../../../support/smtp-delivery.ts";

function failure(message: string): ClientFailure {
  return { kind: "refused", message, during: "connect" };
}

function of(...addresses: string[]): { address: string; family: 4 | 6 }[] {
  return addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
}

function turns(...addresses: string[]): string[] {
  return inTurns(of(...addresses)).map(({ address }) => address);
}

test("inTurns() lets the families take turns, and keeps the order inside of each", () => {
  const six = ["2001:db8::1", "2001:db8::2", "2001:db8::3"];
  const four = ["192.0.2.1", "192.0.2.2"];
  expect(turns(...six, ...four)).toEqual(["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "2001:db8::3"]);
  expect(turns(...four, ...six).slice(0, 2)).toEqual(["192.0.2.1", "2001:db8::1"]);
  expect(turns(...four)).toEqual(four);
  expect(turns()).toEqual([]);
});

describe("connectToFirst()", () => {
  type Answer = "connects" | "fails" | "hangs";
  const never = new AbortController().signal;

  /** Places by how they answer; what was begun, what was ended early. */
  function places(...answers: readonly Answer[]) {
    const begun: number[] = [];
    const ended: number[] = [];
    const connect = (place: number, signal: AbortSignal) => {
      begun.push(place);
      if (answers[place] === "fails") return Promise.resolve({ failure: failure(`no ${place}`) });
      if (answers[place] === "connects") return Promise.resolve({ socket: {} as Socket });
      return new Promise<{ failure: ClientFailure }>((resolve) => {
        signal.addEventListener("abort", () => {
          ended.push(place);
          resolve({ failure: failure("aborted") });
        });
      });
    };
    const go = (signal = never) => connectToFirst([...answers.keys()], connect, signal);
    return { begun, ended, go };
  }

  test("takes the first that connects and begins no other", async () => {
    const { go, begun } = places("connects", "connects");
    expect(await go()).toMatchObject({ place: 0, socket: {} });
    expect(begun).toEqual([0]);
  });

  test("goes on at once when one fails, and after a moment when one says nothing; who is late is ended", async () => {
    const { go, begun, ended } = places("fails", "hangs", "hangs", "connects", "connects");
    expect(await go()).toMatchObject({ place: 3 });
    expect(begun).toEqual([0, 1, 2, 3]);
    expect(ended).toEqual([1, 2]);
  });

  test("says why the last one failed when all do, whichever took longest", async () => {
    expect(await places("fails", "fails").go()).toMatchObject({ place: 1, failure: { message: "no 1" } });
    const abort = new AbortController();
    const { go } = places("hangs", "fails", "fails");
    const waiting = go(abort.signal);
    setTimeout(() => abort.abort(), 400);
    expect(await waiting).toMatchObject({ place: 2, failure: { message: "no 2" } });
  });

  test("a name with many addresses that say nothing is tried at a few of them at once", async () => {
    let [pending, most, begun] = [0, 0, 0];
    const connect = async () => {
      most = Math.max(most, ++pending);
      begun++;
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      pending--;
      return { failure: failure("nothing") };
    };
    expect(await connectToFirst([...Array.from({ length: 10 }).keys()], connect, never)).toMatchObject({ place: 9 });
    expect(begun).toBe(10);
    expect(most).toBeLessThanOrEqual(6);
  });

  test("ends with the delivery", async () => {
    const abort = new AbortController();
    const { go, ended } = places("hangs", "hangs");
    const waiting = go(abort.signal);
    abort.abort();
    expect(await waiting).toMatchObject({ failure: { message: "aborted" } });
    expect(ended).toEqual([0]);
  });
});

test("a message and the next one on its connection leave with MAIL, RCPT and DATA in one piece", async () => {
  const pieces: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.write("220 x ESMTP\r\n");
    let inMessage = false;
    socket.on("data", (chunk) => {
      const piece = chunk.toString("latin1");
      pieces.push(piece.replaceAll(/ .*\r\n/g, "\r\n"));
      if (inMessage) {
        inMessage = !piece.endsWith("\r\n.\r\n");
        if (!inMessage) socket.write("250 taken\r\n");
        return;
      }
      if (piece.startsWith("EHLO")) return void socket.write("250-x\r\n250 PIPELINING\r\n");
      if (piece.startsWith("QUIT")) return void socket.end("221 bye\r\n");
      inMessage = piece.endsWith("DATA\r\n");
      return void socket.write("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => new Promise((resolve) => server.close(() => resolve())));
  const deliver = agent((server.address() as { port: number }).port);
  for (let count = 0; count < 2; count++) {
    expect(texts(await deliver({ users: ["a@b.test", "c@b.test"] }))).toEqual([
      "2.0.0 Sent (taken)",
      "2.0.0 Sent (taken)",
    ]);
  }
  const commands = pieces.filter((piece) => piece.startsWith("MAIL"));
  expect(commands).toEqual(Array.from({ length: 2 }, () => "MAIL\r\nRCPT\r\nRCPT\r\nDATA\r\n"));
});
