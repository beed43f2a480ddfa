/** The text of a macro as it stands now: its value with the macros inside it filled in; "" when it has none. */
import type { MacroScope } from "./macro-scope.ts";
import { expandMacros } from "./macro-text.ts";

/** @param name without `$` and braces: "j", "client_addr" */
export function macroValue(name: string, scope: MacroScope): string {
  return expandMacros(scope.get(name) ?? "", scope);
}
