/**
 * `name-server.ts ZONE PORT`: the name server of test/peers/genuine, on 127.0.0.1. Writes "ready" when it answers, and
 * runs until it is ended. A zone is a text: a line for each record, NAME TYPE DATA, as in test/peers/zone.
 */
import { readFileSync } from "node:fs";
import { startDnsServer } from "../support/dns-server.ts";

function readZone(file: string): Record<string, string[]> {
  const zone: Record<string, string[]> = {};
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const words = line.replace(/#.*/, "").trim().split(/\s+/);
    if (words.length < 2) continue;
    const [name, ...record] = words;
    (zone[name] ??= []).push(record.filter((word) => word !== "-").join(" "));
  }
  return zone;
}

const [file, port] = process.argv.slice(2);
await startDnsServer(readZone(file), Number(port));
process.stdout.write("ready\n");
