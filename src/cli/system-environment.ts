/** Everything a configuration may ask, taken from the machine the program runs on. */
import type { ConfigEnvironment } from "../config/environment.ts";
import type { Resolver } from "../dns/resolver.ts";
import { silentLog } from "../log/log.ts";
import { systemClock } from "../sys/clock.ts";
import { groupId } from "../sys/groups.ts";
import { ConfiguredUsers } from "../sys/mailbox-database.ts";
import { readMachine, type Machine } from "../sys/machine.ts";

export interface SystemEnvironment extends ConfigEnvironment {
  /** To be told the option MailboxDatabase when the configuration has been read. */
  readonly users: ConfiguredUsers;
}

/** Throws MachineFileError when RULEMAIL_MACHINE names a file that cannot be used. */
export function systemEnvironment(): SystemEnvironment {
  const machine = readMachine();
  const resolver = lazyResolver(machine);
  return {
    machine,
    resolver,
    users: new ConfiguredUsers(systemClock),
    group: groupId,
    clock: systemClock,
    log: silentLog,
  };
}

/** Loads the DNS library at the first question: most test dialogues and submissions never ask one. */
function lazyResolver(machine: Machine): Resolver {
  let real: Resolver | undefined;
  let loading: Promise<Resolver> | undefined;
  return {
    query(name, type) {
      if (real) return real.query(name, type);
      loading ??= import("../dns/dns2-resolver.ts").then(
        ({ Dns2Resolver }) => (real = new Dns2Resolver({ machine, clock: systemClock })),
      );
      return loading.then((resolver) => resolver.query(name, type));
    },
  };
}
