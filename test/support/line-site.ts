/**
 * A configuration whose SMTP agent asks a real name server, and mail servers with TLS on loopback: DANE, MTA-STS, REQUIRETLS.
 * The domain is `b.test`, its host `mx.b.test`.
 */
import { createHash, X509Certificate } from "node:crypto";
import { type LineParts, openLine } from "../../src/authentication/policy/open-line.ts";
import type { TlsSessionEvent } from "../../src/authentication/reports/tls-events.ts";
import { Dns2Resolver } from "../../src/dns/dns2-resolver.ts";
import { openNames } from "../../src/dns/names.ts";
import { silentLog } from "../../src/log/log.ts";
import { systemClock } from "../../src/sys/clock.ts";
import { certificateParts } from "../../src/tls/certificate-parts.ts";
import { type DnsServer, startDnsServer, type Zone } from "./dns-server.ts";
import { LEAF, LEAF_KEY, LINE_INTERMEDIATE, LINE_ROOT } from "./line-certificates.ts";
import { closing } from "./closing.ts";
import { sink } from "./smtp-delivery.ts";
import { type SmtpSite, smtpSite } from "./smtp-site.ts";
import type { SinkScript, SmtpSink } from "./smtp-sink.ts";

export const B_TEST: Zone = {
  "b.test": ["SIGNED", "MX 10 mx.b.test"],
  "mx.b.test": ["SIGNED", "A 127.0.0.1"],
};

/** The record "3 1 1" of a certificate, as zones of the test server have it. */
export function tlsa(kind: string, text: string): string {
  const [usage, selector, matching] = kind.split(" ").map(Number);
  const { raw } = new X509Certificate(text);
  const selected = selector === 0 ? raw : certificateParts(raw)!.publicKeyInfo;
  const digest = ["", "sha256", "sha512"][matching];
  const data = digest === "" ? selected : createHash(digest).update(selected).digest();
  return `TLSA ${Buffer.concat([Buffer.from([usage, selector, matching]), data]).toString("hex")}`;
}

/** A server of `mx.b.test` with this certificate and those above it. */
export function tlsSink(certificate = LEAF, script: SinkScript = {}): Promise<SmtpSink> {
  const cert = [certificate, LINE_INTERMEDIATE, LINE_ROOT].join("\n");
  return sink({ extensions: ["STARTTLS", "PIPELINING", "8BITMIME"], tls: { cert, key: LEAF_KEY }, ...script });
}

export interface LineSite extends SmtpSite {
  readonly dns: DnsServer;
  /** What reports about TLS would count. */
  readonly events: TlsSessionEvent[];
}

/** @param mc lines of its .mc file; mail goes to `port` of all hosts */
export async function lineSite(
  mc: readonly string[],
  port: number,
  zone: Zone = B_TEST,
  more: Partial<LineParts> = {},
): Promise<LineSite> {
  const dns = await startDnsServer(zone);
  closing.push(() => dns.close());
  const resolver = new Dns2Resolver({ machine: dns.machine(), clock: systemClock });
  const names = openNames(dns.machine(), resolver);
  const events: TlsSessionEvent[] = [];
  const site = await smtpSite(mc, port, { "ca.pem": LINE_ROOT }, {}, ({ options }) => {
    const line = openLine({
      options,
      names,
      clock: systemClock,
      log: silentLog,
      ...more,
      events: { tls: (event) => void events.push(event) },
    });
    return { names, ...(line && { line }) };
  });
  return { ...site, dns, events };
}
