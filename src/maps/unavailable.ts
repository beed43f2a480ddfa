/**
 * Classes that ask services we cannot reach (directories of the past). Their K lines are read; a
 * look-up is a temporary failure that says so, once, and with -o finds nothing. Pretending that every key is unknown
 * would bounce mail that such a directory would have delivered.
 */
import { COMMON_FLAGS } from "./flags.ts";
import { MISSING, type MapClass, tempfail } from "./map-class.ts";

/** @param wantsFile the class does not work without an operand: "No file name for nis map x" */
export function unavailableClass({ wantsFile = true, strict = true } = {}): MapClass {
  return {
    flags: strict ? COMMON_FLAGS : { forms: COMMON_FLAGS.forms },
    open({ declaration: { name, mapClass }, flags, problem }) {
      if (wantsFile && flags.rest === "") {
        problem(`No file name for ${mapClass} map ${name}`);
        return undefined;
      }
      const reason = `${mapClass} map "${name}": class ${mapClass} is not available in this program`;
      let told = false;
      return {
        find(_key, _args, context) {
          if (flags.has("o")) return MISSING;
          if (!told) context.message?.(reason);
          told = true;
          return tempfail(reason);
        },
        available: () => false,
      };
    },
  };
}
