/** The DNS records to publish for a new server, as lines of a zone file (RFC 1035 §5). */
import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import { certificateKey, dkimLine } from "./keys.ts";
import { hasLogins, receives, type Wishes } from "./wishes.ts";

/** @param addresses of this host, as others know them; none behind a router */
export function zoneLines(wishes: Wishes, addresses: readonly string[]): readonly string[] {
  const { domain, host, shape } = wishes;
  if (!receives(wishes)) {
    const by = "server" in shape ? shape.server : host;
    return [
      `; Mail of ${domain} leaves through ${by}, whose operator says what it needs in DNS (SPF, DKIM).`,
      `; For this host nothing has to be published.`,
    ];
  }
  const dkim = dkimLine(wishes);
  const key = certificateKey(wishes);
  const { submission, submissions } = wishes.ports;
  return [
    `; DNS records for ${domain}. Names with a dot at the end are whole.`,
    ...(addresses.length === 0
      ? [`; ${host}. IN A ADDRESS    ; the address by which others reach this host`]
      : addresses.map((each) => `${host}. IN ${isIPv6(each) ? "AAAA" : "A"} ${each}`)),
    `${domain}. IN MX 10 ${host}.`,
    `${domain}. IN TXT "v=spf1 mx -all"`,
    ...(host === domain ? [] : [`${host}. IN TXT "v=spf1 a -all"`]),
    ...(dkim === undefined ? [] : [dkim]),
    `; First only reports; later p=quarantine, then p=reject.`,
    `_dmarc.${domain}. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@${domain}"`,
    ...(hasLogins(wishes)
      ? [
          `_submission._tcp.${domain}. IN SRV 0 1 ${submission} ${host}.`,
          `_submissions._tcp.${domain}. IN SRV 0 1 ${submissions} ${host}.`,
        ]
      : []),
    ...(key === undefined
      ? []
      : [
          `; Only where the zone of ${host} is signed (DNSSEC), and to be changed with the key:`,
          `; _25._tcp.${host}. IN TLSA 3 1 1 ${createHash("sha256").update(key).digest("hex")}`,
        ]),
    ...(addresses.length === 0
      ? [`; the address needs a reverse name (PTR): ${host}.`]
      : addresses.map((each) => reverse(each, host))),
  ];
}

function reverse(address: string, host: string): string {
  return `; ${address} needs the reverse name (PTR) ${host}. : who gave you the address can set it.`;
}
