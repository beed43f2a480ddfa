/** Lists of restrictions (smtpd_*_restrictions): what each word of them is here. */
import type { Draft } from "./draft.ts";
import { carryAccess } from "./tables.ts";

/** So it is here without a word. */
const ALWAYS: ReadonlySet<string> = new Set([
  "permit",
  "permit_mynetworks",
  "permit_sasl_authenticated",
  "permit_auth_destination",
  "permit_tls_clientcerts",
  "reject_unauth_destination",
  "defer_unauth_destination",
  "reject_unknown_sender_domain",
  "reject_non_fqdn_sender",
  "reject_non_fqdn_recipient",
  "reject_unknown_recipient_domain",
  "reject_unlisted_recipient",
  "reject_unauth_pipelining",
]);

/** Words that are a FEATURE. */
const FEATURES: Readonly<Record<string, string>> = {
  reject_unknown_client_hostname: "FEATURE(`require_rdns')",
  reject_unknown_client: "FEATURE(`require_rdns')",
  reject_unknown_reverse_client_hostname: "FEATURE(`require_rdns')",
  reject_invalid_helo_hostname: "FEATURE(`block_bad_helo')",
  reject_invalid_hostname: "FEATURE(`block_bad_helo')",
  reject_non_fqdn_helo_hostname: "FEATURE(`block_bad_helo')",
  reject_non_fqdn_hostname: "FEATURE(`block_bad_helo')",
};

/** Words that have another behind them. */
const TAKES_ONE =
  /^(?:check_.*|reject_rbl_client|reject_rhsbl_.*|permit_dnswl_client|permit_rhswl_client|sleep|warn_if_reject)$/;

export function carryRestrictions(draft: Draft, _value: string, name: string): void {
  const words = draft.main.list(name);
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    const next = TAKES_ONE.test(word) ? (words[++at] ?? "") : "";
    const feature = FEATURES[word];
    if (ALWAYS.has(word)) continue;
    if (feature !== undefined) draft.add("access", feature);
    else if (word === "reject_rbl_client") draft.add("access", listed(next));
    else if (word === "check_policy_service" && /spf/i.test(next)) draft.add("access", "FEATURE(`spf')");
    else if (word.startsWith("check_") && carryAccess(draft, name, word, next)) continue;
    else
      draft.leave(name, `${word}${next === "" ? "" : ` ${next}`}: ${ADVICE[word] ?? "nothing here is known for it"}`);
  }
}

/** `bl.example.net=127.0.0.2` */
function listed(word: string): string {
  const [zone, result] = word.split("=");
  return result === undefined
    ? `FEATURE(\`enhdnsbl', \`${zone}')`
    : `FEATURE(\`enhdnsbl', \`${zone}', \`', \`', \`${result}')`;
}

const ADVICE: Readonly<Record<string, string>> = {
  check_policy_service: "a mail filter of the same program (docs/milter.md)",
  check_helo_access: "a rule in Local_check_relay (docs/language.md)",
  reject_unverified_recipient: "nothing asks the next server beforehand",
  reject_unverified_sender: "nothing asks the sender's server beforehand",
  reject: "refuse with keys of the access table",
};
