/** Options of signing: which keys sign what leaves (DKIM), and what forwarded mail is sealed with (ARC). */
import type { Check, OptionRow } from "./row.ts";

/** What happens to a message that has to be signed and cannot be. */
const SIGNING_FAILURES = ["defer", "unsigned"] as const;

const failure: Check = (value, { messages }) => {
  const word = value.trim().toLowerCase();
  if ((SIGNING_FAILURES as readonly string[]).includes(word)) return word;
  messages.error(`readcf: option DKIMFailure: "${value}" is neither ${SIGNING_FAILURES.join(" nor ")}`);
  return undefined;
};

export const SIGNING_OPTIONS = [
  {
    name: "DKIMKeys",
    type: "text",
    initial: "",
    extension: true,
    meaning: "folder of keys that sign outgoing mail, DOMAIN/SELECTOR.private; empty: this folder signs nothing",
  },
  {
    name: "DKIMKeyTable",
    type: "text",
    initial: "",
    extension: true,
    meaning: "file in the form of opendkim's KeyTable: NAME DOMAIN:SELECTOR:/KEYFILE",
  },
  {
    name: "DKIMSigningTable",
    type: "text",
    initial: "",
    extension: true,
    meaning: "file in the form of opendkim's SigningTable: ADDRESS NAME; `refile:` in front: patterns with *",
  },
  {
    name: "DKIMSelectors",
    type: "text",
    initial: "",
    extension: true,
    meaning: "selectors that may sign, words; empty: all of DKIMKeys",
  },
  {
    name: "DKIMDomains",
    type: "text",
    initial: "",
    extension: true,
    meaning: "domains whose mail has to be signed, and no others; empty: those that have keys",
  },
  {
    name: "DKIMHeaders",
    type: "text",
    initial: "",
    extension: true,
    meaning: "header fields that are signed, words; `+NAME` and `-NAME` change the usual list",
  },
  {
    name: "DKIMOversign",
    type: "text",
    initial: "From To Cc Subject Date Reply-To",
    extension: true,
    meaning: "header fields that nobody may add later without breaking the signature, words",
  },
  {
    name: "DKIMExpire",
    type: "time",
    initial: "0",
    unit: "d",
    extension: true,
    meaning: "how long a signature is good (x=); 0: for ever",
  },
  {
    name: "DKIMFailure",
    type: "text",
    initial: "defer",
    range: SIGNING_FAILURES,
    extension: true,
    check: failure,
    meaning: "what becomes of a message that cannot be signed: defer, or unsigned",
  },
  {
    name: "ARCSeal",
    type: "text",
    initial: "",
    extension: true,
    meaning: "domain whose keys seal mail of others that is sent on (ARC); empty: none is sealed",
  },
] as const satisfies readonly OptionRow[];
