/**
 * `node --expose-gc reload-cycles.ts COUNT`: a server of its own that is reloaded so many times while sessions come, leave
 * messages and go. Prints as JSON what is in use after 5 reloads and after all of them: octets of memory, open
 * descriptors, sites that are still reachable.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { openDeliverySite, SERVING } from "../../src/daemon/delivery-site.ts";
import { Server } from "../../src/daemon/server.ts";
import { Destinations } from "../../src/delivery/smtp/destinations.ts";
import { Dns2Resolver } from "../../src/dns/dns2-resolver.ts";
import { silentLog } from "../../src/log/log.ts";
import { systemClock } from "../../src/sys/clock.ts";
import { readMachine } from "../../src/sys/machine.ts";
import { InProcessWorkers } from "./in-process-workers.ts";
import { SmtpClient } from "./smtp-client.ts";

const FEW = 5;
const root = join(import.meta.dirname, "../..");
const collect = (globalThis as { gc?: () => void }).gc;
const sites: WeakRef<object>[] = [];

interface Usage {
  readonly memory: number;
  readonly open: number;
  readonly sites: number;
}

async function usage(): Promise<Usage> {
  for (let i = 0; i < 10; i++) {
    await turn();
    collect?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  const live = sites.filter((each) => each.deref() !== undefined).length;
  return { memory: heapUsed + external, open: readdirSync("/proc/self/fd").length, sites: live };
}

/** A session that leaves one message and another that is in the middle of one when the configuration changes. */
async function visit(server: Server, reload: () => Promise<unknown>): Promise<void> {
  const [{ boundPort }] = server.listeners;
  const { client: half } = await SmtpClient.open(boundPort);
  await half.command("EHLO client.test");
  await half.command("MAIL FROM:<>");
  await half.command("RCPT TO:<alice@localhost>");
  const { client } = await SmtpClient.open(boundPort);
  await client.command("EHLO client.test");
  const answer = await client.send("", ["alice@localhost"], "Subject: x\r\n\r\nbody");
  if (!answer.startsWith("250")) throw new Error(answer);
  await reload();
  await half.command("DATA");
  half.write("Subject: x\r\n\r\nbody\r\n.\r\n");
  await half.reply();
  for (const each of [half, client]) {
    await each.command("QUIT");
    each.close();
  }
}

async function main(cycles: number): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "reload-"));
  process.env["RULEMAIL_HOME"] = home;
  process.env["RULEMAIL_MACHINE"] = join(home, "machine.json");
  writeFileSync(join(home, "hosts"), "127.0.0.1 localhost\n");
  const machine = { hostName: "localhost", nameServers: [], search: [], hostsFile: join(home, "hosts") };
  writeFileSync(join(home, "machine.json"), JSON.stringify(machine));
  const words = [
    `-DSERVER_HOME=${home}`,
    `-DSERVER_SETTINGS=${home}`,
    "-DSERVER_PORT=0",
    "-DSERVER_MSA_PORT=0",
    "-DconfDELIVERY_MODE=queue",
  ];
  const cf = execFileSync(join(root, "bin/rulemail"), ["mc", ...words, join(root, "cf/standalone.mc")]);
  const file = join(home, "sendmail.cf");
  writeFileSync(file, cf);
  writeFileSync(join(home, "aliases"), "alice: root\n");
  const surroundings = {
    machine: readMachine(),
    clock: systemClock,
    log: silentLog,
    workers: new InProcessWorkers(),
    resolver: new Dns2Resolver({ machine: readMachine(), clock: systemClock }),
    destinations: new Destinations(systemClock),
  };
  const opened = await openDeliverySite({ file, settings: [], opMode: SERVING }, surroundings);
  if (opened.kind === "failed") throw new Error(opened.messages.join("\n"));
  const server = await Server.start({ configFile: file, settings: [], listen: true }, surroundings, opened.site);
  let few: Usage | undefined;
  for (let done = 1; done <= cycles; done++) {
    await visit(server, () => server.reload());
    for (const { id } of await server.store.list()) await server.store.remove(id);
    sites.push(new WeakRef(server.site));
    if (done === FEW) few = await usage();
  }
  const many = await usage();
  await server.stop(0);
  rmSync(home, { recursive: true, force: true });
  console.log(JSON.stringify({ few, many }));
}

await main(Number(process.argv[2] ?? FEW * 2));
