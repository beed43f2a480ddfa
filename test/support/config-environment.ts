/** A machine for tests that read configurations: one name, no name servers that know anything, no users, no log. */
import type { ConfigEnvironment } from "../../src/config/environment.ts";
import { silentLog } from "../../src/log/log.ts";
import { systemClock } from "../../src/sys/clock.ts";

export const configEnvironment: ConfigEnvironment = {
  machine: {
    hostName: "mail.example.test",
    nameServers: [],
    search: [],
    ndots: 1,
    timeout: 1,
    attempts: 1,
    hostsFile: "/dev/null",
  },
  resolver: { query: () => ({ kind: "nxdomain" }) },
  users: { find: () => undefined, findById: () => undefined },
  group: () => undefined,
  clock: systemClock,
  log: silentLog,
};
