/**
 * The class sequence: asks its members in order and takes the first answer. A member that cannot answer now does not stop
 * the search; when no other finds the key, the whole is a temporary failure.
 */
import type { LookupContext, LookupMap, LookupResult } from "../rewriting/lookup.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { EX } from "../sys/sysexits.ts";
import { type BareResult, type BareMap, type MapClass } from "./map-class.ts";

const NOWHERE: BareResult = { kind: "missing", status: EX.NOHOST };

export const sequenceClass: MapClass = {
  // The words are names of maps and nothing else: a dash in front of one does not make a flag of it.
  flags: { forms: {} },
  keepsCase: true,
  keepsQuotes: true,
  literal: true,
  open({ declaration, environment, problem }) {
    const members: LookupMap[] = [];
    for (const word of declaration.args.split(/[\s,]+/).filter(Boolean)) {
      const name = word.startsWith("-") ? word.slice(1) : word;
      const member = environment.map(name);
      if (member) members.push(member);
      else problem(`Sequence map ${declaration.name}: unknown member map ${name}`);
    }
    return askInOrder(members);
  },
};

/** A map that asks others; they apply their own flags to the key. */
export function askInOrder(members: readonly LookupMap[]): BareMap {
  return { find: (key, args, context) => ask(members, 0, NOWHERE, key, args, context) };
}

function ask(
  members: readonly LookupMap[],
  from: number,
  otherwise: BareResult,
  key: string,
  args: readonly string[],
  context: LookupContext,
): MaybePromise<BareResult> {
  const member = members[from];
  if (member === undefined) return otherwise;
  return whenReady(member.lookup(key, args, context), (result: LookupResult) => {
    if (result.kind === "found") return result;
    return ask(members, from + 1, result.kind === "tempfail" ? result : otherwise, key, args, context);
  });
}
