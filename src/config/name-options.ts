/** The options that bear on questions about host names, as dns/names.ts wants them. */
import type { OptionName } from "./options/table.ts";
import type { NameSources } from "../dns/names.ts";
import type { Machine } from "../sys/machine.ts";

/** @param option text of an option, as it is now */
export function namesAsOptionsWant(
  machine: Machine,
  option: (name: OptionName) => string,
): Pick<NameSources, "keepAliases" | "machine"> {
  const resolver = new Set(option("ResolverOptions").toLowerCase().split(/\s+/));
  const searches = !(resolver.has("-defnames") && resolver.has("-dnsrch"));
  return {
    keepAliases: /^[ty]/i.test(option("DontExpandCnames")),
    machine: searches ? machine : { ...machine, search: [] },
  };
}
