/**
 * The class host: the canonical name of a host, what `$[ name $]` asks. `[192.0.2.1]` is replaced by the name of the
 * address. Not asked in deferred mode.
 */
import { bracketedAddress } from "../dns/address.ts";
import { nameOfAddress } from "../dns/addresses.ts";
import { canonify, type NameAnswer } from "../dns/search.ts";
import type { LookupContext } from "../rewriting/lookup-map.ts";
import { isPromise } from "../sys/maybe-promise.ts";
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
        if (key.startsWith("[") && !key.includes("]")) return MISSING;
        const answer = key.startsWith("[") ? addressName(key) : canonify(names(), key);
        return isPromise(answer)
          ? answer.then((later) => bareResult(later, key, context))
          : bareResult(answer, key, context);
      },
    };

    function bareResult(answer: NameAnswer, key: string, context: LookupContext): BareResult {
      if (answer.kind === "found") return found(answer.name.endsWith(".") ? answer.name.slice(0, -1) : answer.name);
      if (answer.kind === "missing") return UNKNOWN;
      if (names().services.includes("dns")) context.message?.(`${key}: Name server timeout`);
      return tempfail(`${key}: Name server timeout`);
    }

    function addressName(key: string) {
      // What stands behind the bracket does not count, as in user@[192.0.2.1].UUCP.
      const address = bracketedAddress(key);
      return address === undefined ? ({ kind: "missing" } satisfies NameAnswer) : nameOfAddress(names(), address);
    }
  },
};
