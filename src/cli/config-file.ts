/**
 * Which configuration a command works with when -C does not say.
 *
 * `sendmail` and its other names are the mail system of the machine: /etc/mail/sendmail.cf (submit.cf with -Ac) where it
 * is there, else the home of our own server. The commands of `rulemail` ask the home first, and so do all when
 * RULEMAIL_HOME names it: whoever set it means it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { homeFolder, isHomeNamed } from "../daemon/home.ts";
import type { SendmailArguments } from "./arguments.ts";

export type ConfigFileArguments = Pick<SendmailArguments, "configFile" | "variant">;

/** For `sendmail` and its other names. */
export function systemConfigFile(args: ConfigFileArguments, environment: NodeJS.ProcessEnv = process.env): string {
  return choose(args, environment, isHomeNamed(environment));
}

/** For the commands of `rulemail`. */
export function ownConfigFile(args: ConfigFileArguments, environment: NodeJS.ProcessEnv = process.env): string {
  return choose(args, environment, true);
}

function choose({ configFile, variant }: ConfigFileArguments, environment: NodeJS.ProcessEnv, homeFirst: boolean) {
  if (configFile !== undefined) return configFile;
  const name = variant === "c" ? "submit.cf" : "sendmail.cf";
  const ofSystem = join("/etc/mail", name);
  const ofHome = join(homeFolder(environment).folder, name);
  const order = homeFirst ? [ofHome, ofSystem] : [ofSystem, ofHome];
  return order.find((file) => existsSync(file)) ?? ofSystem;
}

/**
 * What to say when no configuration was named and none is where one could be; undefined when there is one. Most often
 * RULEMAIL_HOME was forgotten.
 */
export function whereLooked(
  { configFile, variant }: ConfigFileArguments,
  environment: NodeJS.ProcessEnv = process.env,
): string | undefined {
  if (configFile !== undefined) return undefined;
  const name = variant === "c" ? "submit.cf" : "sendmail.cf";
  const home = homeFolder(environment).folder;
  if ([join("/etc/mail", name), join(home, name)].some((file) => existsSync(file))) return undefined;
  const isSet = isHomeNamed(environment);
  const what = isSet ? `${home} (RULEMAIL_HOME)` : `${home} (RULEMAIL_HOME is not set)`;
  return `there is no ${name} in ${what} or /etc/mail: set RULEMAIL_HOME to the folder of the server, or name a file with -C`;
}
