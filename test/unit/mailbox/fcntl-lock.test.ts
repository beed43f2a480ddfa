/** fcntl(2) locks by way of a perl, against a python that really has them. */
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { FcntlLocks } from "../../../src/mailbox/fcntl-lock.ts";

let folder: string;
let path: string;
let locks: FcntlLocks;
let warnings: string[];
const open: number[] = [];
const peers: Peer[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fcntl-"));
  path = join(folder, "box");
  writeFileSync(path, "old\n");
  warnings = [];
  locks = new FcntlLocks({ asRoot: (work) => work(), warn: (reason) => warnings.push(reason) });
});
afterEach(() => {
  locks.close();
  peers.splice(0).forEach((peer) => peer.end());
  open.splice(0).forEach((fd) => closeSync(fd));
  rmSync(folder, { recursive: true });
});

function opened(): number {
  const fd = openSync(path, "r+");
  open.push(fd);
  return fd;
}

const hasPerl = existsSync("/usr/bin/perl");
const python = ["python3", "/usr/bin/python3"].find((each) => spawnSync(each, ["-c", "import fcntl"]).status === 0);
const withPeer = hasPerl && python !== undefined ? test : test.skip;

/** Somebody else: locks the file when it gets a line, lets go at the next. Says what came of it. */
const PEER = `
import fcntl, os, sys
f = open(sys.argv[1], "r+b")
for line in sys.stdin:
    try:
        fcntl.lockf(f, fcntl.LOCK_UN if line.startswith("un") else fcntl.LOCK_EX | fcntl.LOCK_NB)
        print("ok", flush=True)
    except OSError as error:
        print("busy", flush=True)
`;

class Peer {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;

  constructor() {
    this.#child = spawn(python!, ["-c", PEER, path], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface(this.#child.stdout);
    peers.push(this);
  }

  async ask(what: "lock" | "unlock"): Promise<string> {
    this.#child.stdin.write(`${what}\n`);
    const [answer] = (await once(this.#lines, "line")) as [string];
    return answer;
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }
}

describe("with another program that locks", () => {
  withPeer("each sees the other's lock", async () => {
    const peer = new Peer();
    const fd = opened();
    expect(await peer.ask("lock")).toBe("ok");
    expect(locks.lock(fd)).toBe("busy");
    expect(await peer.ask("unlock")).toBe("ok");
    expect(locks.lock(fd)).toBe("locked");
    expect(await peer.ask("lock")).toBe("busy");
    locks.unlock(fd);
    // The child lets go before it answers the next question.
    expect(locks.lock(opened())).toBe("locked");
    locks.unlock(open.at(-1)!);
    expect(locks.lock(openSync(folder, "r"))).toBe("unsupported");
    expect(await peer.ask("lock")).toBe("ok");
  });

  withPeer("a child that was killed is replaced, and its locks are free", async () => {
    const peer = new Peer();
    const fd = opened();
    expect(locks.lock(fd)).toBe("locked");
    const before = locks.pid!;
    process.kill(before, "SIGKILL");
    await gone(before);
    expect(await peer.ask("lock")).toBe("ok");
    expect(locks.lock(fd)).toBe("busy");
    expect(locks.pid).not.toBe(before);
    expect(await peer.ask("unlock")).toBe("ok");
    expect(locks.lock(fd)).toBe("locked");
    expect(warnings).toEqual([]);
  });
});

(hasPerl ? test : test.skip)("two processes of ours exclude each other", () => {
  const other = new FcntlLocks({ asRoot: (work) => work(), warn: () => undefined });
  const [mine, theirs] = [opened(), opened()];
  expect(locks.lock(mine)).toBe("locked");
  expect(other.lock(theirs)).toBe("busy");
  other.close();
});

test("without perl there are no locks, and that is said once", () => {
  const none = new FcntlLocks({ asRoot: (work) => work(), warn: (text) => warnings.push(text), programs: ["/none"] });
  expect([none.lock(opened()), none.lock(opened())]).toEqual(["unsupported", "unsupported"]);
  expect(warnings).toEqual(["there is no perl (/none)"]);
});

test("a perl that does not work is given up after some tries", () => {
  const log = (text: string): number => warnings.push(text);
  const broken = new FcntlLocks({ asRoot: (work) => work(), warn: log, programs: ["/bin/true"] });
  expect([broken.lock(opened()), broken.lock(opened())]).toEqual(["unsupported", "unsupported"]);
  expect(warnings).toEqual(["the locking perl ends without an answer"]);
});

(hasPerl ? test : test.skip)("the child has nothing of ours open but what it was given", () => {
  const fd = opened();
  expect(locks.lock(fd)).toBe("locked");
  const names = readdirSync(`/proc/${locks.pid}/fd`).map((each) => readlinkSync(`/proc/${locks.pid}/fd/${each}`));
  expect(names.filter((each) => each.includes(folder))).toEqual([path]);
  expect(names.length).toBeLessThan(6);
});

(hasPerl ? test : test.skip)(
  "the child ends when its parent is killed, and cuts off what that one had begun",
  async () => {
    const script = `
    import { FcntlLocks } from ${JSON.stringify(join(import.meta.dirname, "../../../src/mailbox/fcntl-lock.ts"))};
    import { openSync, writeSync } from "node:fs";
    const locks = new FcntlLocks({ asRoot: (work) => work(), warn: console.log });
    const fd = openSync(${JSON.stringify(path)}, "a+");
    const answer = locks.lock(fd);
    writeSync(fd, "half a mess");
    console.log(answer, locks.pid);
    setInterval(() => undefined, 1000);
  `;
    const child = spawn(process.execPath, ["--no-warnings", "--input-type=module-typescript", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = (await once(child.stdout, "data")) as [Buffer];
    const [answer, pid] = said.toString().trim().split(" ");
    expect(answer).toBe("locked");
    expect(readFileSync(path, "latin1")).toBe("old\nhalf a mess");
    child.kill("SIGKILL");
    await gone(Number(pid));
    expect(readFileSync(path, "latin1")).toBe("old\n");
  },
);

const mayDrop = process.getuid?.() === 0 && hasPerl && spawnSync("setpriv", ["--version"]).status === 0;

/** As in most containers: root, but not so much root that it could look into a process that has changed its ids. */
(mayDrop ? test : test.skip)("where the descriptors are not shown to the child, the file is found by its name", () => {
  const script = `
    import { FcntlLocks } from ${JSON.stringify(join(import.meta.dirname, "../../../src/mailbox/fcntl-lock.ts"))};
    import { openSync, renameSync, writeFileSync } from "node:fs";
    const asRoot = (work) => { process.seteuid(0); try { return work(); } finally { process.seteuid(52001); } };
    const path = process.argv[1];
    const [one, two] = [0, 1].map(() => new FcntlLocks({ asRoot, warn: console.log }));
    const open = () => asRoot(() => openSync(path, "r+"));
    process.seteuid(52001);
    const fd = open();
    console.log(one.lock(fd), two.lock(open()));
    one.unlock(fd);
    console.log(one.lock(fd));
    one.unlock(fd);
    asRoot(() => (renameSync(path, path + ".old"), writeFileSync(path, "")));
    console.log(one.lock(fd));
  `;
  const node = [process.execPath, "--no-warnings", "--input-type=module-typescript", "-e", script, path];
  const { stdout } = spawnSync("setpriv", ["--bounding-set=-sys_ptrace", ...node], { encoding: "utf8" });
  // After the renaming the name that the system tells leads to the same file.
  expect(stdout).toBe("locked busy\nlocked\nlocked\n");
});

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      const state = /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
      if (state === "Z") return;
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
