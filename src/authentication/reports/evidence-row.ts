/** What is known of the sender of a message, as aggregate reports count it (RFC 7489 §7.2); undefined where nobody wants a report. */
import type { SenderEvidence } from "../evidence.ts";
import type { DmarcCount } from "./day-bucket.ts";

/** Signatures of one message that a report names: RFC 7489 wants them all, a spammer may have made hundreds. */
const MOST_SIGNATURES = 10;
/** No name is longer (RFC 1035 §2.3.4); what a stranger wrote may be. */
const LONGEST_NAME = 255;

export function countOf({
  client,
  dmarc,
  dkim,
  spf,
  spfHelo,
  mailFrom,
  disposition,
}: SenderEvidence): DmarcCount | undefined {
  const { record, recordAt } = dmarc;
  if (record === undefined || recordAt === undefined || record.reportsTo.length === 0) return undefined;
  // Who could not be found out yet comes again, and counts then.
  if (dmarc.result !== "pass" && dmarc.result !== "fail") return undefined;
  const asked = dmarc.result === "pass" ? "none" : dmarc.policy;
  return {
    kind: "dmarc",
    policy: {
      domain: recordAt,
      adkim: record.strictDkim ? "s" : "r",
      aspf: record.strictSpf ? "s" : "r",
      p: record.policy,
      sp: record.subdomains,
      pct: String(record.percent),
      fo: record.failureOptions,
    },
    row: {
      source: client,
      disposition,
      dkim: dmarc.dkimAligned === undefined ? "fail" : "pass",
      spf: dmarc.spfAligned ? "pass" : "fail",
      reasons: reasonsFor(asked, disposition, dmarc.isSampledOut === true),
      headerFrom: name(dmarc.domain),
      envelopeFrom: name(mailFrom.slice(mailFrom.lastIndexOf("@") + 1)),
      dkimResults: dkim
        .slice(0, MOST_SIGNATURES)
        .map(({ domain, selector, result }) => ({ domain: name(domain), selector: name(selector), result })),
      spfResults: [spf, ...(spfHelo === undefined ? [] : [spfHelo])].map(({ domain, identity, result }) => ({
        domain: name(domain),
        scope: identity === "helo" ? "helo" : "mfrom",
        result,
      })),
    },
  };
}

/** Why something else was done than the domain asks for (RFC 7489 appendix C, PolicyOverrideType). */
function reasonsFor(asked: string, done: string, isSampledOut: boolean): DmarcCount["row"]["reasons"] {
  if (isSampledOut) return [{ type: "sampled_out" }];
  return asked === done ? [] : [{ type: "local_policy" }];
}

function name(text: string): string {
  return text.toLowerCase().slice(0, LONGEST_NAME);
}
