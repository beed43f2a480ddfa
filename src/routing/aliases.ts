/**
 * The alias databases of a configuration (option AliasFile), asked in their order.
 *
 * What a database is (cdb file, text file, LDAP ...) is the business of maps/; what its values mean is alias-list.ts.
 */
import { aliasKey } from "./alias-name.ts";
import { isPromise, type MaybePromise, whenReady } from "../sys/maybe-promise.ts";

export type AliasAnswer =
  | { readonly kind: "found"; readonly value: string }
  | { readonly kind: "missing" }
  | { readonly kind: "tempfail"; readonly reason: string };

/** One database. Keys arrive as alias-name.ts has them. */
export interface AliasSource {
  readonly name: string;
  lookup(key: string): MaybePromise<AliasAnswer>;
  close?(): void;
}

export interface Aliases {
  /** The alias of a local user. Ruleset 5 asks for `user+detail`, then for `user+*`, then for the user. */
  lookup(user: string): MaybePromise<AliasAnswer>;
  /**
   * Who answers for a list: the address to use as envelope sender for mail to its members, or undefined. It is what
   * `owner-LIST` stands for when that is one plain address, else `owner-LIST` itself (manual §4.4). LIST-request is a list
   * like others; who answers for owners is `owner-owner`.
   */
  ownerOf(user: string): MaybePromise<string | undefined>;
}

const MISSING: AliasAnswer = { kind: "missing" };

/** For messages whose submitter wants no aliases (`sendmail -n`). */
export const withoutAliases: Aliases = { lookup: () => MISSING, ownerOf: () => undefined };

export function createAliases(sources: readonly AliasSource[]): Aliases {
  function ask(key: string, from = 0): MaybePromise<AliasAnswer> {
    for (let i = from; i < sources.length; i++) {
      const answer = sources[i].lookup(key);
      if (isPromise(answer)) return answer.then((later) => (later.kind === "missing" ? ask(key, i + 1) : later));
      if (answer.kind !== "missing") return answer;
    }
    return MISSING;
  }

  const lookup = (user: string): MaybePromise<AliasAnswer> => ask(aliasKey(user));

  function ownerOf(user: string): MaybePromise<string | undefined> {
    // Of all owners together there is one: else their bounces would have owners of their own, and so on.
    const owner = /^owner-/i.test(user) ? "owner-owner" : `owner-${user}`;
    return whenReady(ask(aliasKey(owner)), (answer) => {
      if (answer.kind !== "found") return undefined;
      return /[,:/|"\s]/.test(answer.value.trim()) ? owner : answer.value.trim();
    });
  }

  return { lookup, ownerOf };
}
