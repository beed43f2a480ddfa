/** The sources of host names that host, dns and bestmx ask, made once for a map at its first look-up. */
import { type HostService, type NameSources, openNames } from "../dns/names.ts";
import type { MapEnvironment } from "./environment.ts";

export function namesOf(environment: MapEnvironment): () => NameSources {
  let names: NameSources | undefined;
  return () => {
    if (environment.names) return environment.names();
    if (names) return names;
    const services = environment.services("hosts").filter((each): each is HostService => /^(?:dns|files)$/.test(each));
    const options = { clock: environment.clock, ...(services.length === 0 ? {} : { services }) };
    return (names = openNames(environment.machine, environment.resolver, {
      ...options,
      ...environment.nameOptions?.(),
    }));
  };
}
