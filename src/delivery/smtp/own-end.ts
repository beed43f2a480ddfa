/**
 * What rules may know of our own end of a connection (manual §5.2): {if_addr_out} its address, {if_family_out} the number of
 * its family, as sendmail has them: both empty on loopback, and {if_name_out} its name.
 *
 * The name is a question to the name server for each connection, so it is asked only where a rule mentions it. sendmail sets
 * them too late: there a rule sees those of the connection before, and none at the first one.
 */
import type { Config } from "../../config/config.ts";
import { nameOfAddress } from "../../dns/addresses.ts";
import type { NameSources } from "../../dns/names.ts";
import { ownName } from "../../dns/own-name.ts";
import type { RulesetTable } from "../../rewriting/rulesets.ts";
import { familyNumber, isLoopback, taggedAddress } from "../../sys/ip-address.ts";
import { type MaybePromise, whenReady } from "../../sys/maybe-promise.ts";

export type MacroValues = readonly (readonly [name: string, value: string | undefined])[];

const NAMES = ["if_addr_out", "if_name_out", "if_family_out"] as const;
type Name = (typeof NAMES)[number];

/** What EHLO may say: PTR records hold anything. */
const HOST_NAME = /^[a-z\d_](?:[a-z\d_-]*\.)+[a-z\d-]+$/i;

export class OwnEnd {
  readonly #names: NameSources;
  /** Those that some rule reads. */
  readonly #asked: ReadonlySet<Name>;

  constructor({ rulesets }: Pick<Config, "rulesets">, names: NameSources) {
    this.#names = names;
    this.#asked = new Set(NAMES.filter((name) => isRead(rulesets, name)));
  }

  /** @param socket what is connected; a unix socket, and a program, has no address */
  macros(socket: { readonly localAddress?: string | undefined }): MaybePromise<MacroValues> {
    // The system is asked for the address only when somebody wants to know it.
    if (this.#asked.size === 0) return [];
    const { localAddress } = socket;
    if (localAddress === undefined) return [];
    const address = plain(localAddress);
    const values: [Name, string][] = isLoopback(address)
      ? []
      : [
          ["if_addr_out", taggedAddress(address)],
          ["if_family_out", familyNumber(address)],
        ];
    if (!this.#asked.has("if_name_out")) return values;
    return whenReady(ownName(this.#names, address), (name) => [...values, ["if_name_out", name] as const]);
  }

  /** Its name, if that is a full one: for EHLO (ClientPortOptions M=h). */
  helloName({ localAddress }: { readonly localAddress?: string | undefined }): MaybePromise<string | undefined> {
    if (localAddress === undefined) return undefined;
    return whenReady(nameOfAddress(this.#names, plain(localAddress)), (answer) => {
      const name = answer.kind === "found" ? answer.name.replace(/\.$/, "") : "";
      return HOST_NAME.test(name) ? name : undefined;
    });
  }
}

/** An IPv4 address as a socket of both families shows it. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

function isRead(rulesets: RulesetTable, name: Name): boolean {
  return rulesets
    .all()
    .some(({ rules }) =>
      rules.some(({ lhs, rhs }) => [...lhs, ...rhs].some((part) => part.kind === "macro" && part.name === name)),
    );
}
