/**
 * What a configuration asks for its protection and this server does not do: told when the server starts, because nobody
 * would notice otherwise.
 */
import { printMacroText } from "../rewriting/macro-text.ts";
import type { Config } from "./config.ts";
import { isDefault } from "./option-default.ts";
import { OPTIONS } from "./options/table.ts";
import { notActedOn, withoutProtection } from "./settings.ts";

/** One line each, as `option RefuseLA=8 is not acted on (load is not measured): a busy machine goes on taking connections`. */
export function unprotectedBy({ options }: Config): readonly string[] {
  return OPTIONS.flatMap((row) => {
    const value = options.isSet(row.name) ? options.text(row.name) : "";
    if (value === "" || isDefault(row, value)) return [];
    const why = notActedOn("option", row.name);
    const instead = withoutProtection("option", row.name);
    if (why === undefined || instead === undefined) return [];
    return [`option ${row.name}=${printMacroText(value)} is not acted on (${why}): ${instead}`];
  });
}
