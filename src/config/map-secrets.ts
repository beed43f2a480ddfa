/** The files with secrets that maps of a configuration read: looked at when the server starts, not first when mail needs them. */
import type { Config } from "./config.ts";

/** @param warn hears which one cannot be used */
export function readSecrets(config: Config, warn: (text: string) => void): void {
  const { macros } = config;
  for (const map of config.maps.values()) {
    if (map.keyFile === undefined) continue;
    map.prepare?.({ scope: macros, expand: (text) => config.expand(text, macros), message: warn, deferred: false });
  }
}
