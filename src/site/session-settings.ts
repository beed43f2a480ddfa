/** What sessions need of the options, read once for each site and not for each session. */
import { privacyOf } from "../config/policies.ts";
import type { Config } from "../config/config.ts";
import { type Networks, readNetworks } from "../sys/networks.ts";
import { macroValue } from "../rewriting/macro-value.ts";

export interface SessionSettings {
  /** $j. */
  readonly hostName: string;
  /** PrivacyOptions in lower case, `goaway` spelt out. */
  readonly privacy: ReadonlySet<string>;
  /** Milliseconds; 0 for no end. */
  readonly commandTimeout: number;
  readonly dataTimeout: number;
  /** Between two lines of an AUTH exchange. */
  readonly authTimeout: number;
  /** Of a TLS handshake. */
  readonly handshakeTimeout: number;
  /** There is a certificate of ours; its key may stand in the same file. */
  readonly tlsConfigured: boolean;
  /** ProxyHosts: who may say for whom he connects, in front of everything else (ports with M=P). */
  readonly proxies: Networks;
  /** XclientHosts: who may say so with XCLIENT. */
  readonly xclients: Networks;
  /** UseCompressedIPv6Addresses: `IPv6:2001:db8::1` and not `IPv6:2001:db8:0:0:0:0:0:1`. */
  readonly isIpv6Short: boolean;
}

export function readSessionSettings(config: Config): SessionSettings {
  const { options } = config;
  return {
    hostName: macroValue("j", config.macros.child()),
    privacy: privacyOf(options),
    commandTimeout: options.timeout("command"),
    authTimeout: options.timeout("auth"),
    dataTimeout: options.timeout("datablock"),
    proxies: readNetworks(options.text("ProxyHosts")),
    xclients: readNetworks(options.text("XclientHosts")),
    isIpv6Short: options.flag("UseCompressedIPv6Addresses"),
    handshakeTimeout: options.timeout("starttls"),
    tlsConfigured: options.text("ServerCertFile") !== "",
  };
}
