/** Which macros of a transaction are kept with its message. */
import type { Config } from "../config/config.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";

/** Session macros that delivery may still ask for, beside those that the class {persistentMacros} names. */
const savedMacros = ["r", "s", "_", "n", "client_addr", "client_name", "client_port", "daemon_name", "daemon_flags"];
const savedSecurityMacros = ["auth_type", "auth_authen", "auth_author", "auth_ssf", "tls_version", "cipher", "verify"];

/** A configuration never changes: what it wants kept is read once. */
const known = new WeakMap<Config, ReadonlySet<string>>();

function namesOf(config: Config): ReadonlySet<string> {
  let names = known.get(config);
  if (names === undefined) {
    const wanted = [...config.classWords("persistentMacros").words()].map((word) => word.replace(/^\{(.*)\}$/, "$1"));
    known.set(config, (names = new Set([...savedMacros, ...savedSecurityMacros, ...wanted])));
  }
  return names;
}

/** Their values by name, without braces. */
export function persistentMacros(config: Config, scope: MacroScope): Record<string, string> {
  const macros: Record<string, string> = {};
  for (const name of namesOf(config)) {
    const value = scope.get(name);
    if (value !== undefined && value !== "") macros[name] = value;
  }
  return macros;
}
