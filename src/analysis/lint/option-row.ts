/** Which option an O line is about. */
import type { OptionLine } from "../../cf/ast.ts";
import type { OptionRow } from "../../config/options/row.ts";
import { optionByLetter, optionByName } from "../../config/options/table.ts";

/** Undefined for a name that no option has, or that more than one begins with. */
export function optionNamed({ form, name }: Pick<OptionLine, "form" | "name">): OptionRow | undefined {
  if (form === "letter") return optionByLetter(name);
  if (name === "") return undefined;
  const found = optionByName(name);
  return found.kind === "found" ? found.row : undefined;
}
