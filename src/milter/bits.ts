/** The bits of SMFIC_OPTNEG: what a filter may change (SMFIF_*), and how the two talk (SMFIP_*). */
import type { Edit, Step } from "./filter.ts";

/** The newest version of the protocol, and the oldest that is still spoken. */
export const VERSION = 6;
export const OLDEST_VERSION = 2;

/** Kind of edit → the bit that a filter asks for; ADDRCPT_PAR (an address with parameters) stands aside. */
export const EDIT_BITS: Readonly<Record<Edit["kind"], number>> = {
  "add-header": 0x01,
  "insert-header": 0x01,
  "replace-body": 0x02,
  "add-recipient": 0x04,
  "delete-recipient": 0x08,
  "change-header": 0x10,
  quarantine: 0x20,
  "change-sender": 0x40,
};
/** SMFIF_ADDRCPT_PAR. */
export const ADD_WITH_PARAMETERS = 0x80;
/** SMFIF_SETSYMLIST: the filter may name the macros that it wants. */
export const SET_MACRO_LISTS = 0x100;

/** Step → SMFIP_NO*: it is not told to the filter. There is none for the end of the message. */
export const UNWANTED_BITS: Readonly<Partial<Record<Step, number>>> = {
  connect: 0x01,
  helo: 0x02,
  mail: 0x04,
  rcpt: 0x08,
  body: 0x10,
  header: 0x20,
  eoh: 0x40,
  unknown: 0x100,
  data: 0x200,
};

/** Step → SMFIP_NR_*: the filter gives no answer. */
export const UNANSWERED_BITS: Readonly<Partial<Record<Step, number>>> = {
  header: 0x80,
  connect: 0x1000,
  helo: 0x2000,
  mail: 0x4000,
  rcpt: 0x8000,
  data: 0x10000,
  unknown: 0x20000,
  eoh: 0x40000,
  body: 0x80000,
};

/** SMFIP_SKIP, SMFIP_RCPT_REJ, SMFIP_HDR_LEADSPC. */
export const SKIP = 0x400;
export const REJECTED_RECIPIENTS = 0x800;
export const LEADING_SPACE = 0x100000;
/** SMFIP_MDS_256K, SMFIP_MDS_1M: packets may be as large as this. */
export const CHUNK_256 = 0x10000000;
export const CHUNK_1024 = 0x20000000;

/** Step → the first version that knows its command, where that is not the oldest. */
export const STEP_VERSIONS: Readonly<Partial<Record<Step, number>>> = { unknown: 3, data: 4 };

/** The numbers of SMFIM_*, by which macro lists are named. */
export const MACRO_STAGES = ["connect", "helo", "envfrom", "envrcpt", "data", "eom", "eoh"] as const;

/** Macros come before the command of a step. */
export const STAGE_OF_STEP = {
  connect: "connect",
  helo: "helo",
  mail: "envfrom",
  rcpt: "envrcpt",
  data: "data",
  eoh: "eoh",
  end: "eom",
} as const satisfies Partial<Record<Step, (typeof MACRO_STAGES)[number]>>;

/** All bits of a table. */
export function allBits(table: Readonly<Record<string, number>>): number {
  return Object.values(table).reduce((bits, bit) => (bits | bit) >>> 0, 0);
}
