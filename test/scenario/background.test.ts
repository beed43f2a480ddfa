/**
 * `sendmail -bd`: the caller gets its shell back, with the status of the start, and the server keeps nothing of the
 * caller's: neither its output nor files that happened to be open.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { eventually } from "../support/mail-server.ts";

const bin = join(import.meta.dirname, "../../bin");
const PATIENCE_MS = 60_000;

let home: string;
let cf: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "background-"));
  cf = join(home, "sendmail.cf");
  writeFileSync(join(home, "machine.json"), JSON.stringify({ hostName: "mail.example.test", nameServers: [] }));
  writeFileSync(join(home, "aliases"), "postmaster: root\n", { mode: 0o644 });
  writeFileSync(join(home, "passwd"), "", { mode: 0o644 });
  const words = ["HOME=", "SETTINGS="].flatMap((name) => ["-D", `SERVER_${name}${home}`]);
  const ports = ["-D", "SERVER_PORT=0", "-D", "SERVER_MSA_PORT=0"];
  const made = shell(`rulemail mc ${[...words, ...ports].join(" ")} ${bin}/../cf/standalone.mc > ${cf}`);
  expect(made).toMatchObject({ status: 0, stderr: "" });
});
afterEach(async () => {
  await stop();
  rmSync(home, { recursive: true, force: true });
});

function shell(text: string) {
  const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-c", text], {
    encoding: "latin1",
    timeout: PATIENCE_MS,
    env: {
      PATH: `${bin}:${process.env["PATH"] ?? ""}`,
      RULEMAIL_HOME: home,
      RULEMAIL_MACHINE: join(home, "machine.json"),
    },
  });
  return { status, stdout, stderr };
}

function pid(): number {
  const file = join(home, "rulemail.pid");
  return existsSync(file) ? Number.parseInt(readFileSync(file, "latin1"), 10) : 0;
}

function isRunning(process_: number): boolean {
  try {
    process.kill(process_, 0);
    return true;
  } catch {
    return false;
  }
}

async function stop(): Promise<void> {
  const running = pid();
  if (running === 0) return;
  process.kill(running, "SIGTERM");
  await eventually("the end of the server", () => !isRunning(running));
}

test("a pipe behind -bd comes to its end while the server runs", () => {
  const piped = shell(`sendmail -bd -C ${cf} 2>&1 | cat; echo "\${PIPESTATUS[0]}"`);
  expect(piped).toMatchObject({ status: 0, stdout: "0\n" });
  expect(isRunning(pid())).toBe(true);
});

test("a failed start is said and has a status, through a pipe as well", async () => {
  expect(shell(`sendmail -bd -C ${cf}`)).toMatchObject({ status: 0, stdout: "", stderr: "" });
  const second = shell(`sendmail -bd -C ${cf} 2>&1 | cat; echo "\${PIPESTATUS[0]}"`);
  expect(second.stdout).toMatch(/process \d+ is using it\n69\n$/);
  const nothing = shell(`sendmail -bd -C ${home}/none.cf 2>&1 | cat; exit "\${PIPESTATUS[0]}"`);
  expect(nothing.stdout).toContain("none.cf");
  expect(nothing.status).toBeGreaterThan(0);
});

test("files that the caller has open, and locks on them, end with the caller", () => {
  const lock = join(home, "lock");
  shell(`exec 9>${lock} 200>${lock}; flock 200; sendmail -bd -C ${cf}`);
  expect(isRunning(pid())).toBe(true);
  expect(shell(`flock -n ${lock} echo free`).stdout).toBe("free\n");
});

test.each(["-bd", "-b d", "-q30m", "-qp5m"])("%s starts one server, which knows its command line", (words) => {
  expect(shell(`sendmail ${words} -C ${cf} 2>&1 | cat`)).toMatchObject({ status: 0, stdout: "" });
  expect(isRunning(pid())).toBe(true);
  expect(readFileSync(join(home, "rulemail.pid"), "latin1").split("\n")[1]).toMatch(new RegExp(`sendmail ${words} -C`));
});
