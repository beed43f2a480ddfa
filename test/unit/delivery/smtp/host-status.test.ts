import { expect, test } from "@jest/globals";
import { OwnHostStatus } from "../../../../src/delivery/smtp/host-status.ts";
import { deferred } from "../../../../src/delivery/outcome.ts";

const down = deferred("4.4.1", "Connection timed out with mx.b.test.");

function status(rememberAll = false): { readonly hosts: OwnHostStatus; readonly pass: (ms: number) => void } {
  let now = 1_000_000;
  const clock = { now: () => now, after: () => () => undefined };
  return { hosts: new OwnHostStatus(clock, 60_000, rememberAll), pass: (ms) => (now += ms) };
}

test("a host that had to be waited for is remembered for Timeout.hoststatus", () => {
  const { hosts, pass } = status();
  hosts.isDown("mx", down, 30_000);
  expect(hosts.known("mx")).toBe(down);
  expect(hosts.known("other")).toBeUndefined();
  pass(60_000);
  expect(hosts.known("mx")).toBeUndefined();
});

test("a host that refused at once is tried again, unless host status is kept for all", () => {
  const { hosts } = status();
  hosts.isDown("mx", down, 5);
  expect(hosts.known("mx")).toBeUndefined();
  const all = status(true);
  all.hosts.isDown("mx", down, 5);
  expect(all.hosts.known("mx")).toBe(down);
  all.hosts.isUp("mx");
  expect(all.hosts.known("mx")).toBeUndefined();
});
