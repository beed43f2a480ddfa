/** Which macros of a transaction are kept with its message. */
import type { Config } from "../config/config.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";

/** Session macros that delivery may still ask for, beside those that the class {persistentMacros} names. */
const savedMacros = ["r", "s", "_", "n", "client_addr", "client_name", "client_port", "daemon_name", "daemon_flags"];
const savedSecurityMacros = ["auth_type", "auth_authen", "auth_author", "auth_ssf", "tls_version", "cipher", "verify"];

/** Their values by name, without braces. */
export function persistentMacros(config: Config, scope: MacroScope): Record<string, string> {
  const macros: Record<string, string> = {};
  const save = (name: string): void => {
    const value = scope.get(name);
    if (value !== undefined && value !== "") macros[name] = value;
  };
  savedMacros.forEach(save);
  savedSecurityMacros.forEach(save);
  for (const name of config.classWords("persistentMacros").words()) save(name.replace(/^\{(.*)\}$/, "$1"));
  return macros;
}
