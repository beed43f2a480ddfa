/** Programs that are started as a user: who they are, what they find, and what is said of those that cannot be. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { commandFor, type ProgramCommand, type ProgramWords } from "../../../src/rights/program-command.ts";
import { type ProgramArgument, runProgram } from "../../../src/rights/program.ts";
import type { ProgramIdentity, TaskResult } from "../../../src/rights/task.ts";
import { eventually } from "../../support/pool.ts";
import { octets } from "../../support/mailbox-tools.ts";

const isRoot = process.getuid?.() === 0;
const JOE: ProgramIdentity = { user: "joe", uid: 52_001, gid: 52_001, groups: [52_001, 52_777], isChange: true };
const ROOT: ProgramIdentity = { user: "root", uid: 0, gid: 0, groups: [0], isChange: true };
const OURS: ProgramIdentity = { user: "me", uid: process.getuid?.() ?? -1, gid: 0, groups: [], isChange: false };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "program-"));
  chmodSync(folder, 0o777);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A shell with a command. */
function sh(command: string): ProgramWords {
  return {
    path: "/bin/sh",
    argv: ["sh", "-c", command],
    environment: ["PATH=/usr/bin:/bin", "HOME=/home/joe", "FOO=a=b"],
    folders: ["/"],
    nice: 0,
    root: "",
  };
}

function run(identity: ProgramIdentity, command: string, more: Partial<ProgramArgument> = {}): Promise<TaskResult> {
  return runProgram(
    { ...sh(command), timeout: 0, ...more },
    octets("message\n"),
    identity,
    new AbortController().signal,
  );
}

/** A process that runs a program as a pool process does; whoever started it had left descriptor 77 open. */
function startRunner(identity: ProgramIdentity, command: string): ChildProcess {
  const script = join(import.meta.dirname, "../../support/program-runner.ts");
  const words = [process.execPath, "--no-warnings", script, JSON.stringify(identity), command];
  const opened = 'use POSIX; open(F, "<", "/etc/passwd"); POSIX::dup2(fileno(F), 77); exec @ARGV';
  return spawn("perl", ["-e", opened, ...words], { stdio: "ignore" });
}

/** A zombie that this machine's init has not collected runs no more. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

const said = (): string => readFileSync(join(folder, "out"), "latin1");

describe.each([["our own", OURS], ...(isRoot ? ([["a user's", JOE]] as const) : [])])(
  "with %s rights",
  (_name, identity) => {
    test("it gets the message, the environment and its own name", async () => {
      const command = `cat >${folder}/out; echo $0 $HOME $FOO >>${folder}/out`;
      const argv = ["another-name", "-c", command, "zero"];
      expect(await run(identity, "", { argv })).toEqual({ kind: "done", status: "2.0.0", text: "" });
      expect(said()).toBe("message\nzero /home/joe a=b\n");
      await run(identity, "", { path: "/bin/cat", argv: ["my-cat", "/none"] }).then(({ exit, output }) => {
        expect([exit, output]).toEqual([1, "my-cat: /none: No such file or directory\n"]);
      });
    });

    test.each([
      [67, "never"],
      [75, "later"],
      [127, "never"],
      [126, "never"],
    ])("exit code %i is its own", async (exit, kind) => {
      expect(await run(identity, `echo no; exit ${exit}`)).toMatchObject({ kind, exit, output: "no\n" });
    });

    test("the first folder that can be entered is where it works", async () => {
      mkdirSync(join(folder, "closed"), { mode: 0o700 });
      mkdirSync(join(folder, "open"), { mode: 0o755 });
      const folders = [join(folder, "none"), join(folder, "closed"), join(folder, "open")];
      await run(identity, `pwd >${folder}/out`, { folders });
      expect(said()).toBe(`${identity === OURS ? folders[1] : folders[2]}\n`);
      expect(await run(identity, "true", { folders: [folders[0]] })).toMatchObject({ kind: "later", status: "4.3.0" });
    });

    test("what is no program waits, and the log says why", async () => {
      writeFileSync(join(folder, "text"), "x");
      expect((await run(identity, "", { path: "/none", argv: ["none"] })).text).toMatch(/^cannot be run.*No such file/);
      const { kind, text } = await run(identity, "", { path: join(folder, "text"), argv: ["text"] });
      expect([kind, text]).toEqual(["later", "cannot be run: Permission denied"]);
    });

    test("whoever it starts ends with it when its starter is killed, asked or not", async () => {
      // The first does not mind being asked; the second has a child of its own.
      const command = `
        (trap '' TERM; echo $(exec sh -c 'echo $PPID') >${folder}/1; sleep 1000; sleep 1000) &
        (sleep 1000 & echo $! >${folder}/2; wait) &
        wait`;
      const runner = startRunner(identity, command);
      const pid = (name: string): string => readFileSync(join(folder, name), "latin1").trim();
      const isThere = (name: string): boolean => existsSync(join(folder, name)) && pid(name) !== "";
      await eventually(() => isThere("1") && isThere("2"), "both run");
      const pids = [Number(pid("1")), Number(pid("2"))];
      expect(pids.every(isRunning)).toBe(true);
      runner.kill("SIGKILL");
      await eventually(() => !pids.some(isRunning), "both have ended");
    });

    test.each([
      ["", 127],
      [".", 0],
    ])("it begins with the octet that says that somebody would end it: %j", async (octet, exit) => {
      const {
        path,
        argv,
        folder: cwd,
        environment,
      } = commandFor(sh(`echo >${folder}/out`), identity) as ProgramCommand;
      const child = spawn(path, argv.slice(1), {
        argv0: argv[0],
        cwd,
        env: { ...environment },
        stdio: ["ignore", "ignore", "ignore", "pipe"],
      });
      (child.stdio[3] as Duplex).end(octet);
      expect(await once(child, "exit")).toEqual([exit, null]);
      expect(existsSync(join(folder, "out"))).toBe(exit === 0);
    });

    test("what ignores that it is to end is ended also when its pool process is killed after the program has ended", async () => {
      const ignoring = `(trap "" TERM; echo 2 >${folder}/2; sleep 1000; sleep 1000) & echo $! >${folder}/1; wait`;
      const runner = startRunner(identity, ignoring);
      const name = join(folder, "1");
      await eventually(() => existsSync(join(folder, "2")) && existsSync(name), "it runs");
      await eventually(() => readFileSync(name, "latin1") !== "", "it has a number");
      const left = Number(readFileSync(name, "latin1"));
      const parent = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${left}/status`, "latin1"))?.[1]);
      runner.kill("SIGHUP");
      await eventually(() => !isRunning(parent), "the program has ended");
      runner.kill("SIGKILL");
      await eventually(() => !isRunning(left), "what it had started has ended");
    });

    test("it has no descriptor of those who started it", async () => {
      const runner = startRunner(identity, `ls -l /proc/self/fd >${folder}/out`);
      await once(runner, "exit");
      const open = [...said().matchAll(/ (\d+) -> (\S+)/g)].map(([, number, target]) => `${number} ${target}`);
      // ls has one for the folder itself.
      const more = open.filter((each) => !/^[012] /.test(each) && !/\/proc\/\d+\/fd$/.test(each));
      expect(more.filter((each) => each !== "3 /dev/null")).toEqual([]);
    });

    test("what a program leaves behind finds nobody who reads its output for ever", async () => {
      // Many times what a pipe holds.
      const left = `for i in $(seq 40000); do echo $i || break; done; echo $i >${folder}/out`;
      const begun = `(trap "" PIPE; until [ -e ${folder}/go ]; do sleep 0.05; done; ${left}) 2>/dev/null & true`;
      expect(await run(identity, begun)).toMatchObject({ kind: "done" });
      writeFileSync(join(folder, "go"), "");
      while (!existsSync(join(folder, "out")) || said() === "") await new Promise((resolve) => setTimeout(resolve, 20));
      expect(said()).toBe("1\n");
    });

    test("one that takes too long is ended with all that it started", async () => {
      const { kind, text } = await run(identity, `sleep 1000 & echo $! >${folder}/out; wait`, { timeout: 300 });
      expect([kind, text]).toEqual(["later", "took too long"]);
      expect(existsSync(`/proc/${said().trim()}/cwd`)).toBe(false);
    });
  },
);

test("a program whose first act is to kill who has started it leaves nothing behind", async () => {
  const runner = startRunner(OURS, `sleep 1000 & echo $! >${folder}/out; kill -KILL $PPID; exit`);
  await once(runner, "exit");
  await eventually(() => !isRunning(Number(said())), "what the program has left behind has ended");
});

const isThere = (path: string): boolean => path === "/there";
test("without a perl it is begun at once, in the first folder that can be entered", () => {
  const words = { ...sh("true"), argv: ["another-name"], folders: ["/none", "/there"], environment: ["A=b=c"] };
  const begun = {
    path: "/bin/sh",
    argv: ["another-name"],
    folder: "/there",
    environment: { A: "b=c" },
    reports: false,
  };
  expect(commandFor(words, OURS, isThere)).toEqual(begun);
  expect(commandFor({ ...words, folders: ["/none"] }, OURS, isThere)).toBeUndefined();
});

(isRoot ? describe : describe.skip)("given up by root", () => {
  test("ids and groups are the user's, all of them", async () => {
    await run(JOE, `id >${folder}/out; grep -E '^(Uid|Gid|Groups|CapEff)' /proc/self/status >>${folder}/out`);
    expect(said().replaceAll(/[\t ]+/g, " ")).toBe(
      [
        "uid=52001 gid=52001 groups=52001,52777",
        "Uid: 52001 52001 52001 52001",
        "Gid: 52001 52001 52001 52001",
        "Groups: 52001 52777 ",
        "CapEff: 0000000000000000",
        "",
      ].join("\n"),
    );
  });

  test("files of others stay closed", async () => {
    writeFileSync(join(folder, "secret"), "x", { mode: 0o600 });
    expect((await run(JOE, `cat ${folder}/secret`)).output).toContain("Permission denied");
  });

  test("nothing that the task says decides about what runs as root before", async () => {
    const evil = join(folder, "bin");
    mkdirSync(evil);
    for (const name of ["setpriv", "perl", "nice", "chroot"]) {
      writeFileSync(join(evil, name), `#!/bin/sh\nid >${folder}/out\n`, { mode: 0o755 });
    }
    // The loader complains of a library that is not there in whatever it loads.
    const environment = [`PATH=${evil}`, "LD_PRELOAD=/none/evil.so", "PERL5OPT=-Mevil"];
    const { output } = await run(JOE, "exit 1", { environment, nice: 3 });
    expect(existsSync(join(folder, "out"))).toBe(false);
    expect(output?.match(/evil\.so/g)).toHaveLength(1);
    const asRoot = await run(ROOT, `/usr/bin/env >${folder}/out; exit 1`, { environment });
    expect(asRoot.output).toBe("");
    expect(said()).toContain("PATH=/usr/local/bin:/usr/bin:/bin\n");
    expect(said()).not.toContain("evil");
  });

  test("with N= it is nicer", async () => {
    await run(JOE, `nice >${folder}/out`, { nice: 5 });
    expect(said()).toBe("5\n");
  });

  test("as root where the configuration says so", async () => {
    await run(ROOT, `id -u >${folder}/out`);
    expect(said()).toBe("0\n");
  });

  test("in a root of its own the folder is /", async () => {
    chownSync(folder, 52_001, 52_001);
    expect(await run(JOE, "", { root: folder, path: "/none", argv: ["none"] })).toMatchObject({ exit: 127 });
  });
});
