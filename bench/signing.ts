/**
 * `node bench/signing.ts [MESSAGES [SIZE]]`: what signing (DKIM) adds to a message that is relayed, in CPU milliseconds: three servers
 * beside each other, without keys, with an RSA key of 2048 bits, and with an Ed25519 key, take turns with slices of the messages.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeFolder, makeKey, writeKey } from "../src/authentication/signing/new-keys.ts";
import { generate } from "./generator.ts";
import { costOf } from "./process-cost.ts";
import { type RunningServer, startServer } from "./server.ts";
import { startSink } from "./sink.ts";

const [messages = 2000, size = 10_240] = process.argv.slice(2).map(Number);
const WARM_UP = 1500;
const SLICES = 4;
const PATIENCE_MS = 120_000;
const DOMAIN = "sender.test";

const folder = mkdtempSync(join(tmpdir(), "rulemail-signing-"));
const keys = { rsa: makeKey("rsa", 2048), ed25519: makeKey("ed25519", 256) };
for (const [name, key] of Object.entries(keys)) {
  makeFolder(join(folder, name, DOMAIN));
  writeKey(join(folder, name, DOMAIN), DOMAIN, name, key);
}
const sink = await startSink();
const servers: RunningServer[] = [];

async function send({ port }: RunningServer, count: number): Promise<void> {
  const wanted = (await sink.counters()).messages + count;
  const load = { sessions: 20, perConnection: Infinity, sender: `load@${DOMAIN}`, recipient: "user@sink.test" };
  await generate({ ...load, port, messages: count, size });
  const deadline = Date.now() + PATIENCE_MS;
  while ((await sink.counters()).messages < wanted) {
    if (Date.now() > deadline) throw new Error("accepted messages did not arrive in time");
    await sleep(20);
  }
}

try {
  for (const options of [[], [`DKIMKeys=${folder}/rsa`], [`DKIMKeys=${folder}/ed25519`]]) {
    servers.push(await startServer({ deliveryMode: "background", relayPort: sink.port, options }));
  }
  for (const server of servers) await send(server, WARM_UP);
  const before = servers.map(({ pid }) => costOf(pid).cpu);
  for (let slice = 0; slice < SLICES; slice++) {
    for (const server of slice % 2 === 0 ? servers : servers.toReversed()) await send(server, messages / SLICES);
  }
  const [off, rsa, ed25519] = servers.map(({ pid }, at) => (costOf(pid).cpu - before[at]) / messages);
  const signed = servers.map((server) => server.log().split("dkim=signed").length - 1);
  process.stdout.write(`${messages} messages of ${size} octets; signed: ${signed.join(", ")}\n`);
  process.stdout.write(
    `unsigned ${off.toFixed(3)}, RSA 2048 +${(rsa - off).toFixed(3)}, Ed25519 +${(ed25519 - off).toFixed(3)}\n`,
  );
} finally {
  for (const server of servers) await server.stop();
  await sink.close();
  rmSync(folder, { recursive: true });
}
