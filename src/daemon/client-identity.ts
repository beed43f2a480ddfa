/**
 * Who a connecting client is: the name its address points to, believed only when the name points back (the macros
 * {client_name}, {client_ptr}, {client_resolve}; manual §5.2).
 */
import { isIPv6 } from "node:net";
import { confirms, nameOfAddress } from "../dns/addresses.ts";
import type { NameSources } from "../dns/names.ts";
import type { ClientIdentity } from "../smtpd/services.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";

export function identifyClient(names: NameSources, address: string): MaybePromise<ClientIdentity> {
  const literal = `[${isIPv6(address) ? "IPv6:" : ""}${address}]`;
  return whenReady(nameOfAddress(names, address), (answer) => {
    if (answer.kind !== "found") {
      return { name: literal, ptr: literal, resolve: answer.kind === "missing" ? "FAIL" : "TEMP" };
    }
    const ptr = answer.name.replace(/\.$/, "");
    // A PTR record can hold any octets; only what is a host name goes further.
    if (!/^[A-Za-z0-9._-]{1,253}$/.test(ptr)) return { name: literal, ptr: literal, resolve: "FAIL" };
    return whenReady(confirms(names, ptr, address), (confirmed) => {
      if (confirmed === true) return { name: ptr, ptr, resolve: "OK" };
      return { name: literal, ptr, resolve: confirmed === "tempfail" ? "TEMP" : "FORGED" };
    });
  });
}
