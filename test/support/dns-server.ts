/**
 * A name server on loopback for tests: UDP and TCP on one free port, built from dns2's server.
 *
 * Zone: name → records as text. `"A 192.0.2.1"`, `"MX 10 mail.example.test"`, `"TXT some text"`, `"SRV 1 2 25 target"`,
 * `"TLSA 030101ab.."`, `"AFSDB 1 host"`; a number in front is the TTL (300 otherwise). Special words: `"SERVFAIL"`, `"REFUSED"`,
 * `"NODATA"`, `"DROP"` (no answer), `"TRUNCATE"` (over UDP only a truncated answer), `"NOEDNS"` (FORMERR when asked
 * with EDNS), `"SIGNED"` (AD bit), `"BARE"` (an alias without what it points to). Other names do not exist.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTCPServer, createUDPServer, Packet, type Resource } from "dns2";
import type { Machine } from "../../src/sys/machine.ts";

export type Zone = Readonly<Record<string, readonly string[]>>;

export interface DnsServer {
  readonly address: string;
  readonly port: number;
  /** Questions so far: "udp A www.example.test". */
  readonly asked: string[];
  /** Changes one name; no records: it no longer exists. */
  set(name: string, ...records: string[]): void;
  /** A machine that asks this server; short timeouts, one attempt. */
  machine(changes?: Partial<Machine>): Machine;
  close(): Promise<void>;
}

const SPECIAL: ReadonlySet<string> = new Set([
  "SERVFAIL",
  "REFUSED",
  "NODATA",
  "DROP",
  "TRUNCATE",
  "NOEDNS",
  "SIGNED",
  "BARE",
]);
const TYPES: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AFSDB: 18,
  AAAA: 28,
  SRV: 33,
  TLSA: 52,
};
const TYPE_NAMES = new Map(Object.entries(TYPES).map(([name, number]) => [number, name]));

interface Entry {
  readonly special: ReadonlySet<string>;
  readonly records: readonly Resource[];
}

/** @param wantedPort 0: any that is free */
export async function startDnsServer(zone: Zone = {}, wantedPort = 0): Promise<DnsServer> {
  const names = new Map<string, Entry>();
  const asked: string[] = [];
  const set = (name: string, ...records: string[]): void => {
    const key = name.replace(/\.$/, "").toLowerCase();
    if (records.length === 0) names.delete(key);
    else names.set(key, readEntry(key, records));
  };
  for (const [name, records] of Object.entries(zone)) set(name, ...records);
  const handle =
    (transport: "udp" | "tcp") =>
    (request: Packet, send: (reply: Packet) => unknown): void => {
      const [{ name, type }] = request.questions;
      asked.push(`${transport} ${TYPE_NAMES.get(type) ?? type} ${name}`);
      const reply = answer(names, request, transport);
      if (reply) void send(reply);
    };
  const { udp, tcp, port } = await listen(wantedPort, handle("udp"), handle("tcp"));
  return {
    address: "127.0.0.1",
    port,
    asked,
    set,
    machine: (changes) => ({
      hostName: "mail.example.test",
      nameServers: [{ address: "127.0.0.1", port }],
      search: ["example.test"],
      ndots: 1,
      timeout: 5,
      attempts: 1,
      hostsFile: "/dev/null",
      ...changes,
    }),
    close: async () => {
      await Promise.all([
        new Promise<void>((resolve) => udp.close(() => resolve())),
        new Promise<void>((resolve) => void tcp.close(() => resolve())),
      ]);
    },
  };
}

/** A file for RULEMAIL_MACHINE; `remove` deletes it. */
export function writeMachine(machine: Machine): { readonly file: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "machine-"));
  const file = join(folder, "machine.json");
  writeFileSync(file, JSON.stringify(machine));
  return { file, remove: () => rmSync(folder, { recursive: true }) };
}

type Handler = (request: Packet, send: (reply: Packet) => unknown) => void;

/** The port that UDP gets may be taken for TCP: then both try again. */
async function listen(wantedPort: number, onUdp: Handler, onTcp: Handler) {
  for (let tries = 0; ; tries++) {
    const udp = createUDPServer(onUdp);
    await udp.listen(wantedPort, "127.0.0.1");
    const { port } = udp.address();
    const tcp = createTCPServer(onTcp);
    const listening = await new Promise<boolean>((resolve) => {
      tcp.once("error", () => resolve(false));
      tcp.once("listening", () => resolve(true));
      tcp.listen(port, "127.0.0.1");
    });
    if (listening) return { udp, tcp, port };
    await new Promise<void>((resolve) => udp.close(() => resolve()));
    if (wantedPort !== 0 || tries > 20) throw new Error("Cannot find a port that is free for UDP and TCP");
  }
}

function answer(names: ReadonlyMap<string, Entry>, request: Packet, transport: "udp" | "tcp"): Packet | undefined {
  const reply = Packet.createResponseFromRequest(request);
  const header = reply.header as Packet["header"] & { ad: number; ra: number };
  // The C library takes an empty answer without it for one of a server that does not know the zone.
  header.ra = 1;
  const [{ name, type }] = request.questions;
  let current = name.toLowerCase();
  for (let links = 0; links < 12; links++) {
    const entry = names.get(current);
    const word = (each: string): boolean => entry?.special.has(each) ?? false;
    if (word("DROP")) return undefined;
    if (word("NOEDNS") && request.additionals.length > 0) return failed(reply, 1);
    if (word("SERVFAIL")) return failed(reply, 2);
    if (word("REFUSED")) return failed(reply, 5);
    if (word("TRUNCATE") && transport === "udp") {
      header.tc = 1;
      return reply;
    }
    if (word("SIGNED")) header.ad = 1;
    const fitting = entry?.records.filter((record) => record.type === type) ?? [];
    reply.answers.push(...fitting);
    const alias = fitting.length === 0 ? entry?.records.find((record) => record.type === TYPES.CNAME) : undefined;
    if (alias === undefined) {
      if (!exists(names, current)) header.rcode = 3;
      if (fitting.length === 0) reply.authorities.push(startOfAuthority());
      break;
    }
    reply.answers.push(alias);
    current = (alias.domain ?? "").toLowerCase();
    if (word("BARE")) break;
  }
  return reply;
}

function failed(reply: Packet, rcode: number): Packet {
  reply.header.rcode = rcode;
  return reply;
}

/** A name below which others exist is there, too (RFC 8020). */
function exists(names: ReadonlyMap<string, Entry>, name: string): boolean {
  return names.has(name) || [...names.keys()].some((each) => each.endsWith(`.${name}`));
}

function startOfAuthority(): Resource {
  const soa = { name: "test", type: TYPES.SOA, class: 1, ttl: 60, primary: "ns.test", admin: "host.test" };
  return { ...soa, serial: 1, refresh: 1, retry: 1, expiration: 1, minimum: 30 } as unknown as Resource;
}

function readEntry(name: string, lines: readonly string[]): Entry {
  const special = new Set(lines.filter((line) => SPECIAL.has(line)));
  return { special, records: lines.filter((line) => !SPECIAL.has(line)).map((line) => readRecord(name, line)) };
}

function readRecord(name: string, line: string): Resource {
  const [, ttl = "300", type, data] = /^(?:(\d+) )?([A-Z]+) ?(.*)$/s.exec(line) ?? [];
  const make = DATA[type];
  if (!make) throw new Error(`No test record of this form: "${name}" "${line}"`);
  return { name, type: TYPES[type], class: 1, ttl: Number(ttl), ...make(data.split(" ")) } as unknown as Resource;
}

const DATA: Readonly<Record<string, (words: string[]) => object>> = {
  A: ([address]) => ({ address }),
  AAAA: ([address]) => ({ address }),
  CNAME: ([domain]) => ({ domain }),
  PTR: ([domain]) => ({ domain }),
  NS: ([ns]) => ({ ns }),
  MX: ([priority, exchange]) => ({ priority: Number(priority), exchange }),
  SRV: ([priority, weight, port, target]) => ({
    priority: Number(priority),
    weight: Number(weight),
    port: Number(port),
    target,
  }),
  // Strings of at most 255 octets, as the wire has them.
  TXT: (words) => ({ data: words.join(" ").match(/.{1,255}/gs) ?? [""] }),
  TLSA: ([hex]) => ({ data: Buffer.from(hex, "hex") }),
  AFSDB: ([subtype, host]) => ({
    data: Buffer.concat([Buffer.from([0, Number(subtype)]), Packet.Name.encode(host)]),
  }),
};
