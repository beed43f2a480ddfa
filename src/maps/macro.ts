/**
 * The class macro: `$(storage {name} $@ value $)` sets a macro, `$(storage {name} $)` clears it. The result is empty.
 * The value counts from here to the end of the work on this message, in the scope of the look-up.
 */
import { readMacroName } from "../rewriting/macro-name.ts";
import { computingFlags } from "./flags.ts";
import { found, type MapClass } from "./map-class.ts";

export const macroClass: MapClass = {
  flags: computingFlags(),
  keepsCase: true,
  literal: true,
  givesNothing: true,
  open: () => ({
    find(key, [value], context) {
      const { name, problems } = readMacroName(key, 0);
      for (const problem of problems) context.message?.(problem);
      if (name !== undefined) context.scope.set(name, value);
      return found("");
    },
  }),
};
