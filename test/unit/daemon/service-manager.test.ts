import { expect, test } from "@jest/globals";
import { ServiceManager } from "../../../src/daemon/service-manager.ts";
import type { LogLine } from "../../../src/log/log.ts";

function recorder(fails = false) {
  const messages: string[] = [];
  const lines: string[] = [];
  const log = { enabled: () => true, write: (_: number, line: LogLine) => void lines.push(line.text) };
  const tell = async (message: readonly string[], socket: string): Promise<void> => {
    // A later one is not told before an earlier one has arrived.
    await new Promise((resolve) => setImmediate(resolve));
    messages.push(`${socket} ${message.join("|")}`);
    if (fails) throw new Error("no such program");
  };
  return { messages, lines, options: { log, tell, pid: 7 } };
}

test("nobody is told where there is no NOTIFY_SOCKET, and the variables are gone for programs", () => {
  const environment = { NOTIFY_SOCKET: "", WATCHDOG_USEC: "1", WATCHDOG_PID: "7", PATH: "/bin" };
  expect(ServiceManager.take(environment, recorder().options)).toBe(undefined);
  expect(environment).toEqual({ PATH: "/bin" });
});

test("messages are told in order, each with its lines, and close() waits for them", async () => {
  const { messages, options } = recorder();
  const environment = { NOTIFY_SOCKET: "/run/n" };
  const manager = ServiceManager.take(environment, options);
  manager?.ready("MTA 0.0.0.0:25\nEVIL=1");
  manager?.reloading();
  manager?.stopping("SIGTERM");
  await manager?.close();
  expect(environment).toEqual({});
  expect(messages.map((text) => text.replace(/\d{6,}/, "N"))).toEqual([
    "/run/n READY=1|STATUS=MTA 0.0.0.0:25 EVIL=1",
    "/run/n RELOADING=1|MONOTONIC_USEC=N",
    "/run/n STOPPING=1|STATUS=SIGTERM",
  ]);
});

test("signs of life are told when they are wanted of this process alone", async () => {
  for (const [owner, isTold] of [
    ["7", true],
    ["8", false],
  ] as const) {
    const { messages, options } = recorder();
    const { promise, resolve } = Promise.withResolvers<void>();
    const tell = (lines: readonly string[], socket: string): Promise<void> =>
      options.tell(lines, socket).finally(() => resolve());
    const manager = ServiceManager.take(
      { NOTIFY_SOCKET: "@n", WATCHDOG_USEC: "2000", WATCHDOG_PID: owner },
      { ...options, tell },
    );
    if (isTold) await promise;
    await manager?.close();
    expect(messages.includes("@n WATCHDOG=1")).toBe(isTold);
  }
});

test("what cannot be told is logged once, and stops nothing", async () => {
  const { lines, options } = recorder(true);
  const manager = ServiceManager.take({ NOTIFY_SOCKET: "/run/n" }, options);
  manager?.ready("here");
  manager?.stopping("SIGTERM");
  await manager?.close();
  expect(lines).toEqual([
    "cannot tell READY=1 at NOTIFY_SOCKET: no such program: the service manager does not know how the server is (it needs systemd-notify, and NotifyAccess=all)",
  ]);
});
