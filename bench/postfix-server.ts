/**
 * A Postfix that is installed below a folder (for chroot(8), as root), with queue, data and configuration of its own there: what is
 * installed is not changed. It relays everything to one port of the loopback.
 */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { costWithEnded } from "./process-cost.ts";

export interface RunningPostfix {
  readonly port: number;
  readonly version: string;
  /** CPU time of all its processes so far, those that have ended included; ms. */
  cost(): number;
  stop(): void;
}

const READY_MS = 20_000;

/** @param certificate and key, PEM files */
export async function startPostfix(
  root: string,
  { relayPort, certificate, key }: { readonly relayPort: number; readonly certificate: string; readonly key: string },
): Promise<RunningPostfix> {
  const outside = mkdtempSync(join(root, "tmp/rulemail-bench-"));
  const inside = outside.slice(root.length);
  const run = (program: string, ...words: string[]): string => {
    const { stdout, stderr, status } = spawnSync("chroot", [root, program, ...words], { encoding: "utf8" });
    if (status !== 0) throw new Error(`${program} ${words.join(" ")}: ${stdout}${stderr}`);
    return stdout.trim();
  };
  try {
    chmodSync(outside, 0o755);
    for (const name of ["etc", "spool", "data"]) mkdirSync(join(outside, name), { mode: 0o755 });
    chownSync(join(outside, "data"), ...idsOf(root, "postfix"));
    const port = await freePort();
    cpSync(certificate, join(outside, "etc/cert.pem"));
    cpSync(key, join(outside, "etc/key.pem"));
    writeFileSync(join(outside, "etc/main.cf"), settings(inside, relayPort));
    const master = readFileSync(join(root, "etc/postfix/master.cf"), "latin1");
    writeFileSync(join(outside, "etc/master.cf"), services(master, port), "latin1");
    run("/usr/sbin/postfix", "-c", `${inside}/etc`, "start");
    await answers(port);
    const pid = Number(readFileSync(join(outside, "spool/pid/master.pid"), "latin1"));
    return {
      port,
      version: run("/usr/sbin/postconf", "-h", "mail_version"),
      cost: () => costWithEnded(pid),
      stop() {
        run("/usr/sbin/postfix", "-c", `${inside}/etc`, "stop");
        rmSync(outside, { recursive: true });
      },
    };
  } catch (error) {
    rmSync(outside, { recursive: true });
    throw error;
  }
}

/** Nobody is asked for names: only the loopback is there. */
function settings(folder: string, relayPort: number): string {
  const lines = [
    "compatibility_level = 3.6",
    `queue_directory = ${folder}/spool`,
    `data_directory = ${folder}/data`,
    `maillog_file = ${folder}/log`,
    `maillog_file_prefixes = ${folder}`,
    "myhostname = mail.example.test",
    "mydestination =",
    "alias_maps =",
    "mynetworks = 127.0.0.0/8",
    `relayhost = [127.0.0.1]:${relayPort}`,
    "inet_interfaces = loopback-only",
    "inet_protocols = ipv4",
    "smtpd_peername_lookup = no",
    "smtpd_tls_security_level = may",
    `smtpd_tls_cert_file = ${folder}/etc/cert.pem`,
    `smtpd_tls_key_file = ${folder}/etc/key.pem`,
    // The load comes from one client.
    "smtpd_client_connection_count_limit = 0",
  ];
  return `${lines.join("\n")}\n`;
}

/** The installed services, none of them in the chroot of the queue, and SMTP at this port. */
function services(installed: string, port: number): string {
  return installed
    .replace(/^smtp(\s+inet)/m, `127.0.0.1:${port}$1`)
    .replaceAll(/^(\S+\s+(?:inet|unix|fifo|unix-dgram)\s+\S+\s+\S+\s+)y/gm, "$1n");
}

/** Of the accounts below the folder. */
function idsOf(root: string, name: string): [uid: number, gid: number] {
  const line = readFileSync(join(root, "etc/passwd"), "latin1")
    .split("\n")
    .find((each) => each.startsWith(`${name}:`));
  if (line === undefined) throw new Error(`No account ${name} in ${root}/etc/passwd`);
  const [, , uid, gid] = line.split(":");
  return [Number(uid), Number(gid)];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function answers(port: number): Promise<void> {
  for (const end = Date.now() + READY_MS; ; await sleep(50)) {
    const socket = connect({ port, host: "127.0.0.1" });
    try {
      await once(socket, "data");
      return;
    } catch (error) {
      if (Date.now() > end) throw new Error("Postfix did not become ready", { cause: error });
    } finally {
      socket.destroy();
    }
  }
}
