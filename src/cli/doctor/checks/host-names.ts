/** The name of this host in DNS: a whole name, that leads here, and back from its addresses. */
import { confirms, nameOfAddress } from "../../../dns/addresses.ts";
import { openNames } from "../../../dns/names.ts";
import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";
import { addressesIn, silent } from "../dns-questions.ts";
import { isLoopbackName, publicAddresses } from "../own-addresses.ts";
import { configOf, hostNameOf, openPorts, type Patient, sendsItself } from "../patient.ts";

export const hostNames: Check = {
  name: "host names",
  about: "DNS of this host: A, AAAA and PTR",
  needs: "configuration",
  async run(patient) {
    const config = configOf(patient);
    const host = hostNameOf(config);
    if (!host.includes(".") || isLoopbackName(host)) return [unnamed(host, patient.file)];
    // A host that only hands mail to another need not be known to anybody.
    if (openPorts(config).length === 0) return [];
    const found = await addressesIn(patient.resolver, host);
    if (found.kind === "silent") return [silent(host, found.reason)];
    if (found.addresses.length === 0) return [nowhere(host)];
    const own = publicAddresses(patient.machine);
    const findings: Finding[] = [];
    if (own.length > 0 && !found.addresses.some((address) => own.includes(address)))
      findings.push(elsewhere(host, found.addresses));
    if (!sendsItself(config)) return findings;
    // Behind a router the addresses of the name are those that others see.
    const seen = own.length > 0 ? own : found.addresses;
    for (const address of seen) findings.push(...(await reverse(patient, address)));
    return findings;
  },
};

function unnamed(host: string, file: string): Finding {
  return {
    kind: "host-name",
    what: `this host calls itself ${host === "" ? "nothing" : host}, which is no name that others could know`,
    where: file,
    todo: "set confDOMAIN_NAME in the .mc to its whole name in DNS, or the name of the machine: hostnamectl set-hostname NAME",
  };
}

function nowhere(host: string): Finding {
  return {
    kind: "host-address",
    what: `${host}, as this host calls itself, has no address in DNS: others refuse mail from it`,
    where: host,
    todo: `publish an A record (and AAAA) for ${host}, or set confDOMAIN_NAME to a name that has one`,
  };
}

function elsewhere(host: string, addresses: readonly string[]): Finding {
  return {
    kind: "host-address",
    what: `${host} leads to ${addresses.join(", ")}, and this machine has none of these addresses`,
    where: host,
    todo: "correct its A and AAAA records, or confDOMAIN_NAME",
  };
}

/** As others see it: the hosts file of this machine is nobody's business. */
async function reverse({ machine, resolver }: Patient, address: string): Promise<Finding[]> {
  const names = openNames(machine, resolver, { services: ["dns"], hostsFile: "/dev/null" });
  const answer = await nameOfAddress(names, address);
  if (answer.kind === "tempfail") return [silent(address, answer.reason)];
  if (answer.kind !== "found") {
    return [
      {
        kind: "ptr-missing",
        what: `${address} has no name in DNS (PTR): many servers refuse mail from it`,
        where: address,
        todo: "ask whoever gave you the address to set its reverse name to the name of this host",
      },
    ];
  }
  const { name } = answer;
  if ((await confirms(names, name, address)) !== false) return [];
  return [
    {
      kind: "ptr-mismatch",
      what: `${address} is called ${name} (PTR), and that name does not lead back to it`,
      where: address,
      todo: `publish ${address} as an address of ${name}, or have the reverse name changed`,
    },
  ];
}
