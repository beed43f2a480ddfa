/**
 * `sendmail -bO [-C file]`: every option with its value, as lines of a configuration file. Defaults are comments; a comment
 * behind a value tells what nothing acts on.
 */
import { portText } from "../analysis/option-list.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { type OptionName, OPTIONS } from "../config/options/table.ts";
import { TIMEOUTS } from "../config/options/timeouts.ts";
import { notActedOn } from "../config/settings.ts";
import { printMacroText } from "../rewriting/macro-text.ts";
import { EX } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { Output } from "./output.ts";
import { systemConfigFile } from "./config-file.ts";
import { systemEnvironment } from "./system-environment.ts";

/** Messages about the configuration go to standard error. */
export async function showOptions(
  args: Pick<SendmailArguments, "configFile" | "variant" | "settings">,
  output: Output = new Output(),
): Promise<number> {
  const environment = { ...systemEnvironment(), settings: args.settings };
  const { config, messages, exit } = await loadConfig(systemConfigFile(args), environment);
  for (const message of messages) process.stderr.write(`${message}\n`);
  if (!config) return exit === EX.OK ? EX.CONFIG : exit;
  for (const line of optionLines(config)) output.line(line);
  output.flush();
  config.close();
  return EX.OK;
}

/** One line for each option, in alphabetical order; several for Timeout, Milter and the ports. */
function optionLines(config: Config): string[] {
  const { options } = config;
  return OPTIONS.toSorted((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1)).flatMap(
    ({ name }): string[] => {
      const several = SEVERAL[name]?.(config) ?? [];
      if (several.length > 0 || name === "Timeout") return several;
      return [optionLine(options.isSet(name), name, printMacroText(options.text(name)), notActedOn("option", name))];
    },
  );
}

function optionLine(isSet: boolean, name: string, value: string, why: string | undefined): string {
  // In a configuration a number sign that is no comment has a backslash, except in `$#`.
  const text = `${isSet ? "" : "#"}O ${name}=${value.replace(/(?<![\\$])#/g, "\\#")}`;
  return why === undefined ? text : `${text.padEnd(40)} # not acted on: ${why}`;
}

const SEVERAL: Readonly<Partial<Record<OptionName, (config: Config) => string[]>>> = {
  Timeout: ({ options }) =>
    TIMEOUTS.map(({ name }) =>
      optionLine(
        options.isSet(`Timeout.${name}`),
        `Timeout.${name}`,
        options.timeoutText?.(name) ?? "",
        notActedOn("timeout", name),
      ),
    ),
  Milter: ({ milterSettings }) =>
    [...milterSettings].map(([name, value]) =>
      optionLine(true, `Milter.${name}`, printMacroText(value), notActedOn("option", "Milter")),
    ),
  DaemonPortOptions: ({ daemonPorts }) =>
    daemonPorts.map((port) => optionLine(true, "DaemonPortOptions", portText(port), undefined)),
  ClientPortOptions: ({ clientPorts }) =>
    clientPorts.map((port) => optionLine(true, "ClientPortOptions", portText(port), undefined)),
};
