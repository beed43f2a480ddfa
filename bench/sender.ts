/**
 * What it costs to find out who has sent a message: the same 10 KB, with a DKIM signature of RSA 2048, through a server that
 * asks nothing, and through one with FEATURE(spf) and FEATURE(dmarc). Both run beside each other and take turns, so that a slow
 * moment of the machine is slow for both. Answers of the DNS are in the server's cache after the first message.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { generate, type Load } from "./generator.ts";
import { costsInTurns, median } from "./in-turns.ts";
import { type RunningServer, startServer } from "./server.ts";
import type { Print, Wishes } from "./wishes.ts";

const SLICES = 8;
const SIZE = 10_240;
const CLIENT = "192.0.2.7";
const FEATURES: Readonly<Record<string, readonly string[]>> = {
  "nothing is asked": [],
  "SPF alone": ["FEATURE(`spf')"],
  "SPF, DKIM, DMARC, ARC": ["FEATURE(`spf')", "FEATURE(`dmarc')"],
};

export async function benchSender(print: Print, wishes: Pick<Wishes, "messages" | "warmUp" | "sessions" | "profile">) {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const zone = {
    "author.test": ["A 192.0.2.7", `TXT v=spf1 ip4:${CLIENT} -all`],
    "_dmarc.author.test": ["TXT v=DMARC1; p=reject"],
    "s1._domainkey.author.test": [
      `TXT v=DKIM1; p=${publicKey.export({ type: "spki", format: "der" }).toString("base64")}`,
    ],
    "7.2.0.192.in-addr.arpa": ["PTR author.test"],
  };
  const options = ["DaemonPortOptions=Name=P, Port=0, Addr=127.0.0.1, M=P", "ProxyHosts=127.0.0.1"];
  const servers: RunningServer[] = [];
  try {
    for (const features of Object.values(FEATURES)) {
      const profile = features.length > 1 ? wishes.profile : undefined;
      servers.push(await startServer({ deliveryMode: "queue", relayPort: 9, features, zone, options, profile }));
    }
    const message = signedMessage(privateKey);
    const send = async ({ port }: RunningServer, messages: number): Promise<void> => {
      const addresses = { sender: "ann@author.test", recipient: "alice@mail.example.test" };
      const opening = `PROXY TCP4 ${CLIENT} 192.0.2.25 40000 25\r\n`;
      const { sessions } = wishes;
      const load: Load = {
        port,
        sessions,
        messages,
        size: SIZE,
        perConnection: Infinity,
        opening,
        message,
        ...addresses,
      };
      const { problem, refused } = await generate(load);
      if (problem !== undefined) print("problem", [`${refused} refused: ${problem.trim()}`]);
    };
    for (const server of servers) await send(server, wishes.warmUp);
    const costs = await costsInTurns(servers, { turns: SLICES, slice: Math.ceil(wishes.messages / SLICES) }, send);
    tell(print, costs);
    print("results", [results(servers.at(-1)!)]);
  } finally {
    for (const server of servers) await server.stop();
  }
}

function tell(print: Print, costs: readonly number[][]): void {
  const [without] = costs;
  Object.keys(FEATURES).forEach((title, i) => {
    // In pairs with the slice of the same turn.
    const added = costs[i].map((each, turn) => each - without[turn]);
    const more = i === 0 ? [] : [`${median(added).toFixed(3)} ms more`];
    print(title, [`${median(costs[i]).toFixed(3)} ms CPU each`, ...more]);
  });
}

/** What was found out of the last message, so that nobody measures the wrong thing. */
function results(server: RunningServer): string {
  return (
    server
      .log()
      .match(/sender: [^\n]*/g)
      ?.at(-1) ?? "none"
  );
}

/** rsa-sha256, relaxed/relaxed, with nothing in it that would have to be relaxed but case and blanks of the header. */
function signedMessage(key: KeyObject): Buffer {
  const fields = [
    ["From", "Ann <ann@author.test>"],
    ["To", "alice@mail.example.test"],
    ["Subject", "what this costs"],
    ["Date", "Tue, 01 Dec 2026 03:00:00 +0000"],
    ["Message-ID", "<1@author.test>"],
  ] as const;
  const line = `${"0123456789".repeat(8).slice(0, 76)}\r\n`;
  const body = line.repeat(Math.floor(SIZE / line.length));
  const hash = createHash("sha256").update(body).digest("base64");
  const names = fields.map(([name]) => name.toLowerCase()).join(":");
  const tags = `v=1; a=rsa-sha256; c=relaxed/relaxed; d=author.test; s=s1; h=${names}; bh=${hash}; b=`;
  const canonical = fields.map(([name, value]) => `${name.toLowerCase()}:${value}\r\n`).join("");
  const signature = sign("sha256", Buffer.from(`${canonical}dkim-signature:${tags}`), key).toString("base64");
  const header = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(`DKIM-Signature: ${tags}${signature}\r\n${header}\r\n${body}.\r\n`, "latin1");
}
