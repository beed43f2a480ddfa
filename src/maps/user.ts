/**
 * The class user: is the key a user of this machine; -v names the field to return (the name unless told). Letter case never
 * counts, -f or not; -m gives the name of the user, not the key.
 */
import { foldCase } from "../rewriting/fold-case.ts";
import type { LookupContext } from "../rewriting/lookup-map.ts";
import { isPromise } from "../sys/maybe-promise.ts";
import { EX } from "../sys/sysexits.ts";
import type { User } from "../sys/users.ts";
import { COMMON_FLAGS } from "./flags.ts";
import { type BareResult, found, type MapClass, tempfail } from "./map-class.ts";

const FIELDS: Readonly<Record<string, (user: User) => string>> = {
  name: (user) => user.name,
  passwd: () => "x", // password hashes are none of the mail system's business
  uid: (user) => String(user.uid),
  gid: (user) => String(user.gid),
  gecos: (user) => user.gecos,
  dir: (user) => user.home,
  shell: (user) => user.shell,
};

const NOBODY: BareResult = { kind: "missing", status: EX.NOUSER };

export const userClass: MapClass = {
  flags: COMMON_FLAGS,
  keepsCase: true,
  ownMatchOnly: true,
  open({ declaration, flags, environment }) {
    const column = flags.value("v") ?? "name";
    const field = FIELDS[column];
    const given = flags.has("m") ? FIELDS.name : field;
    const answer = (user: User | undefined): BareResult => (user ? found(given(user)) : NOBODY);
    let told = false;
    const unknownColumn = (context: LookupContext): BareResult => {
      const reason = `User map ${declaration.name}: unknown column name ${column}`;
      if (!told) context.message?.(reason);
      told = true;
      return tempfail(reason);
    };
    return {
      prepare(context) {
        if (field === undefined) unknownColumn(context);
      },
      find(key, _args, context) {
        if (field === undefined) return unknownColumn(context);
        try {
          const user = environment.users.find(foldCase(key));
          return isPromise(user) ? user.then(answer, unavailable) : answer(user);
        } catch (error) {
          return unavailable(error);
        }
      },
    };

    function unavailable(error: unknown): BareResult {
      const detail = error instanceof Error ? error.message : String(error);
      return tempfail(`user map "${declaration.name}": ${detail}`);
    }
  },
};
