/**
 * The class bestmx: the best mail exchanger of a domain, with its final dot; ourselves when we are among equals.
 * -z gives all of them, best first, joined by this character.
 */
import { listMx, type MxListing } from "../dns/mx.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { foldCase } from "../rewriting/fold-case.ts";
import { EX } from "../sys/sysexits.ts";
import { COMMON_FLAGS } from "./flags.ts";
import { type BareResult, found, type MapClass, tempfail } from "./map-class.ts";
import { namesOf } from "./name-sources.ts";
import { readSeparator } from "./text.ts";

export const bestmxClass: MapClass = {
  flags: COMMON_FLAGS,
  keepsCase: true,
  literal: true,
  open({ flags, environment }) {
    const names = namesOf(environment);
    const separator = readSeparator(flags.value("z"));
    const isOwn = (name: string): boolean => environment.isLocalHost(name);
    const ask = (key: string): MaybePromise<MxListing> => {
      return listMx(names(), key.startsWith("[") ? key : foldCase(key), isOwn);
    };
    return { find: (key) => whenReady(ask(key), (answer) => resultOf(answer, separator)) };
  },
};

function resultOf(answer: MxListing, separator: string | undefined): BareResult {
  switch (answer.kind) {
    case "hosts":
      return found(separator === undefined ? answer.hosts[0] : answer.hosts.join(separator));
    case "tempfail":
      return tempfail(answer.reason);
    case "nullmx":
      return { kind: "missing", status: EX.UNAVAILABLE };
    case "nobody":
      return { kind: "missing", status: answer.exists ? EX.OK : EX.NOHOST };
  }
}
