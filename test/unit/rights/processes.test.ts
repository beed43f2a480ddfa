/** How the processes beside a server end: always, and with it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { basename, join } from "node:path";
import { tmpdir } from "node:os";
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { afterEach, describe, expect, test } from "@jest/globals";
import { RootHelper } from "../../../src/rights/root-helper.ts";
import { NO_TERMS } from "../../../src/rights/terms.ts";
import { eventually, isAlive, isRoot, openTestPool, type TestPool, userOf } from "../../support/pool.ts";

const asRoot = isRoot ? describe : describe.skip;
const script = join(import.meta.dirname, "../../support/pool-server.ts");

interface Pids {
  readonly server: number;
  readonly helper: number;
  readonly pools: readonly number[];
}

async function startServer(...how: readonly string[]): Promise<Pids> {
  const child = spawn(process.execPath, ["--no-warnings", script, ...how], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return JSON.parse(line.toString()) as Pids;
}

function stateOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2)[0];
  } catch {
    return "gone";
  }
}

/** Gone, or a zombie of a process that is gone and that this machine's init has not collected. */
function isOver(pid: number): boolean {
  return !isAlive(pid) || stateOf(pid) === "Z";
}

asRoot("processes (skipped: needs root)", () => {
  test.each<NodeJS.Signals>(["SIGKILL", "SIGTERM", "SIGSEGV", "SIGABRT"])(
    "end with a server that gets %s",
    async (name) => {
      const { server, helper, pools } = await startServer("busy");
      expect(pools.length).toBeGreaterThan(0);
      process.kill(server, name);
      await eventually(() => [server, helper, ...pools].every(isOver), "all have ended");
    },
  );

  test("end with a killed server also when a pool process is stopped", async () => {
    const { server, helper, pools } = await startServer("stopped");
    await eventually(() => pools.some((each) => stateOf(each) === "T"), "one is stopped");
    process.kill(server, "SIGKILL");
    await eventually(() => [server, helper, ...pools].every(isOver), "all have ended");
  });

  test("end with a killed server also when the helper is stopped", async () => {
    const { server, helper, pools } = await startServer("busy");
    process.kill(helper, "SIGSTOP");
    await eventually(() => stateOf(helper) === "T", "it is stopped");
    process.kill(server, "SIGKILL");
    await eventually(() => [server, helper, ...pools].every(isOver), "all have ended");
  });

  test.each([0, 2, 5, 20])("end with a server that asked for more of them %i ms ago", async (ms) => {
    const { server, helper, pools } = await startServer("asking", String(ms));
    await eventually(() => [server, helper, ...pools].every(isOver), "all have ended");
  });

  test("do not mind the signals of a terminal", async () => {
    const { server, helper, pools } = await startServer("busy");
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      for (const pid of [helper, ...pools]) process.kill(pid, name);
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([server, helper, ...pools].every((each) => isAlive(each) && !isOver(each))).toBe(true);
    process.kill(server, "SIGKILL");
    await eventually(() => [server, helper, ...pools].every(isOver), "all have ended");
  });
});

test("the pool process of an ordinary user ends with a killed server, stopped or not", async () => {
  const { server, pools } = await startServer("own");
  await eventually(() => pools.every((each) => stateOf(each) === "T"), "it is stopped");
  process.kill(server, "SIGKILL");
  await eventually(() => [server, ...pools].every(isOver), "all have ended");
});

asRoot("the root helper (skipped: needs root)", () => {
  let open: TestPool | undefined;
  afterEach(() => open?.close());

  test("that is killed is missed, and takes the pool along", async () => {
    open = openTestPool();
    const { pool, helper, home } = open;
    const never = new AbortController().signal;
    const argument = { deed: "pid", path: join(home(1), "x") };
    const ask = () => pool.run(userOf(1), "maildir", argument, [], never);
    const { output } = await ask();
    const parent = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${output}/status`, "latin1"))?.[1]);
    process.kill(parent, "SIGKILL");
    expect(await helper.ended).toBe("the root helper has ended");
    await eventually(() => isOver(Number(output)), "the pool process has ended");
    // The first may be sent before the end of the connection is seen.
    expect(await ask()).toMatchObject({ kind: "later" });
    expect(await ask()).toMatchObject({ kind: "later", text: "no pool process: the root helper has ended" });
  });

  test("that cannot begin is no helper: the server hears of it at its start", async () => {
    const options = { terms: NO_TERMS, termsCommand: [], folder: "/" };
    const helper = new RootHelper({ ...options, command: ["/bin/false"] });
    await expect(helper.begun()).rejects.toThrow(/helper|EPIPE|channel/i);
    await helper.ended;
    await expect(new RootHelper({ ...options, command: ["/nonexistent"] }).begun()).rejects.toThrow();
    open = openTestPool();
    await open.helper.begun();
  });

  test("opens ports of the configuration and no others", async () => {
    const port = { host: "127.0.0.1", port: 0, family: 4 } as const;
    open = openTestPool(0, { ports: [port] });
    const server = await open.helper.listen(port);
    try {
      server.on("connection", (socket) => socket.end("here"));
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("no port");
      const client = createConnection(address.port, "127.0.0.1");
      const [octets] = (await once(client, "data")) as [Buffer];
      expect(octets.toString()).toBe("here");
    } finally {
      server.close();
    }
    await expect(open.helper.listen({ ...port, port: 25 })).rejects.toThrow("no port 127.0.0.1:25");
    await expect(open.helper.listen({ ...port, host: "" })).rejects.toThrow("no port");
  });

  test("says which system call refused a port", async () => {
    const port = { host: "192.0.2.1", port: 0, family: 4 } as const;
    open = openTestPool(0, { ports: [port] });
    await expect(open.helper.listen(port)).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });

  test("reads files that the configuration names and no others", async () => {
    const key = "/etc/hostname";
    open = openTestPool(0, { files: [key, "/nonexistent", "/dev/zero", "/etc"] });
    const { helper } = open;
    expect(await helper.readFile(key)).toEqual(readFileSync(key));
    await expect(helper.readFile("/etc/shadow")).rejects.toThrow("names no file");
    await expect(helper.readFile("/nonexistent")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(helper.readFile("/dev/zero")).rejects.toThrow("not a regular file");
    await expect(helper.readFile("/etc")).rejects.toThrow("not a regular file");
  });

  test("gives no file of root's away where somebody else could have put it, or the link to it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "named-"));
    const { uid, gid } = userOf(1);
    const place = (name: string, mode: number, owner = 0): string => {
      const path = join(folder, name);
      mkdirSync(path);
      chownSync(path, owner, owner);
      chmodSync(path, mode);
      return path;
    };
    const [closed, sticky, shared, his] = [
      place("closed", 0o755),
      place("sticky", 0o1777),
      place("shared", 0o775),
      place("his", 0o755, uid),
    ];
    const secret = join(closed, "secret");
    writeFileSync(secret, "secret", { mode: 0o600 });
    for (const each of [sticky, shared, his]) {
      writeFileSync(join(each, "own"), "own", { mode: 0o600 });
      symlinkSync(secret, join(each, "link"));
      symlinkSync("../closed/./secret", join(each, "short"));
      linkSync(secret, join(each, "hard"));
      writeFileSync(join(each, "users"), "users", { mode: 0o600 });
      chownSync(join(each, "users"), uid, gid);
      symlinkSync(join(each, "link"), join(closed, `${basename(each)}-link`));
    }
    lchownSync(join(sticky, "link"), uid, gid);
    symlinkSync("secret", join(closed, "link"));
    symlinkSync("loop", join(closed, "loop"));
    const names = readdirSync(folder).flatMap((each) =>
      readdirSync(join(folder, each)).map((name) => `${each}/${name}`),
    );
    open = openTestPool(0, { files: names.map((name) => join(folder, name)) });
    const { helper } = open;
    const given: string[] = [];
    for (const name of names) {
      const octets = await helper.readFile(join(folder, name)).catch(() => undefined);
      if (octets !== undefined) given.push(`${name}: ${octets.toString()}`);
    }
    rmSync(folder, { recursive: true });
    expect(given.toSorted()).toEqual(
      ["his/users: users", "shared/users: users", "sticky/own: own", "sticky/users: users"]
        .concat(["closed/link: secret", "closed/secret: secret", "sticky/short: secret"])
        .toSorted(),
    );
  });

  test("starts no more pool processes than a server can want", async () => {
    open = openTestPool();
    const { helper } = open;
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => helper.open()));
    const started = asked.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    for (const socket of started) socket.destroy();
    expect(started).toHaveLength(12);
  });
});
