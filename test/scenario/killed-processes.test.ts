/**
 * Processes that are killed in the middle of local deliveries, each user with a uid of his own: the server, its root helper, a
 * pool process. Nothing that was acknowledged is lost, nobody's mail lies with another's ids, no process stays. Needs root.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "../support/mail-server.ts";
import { type RootServer, RootSite } from "../support/root-server.ts";
import { SmtpClient } from "../support/smtp-client.ts";

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;
const USERS = 40;
const FIRST = 52_600;
const SESSIONS = 6;
/** Messages that are acknowledged before each killing. */
const BETWEEN = 40;

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
    return text.trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function isOver(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return true;
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

/** Sends numbered messages until told to stop or the connection breaks. */
async function load(port: number, next: () => number, acknowledged: Set<number>, isOn: () => boolean): Promise<void> {
  const { client } = await SmtpClient.open(port);
  try {
    if ((await client.command("EHLO client.test")) === "") return;
    while (isOn()) {
      const number = next();
      const message = `Subject: number ${number}\r\n\r\n${"x".repeat(500)}\r\nend of ${number}`;
      const answer = await client.send("", [`u${number % USERS}@mail.example.test`], message);
      if (!answer.startsWith("250 2.0.0")) return;
      acknowledged.add(number);
    }
  } finally {
    client.close();
  }
}

asRoot("local mail while processes are killed (skipped: needs root)", () => {
  let site: RootSite;
  let server: RootServer;
  const acknowledged = new Set<number>();
  let counter = 0;
  let on = true;
  let running: Promise<void>[] = [];

  const begin = (): void => {
    on = true;
    const { MTA: port } = server.ports;
    running = Array.from({ length: SESSIONS }, () =>
      load(
        port,
        () => counter++,
        acknowledged,
        () => on,
      ),
    );
  };
  const end = async (): Promise<void> => {
    on = false;
    await Promise.all(running);
  };
  const more = (): Promise<unknown> => {
    const wanted = acknowledged.size + BETWEEN;
    return eventually("acknowledgements", () => acknowledged.size >= wanted, 60_000);
  };
  const processes = (): { readonly helper: number; readonly pools: readonly number[] } => {
    const [helper] = childrenOf(server.pid);
    return { helper, pools: childrenOf(helper) };
  };
  /** A program and what it started. */
  const strays = (): number[] => {
    const file = site.path("out/pids");
    return existsSync(file) ? readFileSync(file, "latin1").split("\n").filter(Boolean).map(Number) : [];
  };
  /** No process of the server is left, then it is started again. */
  const again = async (pids: readonly number[]): Promise<void> => {
    const names = pids.map((pid) => `${pid} ${nameOf(pid)}`).join(", ");
    await eventually(`the end of all processes (${names})`, () => pids.every(isOver), 60_000).catch(
      (error: unknown) => {
        const left = pids.filter((pid) => !isOver(pid)).map((pid) => `${pid} ${nameOf(pid)}`);
        throw new Error(`left: ${left.join(", ")}`, { cause: error });
      },
    );
    server = await site.start();
  };

  beforeAll(async () => {
    site = new RootSite();
    const lines = Array.from({ length: USERS }, (_, at) => {
      return `u${at}:x:${FIRST + at}:${FIRST + at}::${site.home}/home/u${at}:/bin/sh\n`;
    });
    site.write("passwd", lines.join(""));
    mkdirSync(site.path("out"));
    chmodSync(site.path("out"), 0o777);
    // Only the first time: its mail is tried again.
    const stray = `test -e ${site.path("out/pids")} && exit 0
(trap '' TERM; sleep 1000; sleep 1000) & echo $! >${site.path("out/new")}
echo $$ >>${site.path("out/new")}
mv ${site.path("out/new")} ${site.path("out/pids")}
wait
`;
    site.write("stray.sh", stray);
    site.write("aliases", `postmaster: u0\nstray: "|/bin/sh ${site.path("stray.sh")}"\n`);
    site.configure();
    server = await site.start();
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    site.remove();
  });

  test("a pool process: its tasks are tried again, the others go on", async () => {
    begin();
    await more();
    const { pools } = processes();
    process.kill(pools[0], "SIGKILL");
    await more();
    await eventually("another one", () => processes().pools.some((pid) => !pools.includes(pid)), 60_000);
    await end();
    await eventually("the log", () => site.log().includes("a pool process has ended by itself; tasks that it had"));
  }, 120_000);

  test.each<[string, NodeJS.Signals, boolean]>([
    ["the server", "SIGKILL", false],
    ["the server, a pool process being stopped", "SIGKILL", true],
    ["the server, by a fault", "SIGABRT", false],
  ])(
    "%s: no process stays, and the next server goes on",
    async (_name, signal, isStopped) => {
      begin();
      await more();
      const { helper, pools } = processes();
      if (isStopped) process.kill(pools[0], "SIGSTOP");
      server.signal(signal);
      await server.kill().catch(() => undefined);
      await end();
      await again([server.pid, helper, ...pools]);
    },
    120_000,
  );

  test("all pool processes: others take their places", async () => {
    begin();
    await more();
    const { pools } = processes();
    for (const pid of pools) process.kill(pid, "SIGKILL");
    await more();
    await eventually("others", () => processes().pools.some((pid) => !pools.includes(pid)), 60_000);
    await end();
  }, 120_000);

  test("the root helper: the pool ends, local mail waits, the rest goes on", async () => {
    begin();
    await more();
    const { helper, pools } = processes();
    process.kill(helper, "SIGKILL");
    await eventually("the end of the pool", () => pools.every(isOver), 60_000);
    await more();
    server.signal("SIGHUP");
    await eventually("a word about the configuration", () => site.log().includes("the old configuration stays"));
    await eventually("a word about mail", () =>
      site.log().includes("stat=Deferred: no pool process: the root helper has ended"),
    );
    await more();
    await end();
    const log = site.log();
    expect(log).toContain("the root helper has ended: mail for this host waits in the queue");
    expect(log).toMatch(/cannot read \S+ again, the root helper has ended: start the server again/);
    expect(await server.stop()).toBe(0);
    await again([server.pid, helper, ...pools]);
  }, 120_000);

  test("the server: a program that delivers for it ends too, with all that it started", async () => {
    const { MTA: port } = server.ports;
    const { client } = await SmtpClient.open(port);
    await client.command("EHLO client.test");
    const answer = await client.send("", ["stray@mail.example.test"], "Subject: x\r\n\r\nx");
    expect(answer).toMatch(/^250 2\.0\.0/);
    client.close();
    await eventually("the program", () => strays().length === 2, 60_000);
    expect(strays().some(isOver)).toBe(false);
    const { helper, pools } = processes();
    server.signal("SIGKILL");
    await server.kill().catch(() => undefined);
    await again([server.pid, helper, ...pools, ...strays()]);
  }, 120_000);

  test("nothing is lost, torn, or somebody else's", async () => {
    const find = (): Set<number> => {
      const numbers = new Set<number>();
      for (let at = 0; at < USERS; at++) {
        const folder = site.path(`mail/u${at}`);
        expect(statSync(folder).uid).toBe(FIRST + at);
        for (const file of readdirSync(join(folder, "new"))) {
          const path = join(folder, "new", file);
          const { uid, gid } = statSync(path);
          expect([uid, gid]).toEqual([FIRST + at, FIRST + at]);
          const text = readFileSync(path, "latin1");
          const number = Number(/^Subject: number (\d+)/m.exec(text)?.[1]);
          expect(text).toContain(`end of ${number}\n`);
          expect(number % USERS).toBe(at);
          numbers.add(number);
        }
      }
      return numbers;
    };
    site.run("sendmail", ["-q"]);
    const missing = (): number[] => {
      const there = find();
      return [...acknowledged].filter((number) => !there.has(number));
    };
    await eventually("all mail in mailboxes", () => missing().length === 0, 60_000);
    expect(acknowledged.size).toBeGreaterThan(6 * BETWEEN - 1);
  }, 120_000);
});
