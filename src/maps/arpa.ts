/**
 * The class arpa: an address in the order of the DNS: `192.0.2.1` is `1.2.0.192`, `IPv6:2001:db8::1` its 32 digits
 * from the last to the first. The domain (in-addr.arpa, a list of bad hosts) comes from -a.
 */
import { isIPv4, isIPv6 } from "node:net";
import { reverseName } from "../dns/address.ts";
import { EX } from "../sys/sysexits.ts";
import { computingFlags } from "./flags.ts";
import { type BareResult, found, type MapClass } from "./map-class.ts";

const NO_ADDRESS: BareResult = { kind: "missing", status: EX.DATAERR };

export const arpaClass: MapClass = {
  flags: computingFlags(),
  open: () => ({ find: reverse }),
};

function reverse(key: string): BareResult {
  const address = /^ipv6:/i.test(key) ? key.slice(5) : key;
  const known = address === key ? isIPv4(address) : isIPv6(address) && !address.includes("%");
  return known ? found(reverseName(address).replace(/\.(?:in-addr|ip6)\.arpa$/, "")) : NO_ADDRESS;
}
