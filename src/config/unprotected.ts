/**
 * What a configuration asks for its protection and this server does not do: told when the server starts, because nobody
 * would notice otherwise.
 */
import { printMacroText } from "../rewriting/macro-text.ts";
import type { Config } from "./config.ts";
import { isDefault } from "./option-default.ts";
import { OPTIONS } from "./options/table.ts";
import { notActedOn, type SettingKind, withoutProtection } from "./settings.ts";

/** One line each, as `option RefuseLA=8 is not acted on (load is not measured): a busy machine goes on taking connections`. */
export function unprotectedBy(config: Config): readonly string[] {
  return [...byOptions(config), ...byPorts(config)];
}

function line(kind: SettingKind, name: string, shown: string): string[] {
  const why = notActedOn(kind, name);
  const instead = withoutProtection(kind, name);
  return why === undefined || instead === undefined ? [] : [`${shown} is not acted on (${why}): ${instead}`];
}

function byOptions({ options }: Config): string[] {
  return OPTIONS.flatMap((row) => {
    const value = options.isSet(row.name) ? options.text(row.name) : "";
    if (value === "" || isDefault(row, value)) return [];
    return line("option", row.name, `option ${row.name}=${printMacroText(value)}`);
  });
}

function byPorts({ daemonPorts }: Config): string[] {
  return daemonPorts.flatMap(({ name, modifiers, extra }) => [
    ...[...modifiers].flatMap((letter) => line("port modifier", letter, `M=${letter} of port ${name}`)),
    ...[...extra].flatMap(([key, value]) => line("port equate", key.toLowerCase(), `${key}=${value} of port ${name}`)),
  ]);
}
