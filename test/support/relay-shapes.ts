/**
 * Ways to write an address so that a careless host sends its mail on to a stranger's: made of pieces, not typed. A shape
 * leads to `victim` through `own`, a domain that the server takes mail for.
 */

export interface Shape {
  readonly name: string;
  readonly address: string;
}

type Piece = readonly [name: string, make: (victim: string, own: string) => string];

/** User names that hold another address, and may stand in front of `@own`. */
const HIDDEN: readonly Piece[] = [
  ["percent", (victim) => `u%${victim}`],
  ["two percents", (victim, own) => `u%${victim}%${own}`],
  ["percent and literal", () => "u%[203.0.113.200]"],
  ["bang", (victim) => `${victim}!u`],
  ["bang path", (victim, own) => `${own}!${victim}!u`],
  ["bang and percent", (victim) => `${victim}!u%${victim}`],
  ["at", (victim) => `u@${victim}`],
  ["quoted at", (victim) => `"u@${victim}"`],
  ["quoted percent", (victim) => `"u%${victim}"`],
  ["quoted bang", (victim) => `"${victim}!u"`],
  ["quoted route", (victim, own) => `"@${own}:u@${victim}"`],
  ["quoted with a blank", (victim) => `"u @ ${victim}"`],
  ["quoted in part", (victim) => `"u"%${victim}`],
  ["quoted sign", (victim) => `u"@"${victim}`],
  ["quoted twice", (victim) => `"\\"u@${victim}\\""`],
  ["escaped at", (victim) => `u\\@${victim}`],
  ["escaped percent", (victim) => `u\\%${victim}`],
  ["escaped bang", (victim) => `${victim}\\!u`],
  ["escaped everything", (victim) => `\\u\\@${victim}`],
  ["comment behind", (victim) => `u%${victim}(own)`],
  ["comment inside", (victim) => `u(x)@(y)${victim}`],
  ["brackets inside", (victim) => `<u@${victim}>`],
  ["group", (victim) => `group:u@${victim};`],
  ["uucp suffix", (victim) => `u%${victim}.UUCP`],
  ["detail", (victim) => `u+x%${victim}`],
  ["full width at", (victim) => `u\uff20${victim}`],
  ["full width percent", (victim) => `u\uff05${victim}`],
  ["empty user", (victim) => `%${victim}`],
  ["slash", (victim) => `/u@${victim}`],
  ["list", (victim) => `u@${victim},u`],
];

/** What may follow the user name: nothing, or a host that is the server's. */
const HOSTS: readonly Piece[] = [
  ["at our domain", (_victim, own) => `@${own}`],
  ["alone", () => ""],
  ["at an empty host", () => "@"],
  ["at localhost", () => "@localhost"],
  ["at the loopback", () => "@[127.0.0.1]"],
  ["at our domain, with a dot", (_victim, own) => `@${own}.`],
  ["at our domain, upper case", (_victim, own) => `@${own.toUpperCase()}`],
  ["at our domain, by percent", (_victim, own) => `%${own}@${own}`],
];

/** Addresses of their own kind. */
const WHOLE: readonly Piece[] = [
  ["plain", (victim) => `u@${victim}`],
  ["upper case", (victim) => `U@${victim.toUpperCase()}`],
  ["final dot", (victim) => `u@${victim}.`],
  ["two final dots", (victim) => `u@${victim}..`],
  ["leading dot", (victim) => `u@.${victim}`],
  ["comment", (victim) => `u@${victim}(comment)`],
  ["comment with our domain", (victim, own) => `u@${victim}(@${own})`],
  ["nested comments", (victim, own) => `u@(((${own})))${victim}`],
  ["blanks", (victim) => `u @ ${victim}`],
  ["source route", (victim, own) => `@${own}:u@${victim}`],
  ["long source route", (victim, own) => `@${own},@${own}:u@${victim}`],
  ["source route to us", (victim, own) => `@${victim}:u@${own}`],
  ["route with percent", (victim, own) => `@${own}:u%${victim}@${own}`],
  ["route with a bang", (victim, own) => `@${own}:${victim}!u`],
  ["literal", () => "u@[203.0.113.200]"],
  ["literal without brackets", () => "u@203.0.113.200"],
  ["IPv6 literal", () => "u@[IPv6:2001:db8::200]"],
  ["number as host", () => "u@3405803976"],
  ["two hosts", (victim, own) => `u@${own}@${victim}`],
  ["host in a bang path", (victim, own) => `${own}!u@${victim}`],
  ["our domain as user", (victim, own) => `${own}@${victim}`],
  ["our domain below it", (victim, own) => `u@${own}.${victim}`],
  ["it below our domain", (victim, own) => `u@${victim}.${own}`],
  ["quoted whole", (victim) => `"u"@${victim}`],
  ["backslash in the host", (victim) => `u@\\${victim}`],
  ["quoted host", (victim) => `u@"${victim}"`],
  ["umlaut", () => "u@v\u00edctim.test"],
  ["ideographic dot", (victim) => `u@${victim.replace(".", "\u3002")}`],
  ["uucp", (victim) => `u@${victim}.UUCP`],
  ["nested brackets", (victim) => `<<u@${victim}>>`],
  ["phrase", (victim, own) => `"x@${own}" <u@${victim}>`],
  ["mailbox list", (victim, own) => `x@${own},u@${victim}`],
  ["empty route to an IPv6 literal", () => "@:u@[IPv6:2001:db8::200]"],
  ["empty route with percent", () => "@:u%[IPv6:2001:db8::200]"],
  ["route of an IPv6 literal to another", () => "@[IPv6:2001:db8::201]:@[IPv6:2001:db8::200]"],
  ["route of an IPv6 literal, two at signs", () => "@[IPv6:2001:db8::201]:@u@[IPv6:2001:db8::200]"],
  ["empty route", (victim) => `@:u@${victim}`],
  ["two routes, one empty", (victim, own) => `@${own}:@:u@${victim}`],
  ["bang path to a host with percent", (victim, own) => `${own}!u@${victim}%${own}`],
  ["bang path to a host with a bang", (victim, own) => `${own}!u@${victim}!${own}`],
  ["percent before a host with percent", (victim, own) => `u%@${victim}%${own}`],
  ["null octets of the mind", (victim) => `u@${victim}%00`],
];

/** All shapes, each once. Octets of UTF-8 stand as they go over the wire. */
export function relayShapes(victim: string, own: string): readonly Shape[] {
  const found = new Map<string, Shape>();
  const add = (name: string, address: string): void => {
    const octets = Buffer.from(address, "utf8").toString("latin1");
    if (!found.has(octets)) found.set(octets, { name, address: octets });
  };
  for (const [name, make] of WHOLE) add(name, make(victim, own));
  for (const [where, host] of HOSTS)
    for (const [name, user] of HIDDEN) add(`${name}, ${where}`, `${user(victim, own)}${host(victim, own)}`);
  return [...found.values()];
}
