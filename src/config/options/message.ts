/** Options of what is read and what is sent: lines, header fields, character sets. */
import { wordsOf } from "./value-words.ts";
import { NOT_YET } from "../reasons.ts";
import type { Check, OptionRow } from "./row.ts";

const eightBitMode: Check = (value, { messages }) => {
  if (/^[msp]/.test(value)) return value;
  messages.stop(`Unknown 8-bit mode ${value.slice(0, 1)}`);
  return undefined;
};

const noRecipientAction: Check = (value, context) => {
  const action = value.toLowerCase();
  if (wordsOf(context).includes(action)) return action;
  context.messages.error(`Invalid NoRecipientAction: ${value}`);
  return undefined;
};

const needsEai: Check = (value, { messages }) => {
  if (value !== "" && !/^[tTyY]/.test(value)) messages.warn("Warning: Option: SmtpUTF8 requires USE_EAI support");
  return value;
};

export const MESSAGE_OPTIONS = [
  {
    name: "SevenBitInput",
    code: "7",
    type: "flag",
    initial: false,
    safe: true,
    meaning: "strip the eighth bit of what comes in",
  },
  {
    name: "EightBitMode",
    code: "8",
    type: "text",
    initial: "pass8",
    safe: true,
    range: ["mime", "strict", "pass8"],
    check: eightBitMode,
    meaning: "8-bit text without a label: strict, mime or pass (first letter)",
  },
  {
    name: "SaveFromLine",
    code: "f",
    type: "flag",
    initial: false,
    meaning: "From lines at the beginning of a message stay",
    notActedOn: NOT_YET,
  },
  {
    name: "IgnoreDots",
    code: "i",
    type: "flag",
    initial: false,
    safe: true,
    meaning: "a line with a dot does not end a typed message",
    notActedOn: "the command line option -i is acted on, this one not yet",
  },
  {
    name: "OldStyleHeaders",
    code: "o",
    type: "flag",
    initial: false,
    safe: true,
    meaning: "blanks may separate addresses",
  },
  {
    name: "DefaultCharSet",
    code: 0x85,
    type: "text",
    initial: "unknown-8bit",
    safe: true,
    meaning: "name for 8-bit text that says nothing about itself",
  },
  {
    name: "NoRecipientAction",
    code: 0x88,
    type: "text",
    initial: "none",
    safe: true,
    range: ["none", "add-to", "add-apparently-to", "add-bcc", "add-to-undisclosed"],
    check: noRecipientAction,
    meaning: "what a message without recipient fields gets",
  },
  {
    name: "MustQuoteChars",
    code: 0x8f,
    type: "text",
    initial: "@,;:\\()[].'",
    meaning: "characters for which a name is put in quotes",
  },
  {
    name: "SingleLineFromHeader",
    code: 0x94,
    type: "flag",
    initial: false,
    safe: true,
    meaning: "From: is put on one line",
  },
  {
    name: "RejectNUL",
    code: 0xe9,
    type: "flag",
    initial: false,
    meaning: "refuse messages with NUL octets",
  },
  {
    name: "SmtpUTF8",
    code: 0xf8,
    type: "flag",
    initial: false,
    check: needsEai,
    meaning: "internationalised addresses (RFC 6531)",
  },
] as const satisfies readonly OptionRow[];
