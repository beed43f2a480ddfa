/** What programs find in their environment: a path, who we are, our time zone, and what the E lines say. */
import type { Config } from "../config/config.ts";
import { SAFE_PATH } from "../rights/program-command.ts";

/**
 * @param own lines NAME=value about the user
 * @returns lines; those of E come last and count
 */
export function programEnvironment({ environment }: Config, own: readonly string[]): string[] {
  const lines = [`PATH=${SAFE_PATH}`, "AGENT=sendmail", ...own];
  const { TZ } = process.env;
  if (TZ !== undefined) lines.push(`TZ=${TZ}`);
  for (const [name, value = process.env[name]] of environment) if (value !== undefined) lines.push(`${name}=${value}`);
  return lines;
}
