/** Options of reports about DMARC and TLS that go to others (docs/authentication-reports.md). */
import type { Check, OptionRow } from "./row.ts";
import { flagWords, meant, wordsOf } from "./value-words.ts";

const kinds: Check = (value, context) => {
  const known = wordsOf(context);
  const wanted = new Set<string>();
  for (const { word, offset } of flagWords(value)) {
    if (known.includes(word.toLowerCase())) wanted.add(word.toLowerCase());
    else context.messages.error(`CollectReports: "${word}" is no kind of report`, { offset, ...meant(word, known) });
  }
  return [...wanted].join(" ");
};

export const SENDER_REPORT_OPTIONS = [
  {
    name: "CollectReports",
    type: "text",
    initial: "",
    range: ["dmarc", "tls"],
    extension: true,
    check: kinds,
    meaning: "what is counted for reports to other domains: dmarc (what SenderChecks finds out), tls; empty: nothing",
  },
  {
    name: "SendReports",
    type: "flag",
    initial: false,
    extension: true,
    meaning: "what was counted on a day is sent to the domains that ask for it",
  },
  {
    name: "ReportSender",
    type: "text",
    initial: "",
    extension: true,
    meaning: "address that such reports come from; without it postmaster@$j",
  },
  {
    name: "ReportRows",
    type: "number",
    initial: 10_000,
    extension: true,
    meaning: "rows that are counted of one day at most; what is like none of them is left out",
  },
] as const satisfies readonly OptionRow[];
