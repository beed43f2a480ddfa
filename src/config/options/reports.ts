/** Options of error reports. */
import { NOT_YET } from "../reasons.ts";
import type { OptionRow } from "./row.ts";

export const REPORT_OPTIONS = [
  {
    name: "ErrorHeader",
    code: "E",
    type: "text",
    initial: "",
    path: "errorHeader",
    meaning: "text or /file on top of error reports",
  },
  {
    name: "ErrorMode",
    code: "e",
    type: "text",
    initial: "print",
    safe: true,
    meaning: "print, quiet, mail, write or mail-and-exit-0",
    notActedOn: NOT_YET,
  },
  {
    name: "SendMimeErrors",
    code: "j",
    type: "flag",
    initial: true,
    safe: true,
    meaning: "error reports are MIME messages",
  },
  {
    name: "UseErrorsTo",
    code: "l",
    type: "flag",
    initial: false,
    meaning: "Errors-To: is honoured",
  },
  {
    name: "PostmasterCopy",
    code: "P",
    type: "text",
    initial: "",
    meaning: "who gets copies of error reports",
  },
  {
    name: "DoubleBounceAddress",
    code: 0x9a,
    type: "text",
    initial: "postmaster",
    meaning: "who gets reports that cannot be returned",
  },
  {
    name: "RrtImpliesDsn",
    code: 0x9e,
    type: "flag",
    initial: false,
    meaning: "Return-Receipt-To: asks for a delivery report",
  },
  {
    name: "DeadLetterDrop",
    code: 0xa3,
    type: "text",
    initial: "",
    path: "its folder",
    meaning: "file for mail that can be neither delivered nor returned",
  },
] as const satisfies readonly OptionRow[];
