/** What an address of our own is called, for the macros {if_name} and {if_name_out} (manual §5.2). */
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { taggedAddress } from "../sys/ip-address.ts";
import { nameOfAddress } from "./addresses.ts";
import type { NameSources } from "./names.ts";

/** The name that the address points to, else the address in brackets: `[192.0.2.1]`, `[IPv6:2001:db8::1]`. */
export function ownName(names: NameSources, address: string): MaybePromise<string> {
  return whenReady(nameOfAddress(names, address), (answer) =>
    answer.kind === "found" ? answer.name.replace(/\.$/, "") : `[${taggedAddress(address)}]`,
  );
}
