/**
 * The class bestmx: the best mail exchanger of a domain, with its final dot; ourselves when we are among equals.
 * -z gives all of them, best first, joined by this character.
 */
import { listMx, type MailHosts } from "../dns/mx.ts";
import { whenReady } from "../sys/maybe-promise.ts";
import { EX } from "../sys/sysexits.ts";
import { COMMON_FLAGS } from "./flags.ts";
import { type BareResult, found, type MapClass, tempfail } from "./map-class.ts";
import { namesOf } from "./name-sources.ts";
import { readSeparator } from "./text.ts";

export const bestmxClass: MapClass = {
  flags: COMMON_FLAGS,
  literal: true,
  open({ flags, environment }) {
    const names = namesOf(environment);
    const separator = readSeparator(flags.value("z"));
    const isOwn = (name: string): boolean => environment.isLocalHost(name);
    return { find: (key) => whenReady(listMx(names(), key, isOwn), (answer) => resultOf(answer, separator)) };
  },
};

function resultOf(answer: MailHosts, separator: string | undefined): BareResult {
  switch (answer.kind) {
    case "hosts": {
      const hosts = answer.hosts.map(({ name, address }) => (address === undefined ? `${name}.` : name));
      if (hosts.length === 0) return { kind: "missing", status: EX.NOHOST };
      return found(separator === undefined ? hosts[0] : hosts.join(separator));
    }
    case "tempfail":
      return tempfail(answer.reason);
    case "nullmx":
      return { kind: "missing", status: EX.UNAVAILABLE };
    default:
      return { kind: "missing", status: EX.NOHOST };
  }
}
