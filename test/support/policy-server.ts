/**
 * A site of test/golden/policy in this process: its rules, tables and names, sessions, judges and intake are the real ones;
 * what is accepted lies in memory. Clients come over the loopback, and say with PROXY who they are.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identifyClient } from "../../src/daemon/client-identity.ts";
import { Dns2Resolver } from "../../src/dns/dns2-resolver.ts";
import { DatabaseBuilder } from "../../src/maps/build.ts";
import type { SenderEvidence } from "../../src/authentication/evidence.ts";
import type { QueueEntry } from "../../src/queue/queue.ts";
import { compileMc } from "../../src/mc/compile.ts";
import { MemoryStore } from "../../src/queue/memory-store.ts";
import { LoginLimits } from "../../src/reception/login-limits.ts";
import { createIntake } from "../../src/reception/receive.ts";
import { standardJudges } from "../../src/reception/standard-judges.ts";
import { listServices } from "../../src/routing/list-members.ts";
import { openSite } from "../../src/site/open-site.ts";
import type { Site } from "../../src/site/site.ts";
import { openSmtpServer } from "../../src/smtpd/server.ts";
import { systemClock } from "../../src/sys/clock.ts";
import type { PolicySite } from "../golden/policy/rows.ts";
import type { DnsServer } from "./dns-server.ts";
import { fakeServices } from "./fake-smtp-services.ts";
import { ACCOUNTS, policyFiles, SERVER, SERVER6 } from "./policy-site.ts";
import { SmtpDialogue } from "./smtp-dialogue.ts";

export interface PolicyServer {
  /** A client of that address, which has not read its greeting. */
  client(address: string): Promise<SmtpDialogue>;
  /** Lines of the log since the question before. */
  logged(): string[];
  /** Messages that were accepted, in order. */
  readonly accepted: readonly QueueEntry[];
  /** What was known of senders, as whoever collects it hears of it. */
  readonly evidence: readonly SenderEvidence[];
  close(): Promise<void>;
}

/** @param folder a new one for its files */
export async function startPolicyServer(policy: PolicySite, folder: string, dns: DnsServer): Promise<PolicyServer> {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of policyFiles(policy))
    writeFileSync(join(folder, name), text.replaceAll("@DIR@", folder).replaceAll("@PORT@", "0"), "latin1");
  writeFileSync(join(folder, "passwd"), ACCOUNTS);
  const table = new DatabaseBuilder("replace");
  for (const [key, value] of Object.entries(policy.access ?? {})) table.add(key.toLowerCase(), value);
  table.write(join(folder, "access.db"), { mode: 0o600 });
  const lines: string[] = [];
  const log = {
    enabled: (level: number) => level <= 9,
    write: (level: number, { text }: { readonly text: string }) => void (level <= 9 && lines.push(text)),
  };
  const site = await openPolicySite(folder, dns, log);
  const accepted: QueueEntry[] = [];
  const evidence: SenderEvidence[] = [];
  const judges = standardJudges(new LoginLimits(systemClock), {
    clock: systemClock,
    log,
    random: () => 0,
    heard: (each) => evidence.push(each),
  });
  const queue = new MemoryStore(systemClock);
  const intake = createIntake({
    judges,
    queue,
    clock: systemClock,
    log,
    firstTry: () => undefined,
    accepted: (entry) => void accepted.push(entry),
  });
  const port = site.config.daemonPorts[0];
  const listener = await openSmtpServer(
    { ...port, modifiers: new Set([...port.modifiers, "P"]) },
    {
      ...fakeServices(),
      ...listServices(systemClock, () => ({
        read: () => Promise.resolve({ kind: "missing" as const }),
        readPart: () => Promise.resolve({ kind: "missing" as const }),
      })),
      site: () => site,
      judges,
      intake,
      log,
      identify: (_site, address) => identifyClient(site.hosts, address),
      startQueueRun: () => 1,
    },
  );
  return {
    async client(address) {
      const client = await SmtpDialogue.open(listener.boundPort);
      lines.length = 0;
      const ends = address.includes(":") ? `TCP6 ${address} ${SERVER6}` : `TCP4 ${address} ${SERVER}`;
      await client.raw(`PROXY ${ends} 40000 25\r\n`);
      return client;
    },
    logged: () => lines.splice(0),
    accepted,
    evidence,
    close: async () => {
      await listener.close(1);
      await site.close();
    },
  };
}

async function openPolicySite(
  folder: string,
  dns: DnsServer,
  log: Parameters<typeof createIntake>[0]["log"],
): Promise<Site> {
  const file = join(folder, "site.mc");
  const { text, complete, diagnostics } = compileMc({ file });
  if (!complete) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const cf = join(folder, "site.cf");
  writeFileSync(cf, text, "latin1");
  const machine = dns.machine();
  const resolver = new Dns2Resolver({ machine, clock: systemClock });
  const options = ["ProxyHosts=127.0.0.1", `MailboxDatabase=passwd:${join(folder, "passwd")}`];
  const settings = options.map((option) => ({ kind: "option" as const, text: ` ${option}` }));
  const opened = await openSite(
    { file: cf, settings, opMode: "d" },
    { machine, resolver, clock: systemClock, log },
    () => ({
      close: () => undefined,
    }),
  );
  if (opened.kind === "failed" || opened.exit !== 0) throw new Error(opened.messages.join("\n"));
  return opened.site;
}
