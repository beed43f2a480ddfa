/** /mx and /canon: what DNS and the hosts file say about a name. */
import { listMx } from "../../dns/mx.ts";
import { openNames, type NameSources } from "../../dns/names.ts";
import { canonify } from "../../dns/search.ts";
import { namesAsOptionsWant } from "../../config/name-options.ts";
import type { TestSession } from "./session.ts";

export async function mailExchangers(session: TestSession, host: string): Promise<void> {
  if (host === "") return session.say("Usage: /mx address");
  const own = session.config.classWords("w");
  const answer = await listMx(namesOf(session), host, (name) => own.has(name));
  switch (answer.kind) {
    case "nullmx":
      return session.say(`getmxrr(${host}) returns null MX (See RFC7505)`);
    case "tempfail":
      return session.say(`getmxrr(${host}) returns -1 value(s):`);
    case "hosts":
      session.say(`getmxrr(${host}) returns ${answer.hosts.length} value(s):`);
      for (const each of answer.hosts) session.say(`\t${each}`);
      return;
    case "nobody":
      session.say(`getmxrr(${host}) returns 0 value(s):`);
  }
}

/** Longer names are not asked for. */
const LONGEST_NAME = 255;

export async function canonicalName(session: TestSession, host: string): Promise<void> {
  if (host === "") return session.say("Usage: /canon address");
  if (host.length > LONGEST_NAME) return session.say("Name too long");
  const names = namesOf(session);
  const answer = await canonify(names, host);
  const asTyped = names.services.includes("dns") ? host.replace(/\.$/, "") : host;
  session.say(`getcanonname(${host}) returns ${answer.kind === "found" ? answer.name : asTyped}`);
}

function namesOf({ config, world }: TestSession): NameSources {
  const { options } = config;
  const services = config.services("hosts").filter((each) => each === "files" || each === "dns");
  return openNames(world.machine, world.resolver, {
    services,
    hostsFile: options.isSet("HostsFile") ? options.text("HostsFile") : world.machine.hostsFile,
    domain: config.expand(config.macros.get("m") ?? "", config.macros),
    wildcardMx: /(?:^|\s)\+?haswildcardmx\b/i.test(options.text("ResolverOptions")),
    ...namesAsOptionsWant(world.machine, (name) => options.text(name)),
  });
}
