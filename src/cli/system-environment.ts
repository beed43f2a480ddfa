/** Everything a configuration may ask, taken from the machine the program runs on. */
import type { Resolver } from "../dns/resolver.ts";
import { silentLog } from "../log/log.ts";
import { environmentIn, type SystemEnvironment } from "../site/surroundings.ts";
import { systemClock } from "../sys/clock.ts";
import { readMachine, type Machine } from "../sys/machine.ts";

/** Throws MachineFileError when RULEMAIL_MACHINE names a file that cannot be used. */
export function systemEnvironment(): SystemEnvironment {
  const machine = readMachine();
  return environmentIn({ machine, resolver: lazyResolver(machine), clock: systemClock, log: silentLog });
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
