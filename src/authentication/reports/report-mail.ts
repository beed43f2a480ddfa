/** The message that brings a report: RFC 7489 §7.2.1.1 for DMARC, RFC 8460 §5.3 for TLS. */
import { gzipSync } from "node:zlib";
import { rfc5322Date } from "../../mail/date.ts";
import type { OutgoingReport } from "./outgoing.ts";

export interface ReportMail {
  readonly report: OutgoingReport;
  /** The report, packed. */
  readonly packed: Buffer;
  readonly from: string;
  readonly to: string;
  /** Our domain. */
  readonly submitter: string;
  /** Queue id of the message. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function pack({ text }: Pick<OutgoingReport, "text">): Buffer {
  return gzipSync(text());
}

/** Header and body, with CRLF line ends. */
export function reportMail({ report, packed, from, to, submitter, id, now }: ReportMail): Buffer {
  const { kind, domain } = report;
  const isTls = kind === "tls";
  const boundary = `report-${id}`;
  const type = isTls ? `multipart/report; report-type="tlsrpt"` : "multipart/mixed";
  const ending = isTls ? "json.gz" : "xml.gz";
  const name = `${submitter}!${domain}!${report.begin}!${report.end}.${ending}`;
  const what = isTls ? "Report about TLS sessions" : "DMARC aggregate report";
  const lines = [
    `From: <${from}>`,
    `To: <${to}>`,
    `Date: ${rfc5322Date(now)}`,
    `Message-ID: <${id}.report@${submitter}>`,
    `Subject: Report Domain: ${domain}`,
    ` Submitter: ${submitter}`,
    ` Report-ID: <${report.id}>`,
    "Auto-Submitted: auto-generated",
    ...(isTls ? [`TLS-Report-Domain: ${domain}`, `TLS-Report-Submitter: ${submitter}`] : []),
    "MIME-Version: 1.0",
    `Content-Type: ${type};`,
    ` boundary="${boundary}"`,
    "",
    `--${boundary}`,
    "Content-Type: text/plain; charset=us-ascii",
    "",
    `${what} for ${domain} by ${submitter}, ${day(report.begin)} (UTC).`,
    "",
    `--${boundary}`,
    `Content-Type: ${isTls ? "application/tlsrpt+gzip" : "application/gzip"};`,
    ` name="${name}"`,
    "Content-Transfer-Encoding: base64",
    "Content-Disposition: attachment;",
    ` filename="${name}"`,
    "",
    ...(packed.toString("base64").match(/.{1,76}/g) ?? []),
    `--${boundary}--`,
    "",
  ];
  return Buffer.from(lines.join("\r\n"), "latin1");
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
