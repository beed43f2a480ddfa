/**
 * The class sequence: asks its members in order and takes the first answer. A member that cannot answer now does not stop
 * the search; when no other finds the key, the whole is a temporary failure.
 */
import type { LookupContext, LookupMap, LookupResult } from "../rewriting/lookup-map.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { EX } from "../sys/sysexits.ts";
import { type BareMap, type BareResult, type MapClass, tempfail } from "./map-class.ts";

const NOWHERE: BareResult = { kind: "missing", status: EX.NOHOST };

export const sequenceClass: MapClass = {
  // Names of maps and nothing else: a dash in front of one is between names, like anything that cannot begin them.
  flags: { forms: {} },
  keepsCase: true,
  literal: true,
  open({ declaration, environment, problem }) {
    const members: LookupMap[] = [];
    for (const [name] of declaration.args.trimStart().matchAll(/^[\w.]+|[A-Za-z0-9][\w.]*/g)) {
      const member = environment.map(name);
      if (member) members.push(member);
      else problem(`Sequence map ${declaration.name}: unknown member map ${name}`);
    }
    return askInOrder(members);
  },
};

/** A map that asks others. They fold the key and fill in the value by their own flags; quotes are gone already. */
export function askInOrder(members: readonly LookupMap[]): BareMap {
  return {
    find: (key, args, context) => ask(members, 0, NOWHERE, { key, args, context: verbatim(context) }),
  };
}

interface Question {
  readonly key: string;
  readonly args: readonly string[];
  readonly context: LookupContext;
}

function ask(
  members: readonly LookupMap[],
  from: number,
  otherwise: BareResult,
  question: Question,
): MaybePromise<BareResult> {
  const member = members[from];
  if (member === undefined) return otherwise;
  return whenReady(member.lookup(question.key, question.args, question.context), (result: LookupResult) => {
    if (result.kind === "found") return result;
    // The text that -T of a member would give is not an answer while others can be asked.
    const so: BareResult = result.kind === "tempfail" ? tempfail(result.reason) : otherwise;
    return ask(members, from + 1, so, question);
  });
}

/** The key of a member is what the sequence was given. */
function verbatim(context: LookupContext): LookupContext {
  const { scope, deferred } = context;
  return {
    scope,
    deferred,
    verbatim: true,
    expand: (text) => context.expand(text),
    message: (text) => context.message?.(text),
  };
}
