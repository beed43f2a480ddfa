/** Macros that tell rules what is known of a sender (docs/sender.md), and the same in words for the log and for people. */
import type { SenderEvidence } from "../authentication/evidence.ts";
import type { Told } from "../authentication/results-field.ts";
import type { DkimResult } from "../authentication/dkim/verify.ts";
import { withoutComments } from "../mail/comments.ts";

export type MacroSetting = readonly [name: string, value: string | undefined];

/** After MAIL. */
export function macrosOfMail({ iprev, spf, spfHelo }: Told): MacroSetting[] {
  return [
    ["iprev", iprev?.result],
    ...(spf === undefined
      ? []
      : ([
          ["spf", spf.result],
          ["spf_domain", spf.domain],
          ["spf_helo", (spfHelo ?? (spf.identity === "helo" ? spf : undefined))?.result],
          ["spf_explanation", harmless(spf.explanation)],
        ] as const)),
  ];
}

/** At the end of the message. What was not looked at leaves its macros alone. */
export function macrosOfMessage({ dkim, dmarc, arc }: Told): MacroSetting[] {
  const signature = dkim && tellingSignature(dkim, dmarc?.dkimAligned);
  return [
    ...(dkim === undefined
      ? []
      : ([
          ["dkim", signature?.result ?? "none"],
          ["dkim_d", signature?.domain],
          ["dkim_s", signature?.selector],
        ] as const)),
    ...(dmarc === undefined
      ? []
      : ([
          ["dmarc", dmarc.result],
          ["dmarc_policy", dmarc.record === undefined ? undefined : dmarc.policy],
          ["dmarc_domain", dmarc.domain || undefined],
          ["dkim_author", dmarc.dkimAligned === undefined ? undefined : dmarc.domain],
        ] as const)),
    ...(arc === undefined
      ? []
      : ([
          ["arc", arc.result],
          [
            "arc_chain",
            arc.chain
              .map(({ domain }) => domain)
              .toReversed()
              .join(",") || undefined,
          ],
          ["arc_dmarc", arc.authResults === undefined ? undefined : dmarcIn(arc.authResults)],
        ] as const)),
  ];
}

/** Of several signatures the one that DMARC counts, else one that holds, else the first. */
function tellingSignature(dkim: readonly DkimResult[], aligned: string | undefined): DkimResult | undefined {
  const good = dkim.filter(({ result }) => result === "pass");
  return good.find(({ domain }) => domain === aligned) ?? good[0] ?? dkim[0];
}

/** What the last sealer says of DMARC; quotes and comments in it hold what strangers have told him. */
function dmarcIn(results: string): string | undefined {
  const plain = withoutComments(results).replaceAll(/"(?:[^"\\]|\\.)*(?:"|$)/gs, '""');
  return /;\s*dmarc\s*=\s*([a-z]+)/i.exec(plain)?.[1].toLowerCase();
}

/** A stranger's words in a reply, in quotes: nothing that rules or replies would take for more than words. */
function harmless(text: string | undefined): string | undefined {
  const words = text?.replaceAll(/[^A-Za-z0-9 .,:;/_%?=&+@#!'-]+/g, " ").trim();
  return words ? `"${words}"` : undefined;
}

function remark(...words: (string | undefined)[]): string {
  const said = words.filter((word) => word !== undefined && word !== "").join(": ");
  return said === "" ? "" : ` (${said})`;
}

/** `spf=fail (example.org: -all), dkim=none`: one line of what was found out. */
export function resultWords({ iprev, spf, spfHelo, dkim, dmarc, arc }: Told): string {
  return [
    ...(iprev === undefined ? [] : [`iprev=${iprev.result}`]),
    ...(spf === undefined ? [] : [`spf=${spf.result}${remark(spf.domain, spf.reason ?? spf.term)}`]),
    ...(spfHelo === undefined
      ? []
      : [`spf_helo=${spfHelo.result}${remark(spfHelo.domain, spfHelo.reason ?? spfHelo.term)}`]),
    ...(dkim ?? []).map(
      ({ result, domain, selector, reason }) =>
        `dkim=${result}${remark(domain === "" ? "" : `${domain}/${selector}`, reason)}`,
    ),
    ...(dkim?.length === 0 ? ["dkim=none"] : []),
    ...(dmarc === undefined
      ? []
      : [`dmarc=${dmarc.result}${remark(dmarc.domain, dmarc.reason ?? policyWords(dmarc))}`]),
    ...(arc === undefined || arc.result === "none"
      ? []
      : [`arc=${arc.result}${remark(arc.chain.map(({ domain }) => domain).join(","), arc.reason)}`]),
  ].join(", ");
}

function policyWords({ record, policy, policyTag, recordAt, domain }: SenderEvidence["dmarc"]): string | undefined {
  if (record === undefined) return undefined;
  return `${policyTag}=${policy}${recordAt === domain ? "" : ` of ${recordAt}`}`;
}
