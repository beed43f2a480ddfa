/** Where other servers send mail for our domains: MX records, that they are hosts, and that one of them is this host. */
import { isIP } from "node:net";
import type { DnsRecord } from "../../../dns/resolver.ts";
import type { Check } from "../check.ts";
import { addressesIn, silent } from "../dns-questions.ts";
import type { Finding } from "../finding.ts";
import { publicAddresses } from "../own-addresses.ts";
import { configOf, hostNameOf, openPorts, type Patient } from "../patient.ts";

export const mailExchangers: Check = {
  name: "MX",
  about: "DNS of our domains: MX records, and whether they lead here",
  needs: "nothing",
  async run(patient) {
    const receives = patient.subject !== undefined && openPorts(configOf(patient)).length > 0;
    if (!receives && !patient.named) return [];
    const findings: Finding[] = [];
    for (const domain of patient.domains) findings.push(...(await examined(patient, domain, receives)));
    return findings;
  },
};

async function examined(patient: Patient, domain: string, receives: boolean): Promise<Finding[]> {
  const { resolver } = patient;
  const answer = await resolver.query(domain, "MX");
  switch (answer.kind) {
    case "tempfail":
      return [silent(domain, answer.reason)];
    case "nxdomain":
      return [
        {
          kind: "domain-missing",
          what: `there is no domain ${domain}`,
          where: domain,
          todo: "register it, or wait until its name servers know it; else take it out of the configuration",
        },
      ];
    case "nodata": {
      const plain = await addressesIn(resolver, domain);
      // RFC 5321 §5.1: the domain's own address stands in.
      const what =
        plain.kind === "answered" && plain.addresses.length > 0
          ? `${domain} has no MX record: mail goes to its own address, ${plain.addresses[0]}`
          : `${domain} has no MX record: it gets no mail`;
      return [{ kind: "mx-missing", what, where: domain, todo: `publish: ${domain}. MX 10 ${ourName(patient)}.` }];
    }
    case "found":
      return [...(await targets(patient, domain, answer.records, receives))];
  }
}

function ourName({ subject }: Patient): string {
  return subject === undefined ? "MAIL-HOST" : hostNameOf(subject.config);
}

async function targets(
  patient: Patient,
  domain: string,
  records: readonly DnsRecord[],
  receives: boolean,
): Promise<Finding[]> {
  const host = ourName(patient);
  const own = new Set(publicAddresses(patient.machine));
  const findings: Finding[] = [];
  let leadsHere = false;
  const wrong = (what: string): void => {
    findings.push({
      kind: "mx-target",
      what,
      where: domain,
      todo: `publish an MX record with the name of a host that has addresses`,
    });
  };
  for (const { data } of records) {
    const target = data.toLowerCase().replace(/\.$/, "");
    if (target === "") wrong(`the MX record of ${domain} says that it takes no mail (RFC 7505)`);
    else if (isIP(target) !== 0) wrong(`the MX record of ${domain} has the address ${target} instead of a name`);
    else {
      const found = await addressesIn(patient.resolver, target);
      if (found.kind === "silent") return [...findings, silent(target, found.reason)];
      // RFC 2181 §10.3.
      if (found.alias !== undefined) wrong(`${target}, MX of ${domain}, is an alias (CNAME) of ${found.alias}`);
      else if (found.addresses.length === 0) wrong(`${target}, MX of ${domain}, has no address`);
      leadsHere ||= target === host || found.addresses.some((address) => own.has(address));
    }
  }
  if (receives && !leadsHere && findings.length === 0)
    findings.push({
      kind: "mx-elsewhere",
      what: `mail for ${domain} goes to ${records.map(({ data }) => data).join(", ")}, and none of these is this host`,
      where: domain,
      todo: `publish: ${domain}. MX 10 ${host}., or take ${domain} out of local-host-names and relay-domains`,
    });
  return findings;
}
