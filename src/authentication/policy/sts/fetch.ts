/**
 * Gets the text of a policy: `https://mta-sts.DOMAIN/.well-known/mta-sts.txt` (RFC 8461 §3.3). The certificate is checked by
 * the library, with its name; redirects are not followed; time and size are limited. Always settles.
 */
import { request } from "node:https";
import type { IncomingMessage } from "node:http";
import { rootCertificates } from "node:tls";
import { addressesOf } from "../../../dns/addresses.ts";
import type { NameSources } from "../../../dns/names.ts";
import type { Clock } from "../../../sys/clock.ts";
import type { TlsFailureType } from "../../reports/tls-events.ts";

export type Fetched =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "failed"; readonly type: TlsFailureType; readonly reason: string };

export interface StsFetching {
  readonly names: NameSources;
  readonly clock: Clock;
  /** Authorities beside those that browsers trust, PEM. */
  readonly authorities: readonly (Buffer | string)[];
  /** 443, but for tests. */
  readonly port?: number;
}

/** For all of it, ms (RFC 8461 §3.3: a minute). */
const TIME = 60_000;
/** RFC 8461 §3.3 suggests 64 KB. */
const MOST_OCTETS = 65_536;

/** @param domain without final dot */
export async function fetchPolicy(
  domain: string,
  { names, clock, authorities, port = 443 }: StsFetching,
): Promise<Fetched> {
  const host = `mta-sts.${domain}`;
  const found = await addressesOf(names, host);
  if (found.kind !== "found") return failed("sts-policy-fetch-error", `${host}: no address`);
  let last: Fetched = failed("sts-policy-fetch-error", `${host}: no address`);
  const until = clock.now() + TIME;
  // A server that is not there is no reason to give up; what one says counts.
  for (const { address } of found.addresses.slice(0, 4)) {
    const time = until - clock.now();
    if (time <= 0) break;
    const ca = [...rootCertificates, ...authorities];
    const answered = await ask({ host, address, port, ca, time, clock });
    if (answered.kind !== "unreachable") return answered;
    last = failed("sts-policy-fetch-error", answered.reason);
  }
  return last;
}

function failed(type: TlsFailureType, reason: string): Extract<Fetched, { kind: "failed" }> {
  return { kind: "failed", type, reason };
}

interface Question {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly ca: (Buffer | string)[];
  readonly time: number;
  readonly clock: Clock;
}

type Answered = Fetched | { readonly kind: "unreachable"; readonly reason: string };

function ask({ host, address, port, ca, time, clock }: Question): Promise<Answered> {
  return new Promise((resolve) => {
    let connected = false;
    const headers = { Host: port === 443 ? host : `${host}:${port}`, "User-Agent": "rulemail", Accept: "text/plain" };
    const path = "/.well-known/mta-sts.txt";
    const asked = request({
      host: address,
      port,
      path,
      servername: host,
      ca,
      headers,
      agent: false,
      minVersion: "TLSv1.2",
    });
    const settle = (answered: Answered): void => {
      cancel();
      asked.destroy();
      resolve(answered);
    };
    const unreachable = (reason: string): void =>
      settle({ kind: "unreachable", reason: `${host} [${address}]: ${reason}` });
    const cancel = clock.after(time, () => unreachable("no answer in time"));
    asked.on("socket", (socket) => socket.once("connect", () => (connected = true)));
    asked.on("error", (error: NodeJS.ErrnoException) => {
      if (!connected) return unreachable(error.message);
      return settle(
        failed(isAboutTrust(error) ? "sts-webpki-invalid" : "sts-policy-fetch-error", `${host}: ${error.message}`),
      );
    });
    asked.on("response", (response) => void read(response, host).then(settle));
    asked.end();
  });
}

/** The library says so with codes of OpenSSL, or its own for names. */
function isAboutTrust({ code = "" }: NodeJS.ErrnoException): boolean {
  return /CERT|SELF_SIGNED|ISSUER|SIGNATURE|ALTNAME|CRL|HOSTNAME/.test(code) && !code.startsWith("ERR_SSL");
}

async function read(response: IncomingMessage, host: string): Promise<Fetched> {
  const { statusCode = 0, headers } = response;
  if (statusCode !== 200) return failed("sts-policy-fetch-error", `${host}: HTTP status ${statusCode}`);
  const type = headers["content-type"] ?? "";
  // Somebody's upload must not become a policy (RFC 8461 §3.2).
  if (!/^text\/plain(?:[;\s]|$)/i.test(type)) {
    return failed("sts-policy-fetch-error", `${host}: Content-Type is "${type.slice(0, 60)}", not text/plain`);
  }
  const chunks: Buffer[] = [];
  let octets = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      octets += chunk.length;
      if (octets > MOST_OCTETS) return failed("sts-policy-fetch-error", `${host}: more than ${MOST_OCTETS} octets`);
      chunks.push(chunk);
    }
  } catch (error) {
    return failed("sts-policy-fetch-error", `${host}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { kind: "text", text: Buffer.concat(chunks).toString("latin1") };
}
