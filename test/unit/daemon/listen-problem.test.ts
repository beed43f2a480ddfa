/** A port that cannot be opened: which line asked for it, who holds it, what to do. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { listenerOn } from "../../../src/daemon/listen-problem.ts";

const root = join(import.meta.dirname, "../../..");
const home = mkdtempSync(join(tmpdir(), "rulemail-port-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function start(...words: readonly string[]) {
  return spawnSync(join(root, "bin/rulemail"), ["start", ...words], {
    encoding: "latin1",
    env: { PATH: process.env["PATH"], RULEMAIL_HOME: home },
  });
}

const onLinux = process.platform === "linux" ? test : test.skip;

onLinux("the process that listens on a port is found", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
  );
  expect(listenerOn(port)).toMatch(new RegExp(`^process ${process.pid} \\(.+\\)$`));
  await new Promise((resolve) => server.close(resolve));
  expect(listenerOn(port)).toBeUndefined();
});

test.each([
  ["exim4", "/usr/sbin/exim4\0-bd\0", "exim4"],
  [
    "MainThread",
    "/x/node\0--max-semi-space-size=8\0/opt/rulemail/dist/main.js\0sendmail\0-bd\0",
    "rulemail: sendmail -bd",
  ],
  ["MainThread", "node\0/srv/app/server.js\0--port\0", "node /srv/app/server.js"],
  ["node", "", "node"],
])("a listener called %s with the command line %j is named %s", (comm, cmdline, name) => {
  const proc = mkdtempSync(join(tmpdir(), "proc-"));
  mkdirSync(join(proc, "net"));
  mkdirSync(join(proc, "812/fd"), { recursive: true });
  const columns = "0: 0100007F:09DD 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4242 1";
  writeFileSync(join(proc, "net/tcp"), `  sl local_address\n   ${columns}\n`);
  symlinkSync("socket:[4242]", join(proc, "812/fd/3"));
  writeFileSync(join(proc, "812/comm"), `${comm}\n`);
  writeFileSync(join(proc, "812/cmdline"), cmdline);
  expect(listenerOn(2525, proc)).toBe(`process 812 (${name})`);
  rmSync(proc, { recursive: true });
});

onLinux("a start on a port that is taken says which line asked for it, and who has it", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
  );
  const { status, stderr } = start(`-DSERVER_PORT=${port}`, "-DSERVER_MSA_PORT=0");
  await new Promise((resolve) => server.close(resolve));
  expect(status).toBe(69);
  expect(stderr).toMatch(
    new RegExp(
      `cannot listen on 127\\.0\\.0\\.1:${port}, which DaemonPortOptions of port MTA \\(${home}/sendmail\\.cf:[0-9]+\\) ` +
        `asks for: Address already in use; process ${process.pid} \\(.*\\) listens there: stop it, or choose another port`,
    ),
  );
});

test("an address that this machine does not have is named", () => {
  const { status, stderr } = start("-DSERVER_ADDRESS=192.0.2.1", "-DSERVER_PORT=0", "-DSERVER_MSA_PORT=0");
  expect(status).toBe(69);
  expect(stderr).toContain("this machine has no address 192.0.2.1");
});
