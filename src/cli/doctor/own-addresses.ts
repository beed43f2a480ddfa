/** Addresses of this machine, as the Internet knows them. */
import { isIPv4 } from "node:net";
import type { Machine } from "../../sys/machine.ts";

/** RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291: nobody elsewhere reaches these. */
const PRIVATE_4 =
  /^(?:10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;
const PRIVATE_6 = /^(?:f[cd]|fe[89ab]|::1$|::$)/i;

function isPublic(address: string): boolean {
  return !(isIPv4(address) ? PRIVATE_4 : PRIVATE_6).test(address);
}

/** Those of the interfaces; none behind a router that gives this machine an address of its own making. */
export function publicAddresses({ interfaces = [] }: Machine): readonly string[] {
  return interfaces.filter(isPublic);
}

export function isLoopbackName(name: string): boolean {
  return /^(?:localhost|localhost\..*|.*\.localdomain|.*\.localhost|ip6-.*)$/i.test(name);
}
