/** Mail that goes through a server to the sink: sent, and waited for until all of it has come out. */
import { setTimeout as sleep } from "node:timers/promises";
import { generate, type Load } from "./generator.ts";
import type { Send } from "./in-turns.ts";
import type { Sink } from "./sink.ts";

const PATIENCE_MS = 120_000;

/** Throws when something does not arrive. */
export function relayingTo(sink: Sink, load: Omit<Load, "port" | "messages">): Send {
  return async ({ port }, messages) => {
    const wanted = (await sink.counters()).messages + messages;
    await generate({ ...load, port, messages });
    const deadline = Date.now() + PATIENCE_MS;
    while ((await sink.counters()).messages < wanted) {
      if (Date.now() > deadline) throw new Error("accepted messages did not arrive in time");
      await sleep(20);
    }
  };
}
