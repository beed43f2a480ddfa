/**
 * `node bench/signing.ts [--messages=N] [--size=OCTETS] [--profile=FOLDER] [CHECKOUT ...]`: what signing (DKIM) adds to a message that
 * is relayed, in CPU milliseconds: three servers of each checkout, without keys, with an RSA key of 2048 bits, and with an Ed25519
 * key, take turns with slices of the messages. `--profile` has those of the first checkout write what they do into folders below it.
 */
import { type KeyObject, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeFolder, makeKey, writeKey } from "../src/authentication/signing/new-keys.ts";
import { costsInTurns, middleMean } from "./in-turns.ts";
import { relayingTo } from "./relaying.ts";
import { type RunningServer, startServer } from "./server.ts";
import { startSink } from "./sink.ts";

const { values, positionals: roots } = parseArgs({
  options: { messages: { type: "string" }, size: { type: "string" }, profile: { type: "string" } },
  allowPositionals: true,
});
const messages = Number(values.messages ?? 2000);
const size = Number(values.size ?? 10_240);
const WARM_UP = 1500;
const SLICES = 16;
const DOMAIN = "sender.test";
const KEYS = { rsa: makeKey("rsa", 2048), ed25519: makeKey("ed25519", 256) };
const KINDS = ["unsigned", "rsa", "ed25519"] as const;

/** What the library takes for the signature of a header, in this process and at this moment of the machine. */
function alone(key: KeyObject): string {
  const header = Buffer.alloc(900, "h");
  const times = 300;
  const { user, system } = process.cpuUsage();
  for (let i = 0; i < times; i++) sign(key.asymmetricKeyType === "rsa" ? "sha256" : null, header, key);
  const after = process.cpuUsage();
  return ((after.user + after.system - user - system) / 1000 / times).toFixed(3);
}

const folder = mkdtempSync(join(tmpdir(), "rulemail-signing-"));
for (const [name, key] of Object.entries(KEYS)) {
  makeFolder(join(folder, name, DOMAIN));
  writeKey(join(folder, name, DOMAIN), DOMAIN, name, key);
}
const sink = await startSink();
const send = relayingTo(sink, {
  sessions: 20,
  size,
  perConnection: Infinity,
  sender: `load@${DOMAIN}`,
  recipient: "user@sink.test",
});
const servers: RunningServer[] = [];

try {
  const checkouts = roots.length > 0 ? roots : [join(import.meta.dirname, "..")];
  for (const [number, root] of checkouts.entries()) {
    for (const kind of KINDS) {
      const options = kind === "unsigned" ? [] : [`DKIMKeys=${folder}/${kind}`];
      const profile = values.profile !== undefined && number === 0 ? { profile: join(values.profile, kind) } : {};
      const started = { root, deliveryMode: "background", relayPort: sink.port, options, ...profile } as const;
      servers.push(await startServer(started));
    }
  }
  for (const server of servers) await send(server, WARM_UP);
  const slice = Math.ceil(messages / SLICES);
  const costs = await costsInTurns(servers, { turns: SLICES, slice }, send);
  process.stdout.write(`sign() alone: RSA 2048 ${alone(KEYS.rsa.key)}, Ed25519 ${alone(KEYS.ed25519.key)}\n`);
  checkouts.forEach((root, number) => {
    const [off, ...signed] = costs.slice(number * KINDS.length);
    // In pairs with the slice of the same turn.
    const added = signed.map((each) => middleMean(each.map((cost, turn) => cost - off[turn])).toFixed(3));
    const logged = servers.slice(number * KINDS.length).map((server) => server.log().split("dkim=signed").length - 1);
    process.stdout.write(
      `${root}: unsigned ${middleMean(off).toFixed(3)}, RSA 2048 +${added[0]}, Ed25519 +${added[1]}; ` +
        `${slice * SLICES} messages of ${size} octets, signed: ${logged.slice(0, KINDS.length).join(", ")}\n`,
    );
  });
} finally {
  for (const server of servers) await server.stop();
  await sink.close();
  rmSync(folder, { recursive: true });
}
