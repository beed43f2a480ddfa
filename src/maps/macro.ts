/**
 * The class macro: `$(storage {name} $@ value $)` sets a macro, `$(storage {name} $)` clears it. The result is empty.
 * The value counts from here to the end of the work on this message, in the scope of the look-up.
 */
import { readMacroName } from "../rewriting/macro-name.ts";
import { EX } from "../sys/sysexits.ts";
import { computingFlags } from "./flags.ts";
import { type BareResult, found, type MapClass } from "./map-class.ts";

const NO_NAME: BareResult = { kind: "missing", status: EX.CONFIG };

export const macroClass: MapClass = {
  flags: computingFlags(),
  keepsCase: true,
  keepsQuotes: true,
  literal: true,
  appendsNothing: true,
  open: () => ({
    find(key, [value], context) {
      if (key === "") return NO_NAME;
      const { name, problems } = readMacroName(key, 0);
      for (const problem of problems) context.message?.(problem);
      if (name === undefined) return NO_NAME;
      context.scope.set(name, value);
      return found("");
    },
  }),
};
