/**
 * The class host: the canonical name of a host, what `$[ name $]` asks. `[192.0.2.1]` is replaced by the name of the
 * address. Not asked in deferred mode.
 */
import { bracketedAddress } from "../dns/address.ts";
import { nameOfAddress } from "../dns/addresses.ts";
import { canonify, type NameAnswer } from "../dns/search.ts";
import { whenReady } from "../sys/maybe-promise.ts";
import { EX } from "../sys/sysexits.ts";
import { lenientFlags } from "./flags.ts";
import { type BareResult, found, type MapClass, MISSING, tempfail } from "./map-class.ts";
import { namesOf } from "./name-sources.ts";

const UNKNOWN: BareResult = { kind: "missing", status: EX.NOHOST };

export const hostClass: MapClass = {
  flags: lenientFlags(),
  defaults: { D: "" },
  keepsCase: true,
  literal: true,
  open({ environment }) {
    const names = namesOf(environment);
    return {
      find(key, _args, context) {
        if (/^\[[^\]]*$/.test(key)) return MISSING;
        const answer = key.startsWith("[") ? addressName(key) : canonify(names(), key);
        return whenReady(answer, (ready): BareResult => {
          if (ready.kind === "found") return found(ready.name.replace(/\.$/, ""));
          if (ready.kind === "missing") return UNKNOWN;
          if (names().services.includes("dns")) context.message?.(`${key}: Name server timeout`);
          return tempfail(`${key}: Name server timeout`);
        });
      },
    };

    function addressName(key: string) {
      // What stands behind the bracket does not count, as in user@[192.0.2.1].UUCP.
      const address = bracketedAddress(key);
      return address === undefined ? ({ kind: "missing" } satisfies NameAnswer) : nameOfAddress(names(), address);
    }
  },
};
