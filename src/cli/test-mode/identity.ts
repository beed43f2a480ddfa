/** -d0: which program this is, and what it takes the machine for. */
import type { Config } from "../../config/config.ts";
import { LANGUAGE_VERSION } from "../../config/version.ts";
import { mapClassNames } from "../../maps/registry.ts";

/** Before the configuration is read. */
export function programIdentity(): string[] {
  return [
    `Version ${LANGUAGE_VERSION}`,
    ` Compiled with: DNSMAP IPV6_FULL LOG MILTER MIME8TO7 PIPELINING SOCKETMAP STARTTLS`,
    `\t\tmaps: ${mapClassNames().join(" ")}`,
  ];
}

/** After it was read: the names that everything else is made of. */
export function machineIdentity(config: Config): string[] {
  const { macros } = config;
  const value = (name: string): string => config.expand(macros.get(name) ?? "", macros);
  return [
    "",
    "============ SYSTEM IDENTITY (after readcf) ============",
    `      (short domain name) $w = ${value("w")}`,
    `  (canonical domain name) $j = ${value("j")}`,
    `         (subdomain name) $m = ${value("m")}`,
    `              (node name) $k = ${value("k")}`,
    "========================================================",
    "",
  ];
}
