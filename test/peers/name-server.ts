/**
 * `name-server.ts ZONE PORT`: the name server of test/peers/genuine, on 127.0.0.1. Writes "ready" when it answers, and
 * runs until it is ended.
 */
import { startDnsServer } from "../support/dns-server.ts";
import { readZone } from "../support/zone-file.ts";

const [file, port] = process.argv.slice(2);
await startDnsServer(readZone(file), Number(port));
process.stdout.write("ready\n");
