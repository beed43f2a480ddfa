/** /mx and /canon: what DNS and the hosts file say about a name. */
import { canonicalAddress, literalAddress } from "../../dns/address.ts";
import { listMx } from "../../dns/mx.ts";
import { openNames, type NameSources } from "../../dns/names.ts";
import { canonify } from "../../dns/search.ts";
import type { TestSession } from "./session.ts";

export async function mailExchangers(session: TestSession, host: string): Promise<void> {
  if (host === "") return session.say("Usage: /mx address");
  const names = namesOf(session);
  const literal = host.startsWith("[");
  if (literal || canonicalAddress(host) !== undefined) {
    const known = literal && literalAddress(host) !== undefined;
    session.say(`getmxrr(${host}) returns ${known ? 1 : 0} value(s):`);
    if (known) session.say(`\t${host}`);
    return;
  }
  const own = session.config.classWords("w");
  const answer = await listMx(names, host, (name) => own.has(name));
  if (answer.kind === "hosts" && isTheHost(answer.hosts, host)) return withoutMx(session, names, host);
  switch (answer.kind) {
    case "nullmx":
      return session.say(`getmxrr(${host}) returns null MX (See RFC7505)`);
    case "tempfail":
      return session.say(`getmxrr(${host}) returns -1 value(s):`);
    case "hosts":
      session.say(`getmxrr(${host}) returns ${answer.hosts.length} value(s):`);
      for (const { name } of answer.hosts) session.say(`\t${name}.`);
      return;
    default:
      session.say(`getmxrr(${host}) returns 0 value(s):`);
  }
}

/** A list that is the host itself: there is no MX record. */
function isTheHost(hosts: readonly { readonly name: string }[], host: string): boolean {
  return hosts.length === 1 && hosts[0].name.toLowerCase() === host.replace(/\.$/, "").toLowerCase();
}

/** The host takes its own mail, by its complete name; an alias does not. */
async function withoutMx(session: TestSession, names: NameSources, host: string): Promise<void> {
  const plain = host.replace(/\.$/, "");
  const answer = await canonify(names, plain);
  const name = answer.kind === "found" ? answer.name.replace(/\.$/, "") : plain;
  const same = `${name.toLowerCase()}.`.startsWith(`${plain.toLowerCase()}.`);
  session.say(`getmxrr(${host}) returns ${same ? 1 : 0} value(s):`);
  if (same) session.say(`\t${name}.`);
}

/** Longer names are not asked for. */
const LONGEST_NAME = 255;

export async function canonicalName(session: TestSession, host: string): Promise<void> {
  if (host === "") return session.say("Usage: /canon address");
  if (host.length > LONGEST_NAME) return session.say("Name too long");
  const answer = await canonify(namesOf(session), host);
  session.say(`getcanonname(${host}) returns ${answer.kind === "found" ? answer.name : host.replace(/\.$/, "")}`);
}

function namesOf({ config, world }: TestSession): NameSources {
  const { options } = config;
  const services = config.services("hosts").filter((each) => each === "files" || each === "dns");
  return openNames(world.machine, world.resolver, {
    services,
    hostsFile: options.isSet("HostsFile") ? options.text("HostsFile") : world.machine.hostsFile,
    domain: config.expand(config.macros.get("m") ?? "", config.macros),
    keepAliases: options.flag("DontExpandCnames"),
    wildcardMx: /(?:^|\s)\+?haswildcardmx\b/i.test(options.text("ResolverOptions")),
  });
}
