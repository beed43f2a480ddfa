/** Options about who has sent a message: SPF, DKIM, DMARC, ARC (docs/sender.md). */
import { readNetworks } from "../../sys/networks.ts";
import { flagWords, meant, wordsOf } from "./value-words.ts";
import type { Check, OptionRow } from "./row.ts";

const SENDER_CHECKS = ["spf", "dkim", "dmarc", "arc"] as const;

/** What FEATUREs and lines of the site want adds up. */
const senderChecks: Check = (value, context) => {
  const known = wordsOf(context);
  const wanted = new Set((context.before ?? "").split(" ").filter((word) => word !== ""));
  for (const { word, offset } of flagWords(value)) {
    if (known.includes(word.toLowerCase())) wanted.add(word.toLowerCase());
    else context.messages.error(`SenderChecks: "${word}" is no check`, { offset, ...meant(word, known) });
  }
  return [...wanted].join(" ");
};

const networks: Check = (value, { messages, row }) => {
  for (const { word, offset } of readNetworks(value).bad) {
    messages.error(`${row.name}: "${word}" is neither an address nor a network (192.0.2.0/24)`, { offset });
  }
  return value;
};

const listFrom: Check = (value, context) => {
  const word = value.trim().toLowerCase();
  const known = wordsOf(context);
  if (word === "" || known.includes(word)) return word;
  context.messages.error(`ListFrom: "${word}" is no policy: ${known.join(" or ")}`, meant(word, known));
  return undefined;
};

export const SENDER_OPTIONS = [
  {
    name: "SenderChecks",
    type: "text",
    initial: "",
    range: SENDER_CHECKS,
    adds: true,
    extension: true,
    check: senderChecks,
    meaning: "what is found out about senders of mail that comes in; dmarc also asks spf and dkim; empty: nothing",
  },
  {
    name: "AuthServId",
    type: "text",
    initial: "",
    extension: true,
    meaning: "name of ours in Authentication-Results (authserv-id); without it $j",
  },
  {
    name: "SenderCheckGateways",
    type: "text",
    initial: "",
    extension: true,
    check: networks,
    meaning: "addresses and networks of hosts of ours that check senders: their Authentication-Results stay",
  },
  {
    name: "SenderCheckTimeout",
    type: "time",
    initial: "20s",
    unit: "s",
    extension: true,
    meaning: "time for the DNS questions of one check of a sender; then its result is temperror",
  },
  {
    name: "ListFrom",
    type: "text",
    initial: "",
    range: ["reject", "quarantine"],
    extension: true,
    check: listFrom,
    meaning: "what lists send on has the list as author from this DMARC policy of the author's domain on; empty: never",
  },
] as const satisfies readonly OptionRow[];
