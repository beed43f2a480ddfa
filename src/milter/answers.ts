/** What a filter says to a mail server (SMFIR_*), read: our half of the codec. The other one is filter-half.ts. */
import { MACRO_STAGES } from "./bits.ts";
import type { Negotiation } from "./commands.ts";
import type { Answer, Edit, MacroStage } from "./filter.ts";
import type { Packet } from "./packets.ts";
import { parseReply } from "./reply-text.ts";
import { stringIn, stringsIn } from "./strings.ts";

export type Said =
  /** `oddity`: what is wrong with it, though it was understood. */
  | { readonly kind: "answer"; readonly answer: Answer; readonly oddity?: string }
  /** `parameters`: written as an address with parameters (SMFIR_ADDRCPT_PAR), be there some or not. */
  | { readonly kind: "edit"; readonly edit: Edit; readonly parameters?: true }
  | { readonly kind: "progress" }
  | ({
      readonly kind: "negotiation";
      readonly lists: ReadonlyMap<MacroStage, readonly string[]>;
    } & Negotiation)
  /** A list of macros, outside of the negotiation. */
  | { readonly kind: "macro-list"; readonly stage: MacroStage; readonly macros: readonly string[] };

/** The letters of answers that are only a letter. */
export const ANSWER_CODES: Readonly<Record<Exclude<Answer["kind"], "reply">, string>> = {
  accept: "a",
  continue: "c",
  discard: "d",
  "connection-failure": "f",
  reject: "r",
  skip: "s",
  tempfail: "t",
  shutdown: "4",
};

/** The letters of edits; a recipient with parameters: ADD_WITH_PARAMETERS_CODE. */
export const EDIT_CODES: Readonly<Record<Edit["kind"], string>> = {
  "add-recipient": "+",
  "delete-recipient": "-",
  "replace-body": "b",
  "change-sender": "e",
  "add-header": "h",
  "insert-header": "i",
  "change-header": "m",
  quarantine: "q",
};
export const ADD_WITH_PARAMETERS_CODE = "2";

const ANSWERS: ReadonlyMap<string, Said> = new Map(
  Object.entries(ANSWER_CODES).map(
    ([kind, code]) => [code, { kind: "answer", answer: { kind } as Exclude<Answer, { kind: "reply" }> }] as const,
  ),
);

/** How people call the letter: `'h' (add-header)`. */
export function describeCode(code: string): string {
  const name = [...Object.entries(ANSWER_CODES), ...Object.entries(EDIT_CODES), ...OTHER_CODES].find(
    ([, each]) => each === code,
  )?.[0];
  const shown = /^[!-~]$/.test(code) ? `'${code}'` : `octet ${code.charCodeAt(0)}`;
  return name === undefined ? shown : `${shown} (${name})`;
}

const OTHER_CODES: readonly (readonly [string, string])[] = [
  ["add-recipient", ADD_WITH_PARAMETERS_CODE],
  ["progress", "p"],
  ["reply", "y"],
  ["negotiation", "O"],
  ["macro-list", "l"],
];

/**
 * Reads what a filter says. Throws RangeError, with what was expected, for a packet that has no meaning.
 *
 * Values of fields come with lines that end in CRLF, as sent otherwise.
 */
export function decodeSaid({ code, data }: Packet): Said {
  const plain = ANSWERS.get(code);
  if (plain !== undefined) return plain;
  switch (code) {
    case "p":
      return { kind: "progress" };
    case "y":
      return readReply(stringIn(data) ?? "");
    case "O":
      return readNegotiation(data);
    case "l":
      return { kind: "macro-list", ...readMacroList(data, 0) };
    case ADD_WITH_PARAMETERS_CODE:
      return { kind: "edit", edit: { kind: "add-recipient", ...readAddress(data, code) }, parameters: true };
    default:
      return { kind: "edit", edit: readEdit(code, data) };
  }
}

/** What cannot be a reply is taken as a refusal, as sendmail takes it. */
function readReply(text: string): Said {
  const reply = parseReply(text);
  if (reply !== undefined) return { kind: "answer", answer: reply };
  return {
    kind: "answer",
    answer: { kind: "reject" },
    oddity: `reply "${text.slice(0, 60)}" is no 4xx or 5xx reply with each % doubled; taken as a refusal`,
  };
}

function readEdit(code: string, data: Buffer): Edit {
  switch (code) {
    case "+":
      return { kind: "add-recipient", path: readAddress(data, code).path, parameters: [] };
    case "-":
      return { kind: "delete-recipient", path: readAddress(data, code).path };
    case "e":
      return { kind: "change-sender", ...readAddress(data, code) };
    case "b":
      return { kind: "replace-body", chunk: data };
    case "q":
      return { kind: "quarantine", reason: stringIn(data) ?? "" };
    case "h":
      return { kind: "add-header", ...readField(data, 0, code) };
    case "i":
      return { kind: "insert-header", index: readIndex(data, code), ...readField(data, 4, code) };
    case "m": {
      const { name, value } = readField(data, 4, code);
      return { kind: "change-header", index: readIndex(data, code), name, value: value === "" ? undefined : value };
    }
    default:
      throw new RangeError(`${describeCode(code)}, which means nothing`);
  }
}

function readAddress(data: Buffer, code: string): { path: string; parameters: string[] } {
  const [address = "", ...parameters] = stringsIn(data);
  if (address === "") throw new RangeError(`${describeCode(code)} without an address`);
  return { path: address.startsWith("<") ? address : `<${address}>`, parameters: parameters.filter(Boolean) };
}

function readIndex(data: Buffer, code: string): number {
  if (data.length < 4) throw new RangeError(`${describeCode(code)} of ${data.length} octets`);
  return data.readUInt32BE(0);
}

/** RFC 5322 §2.2: printable octets without a colon. */
const FIELD_NAME = /^[!-9;-~]+$/;

function readField(data: Buffer, from: number, code: string): { name: string; value: string } {
  const [name = "", value] = stringsIn(data, from);
  if (value === undefined && !data.subarray(from).includes(0)) {
    throw new RangeError(`${describeCode(code)} without a value`);
  }
  if (!FIELD_NAME.test(name)) throw new RangeError(`${describeCode(code)} with "${name}" for a field name`);
  return { name, value: foldedValue(value ?? "") };
}

/** Lines end with CRLF, none is empty, and each but the first begins with a blank: else it would be another field. */
function foldedValue(value: string): string {
  if (!/[\r\n]/.test(value)) return value;
  return value
    .split(/\r\n|\r|\n/)
    .filter((line, index) => index === 0 || /[^ \t]/.test(line))
    .map((line, index) => (index === 0 || /^[ \t]/.test(line) ? line : `\t${line}`))
    .join("\r\n");
}

function readNegotiation(data: Buffer): Said {
  if (data.length < 12) throw new RangeError(`a negotiation of ${data.length} octets (at least 12)`);
  const lists = new Map<MacroStage, readonly string[]>();
  for (let at = 12; at < data.length;) {
    const { stage, macros, end } = readMacroList(data, at);
    lists.set(stage, macros);
    at = end;
  }
  return {
    kind: "negotiation",
    version: data.readUInt32BE(0),
    actions: data.readUInt32BE(4),
    protocol: data.readUInt32BE(8),
    lists,
  };
}

/** Number of the stage, names with blanks or commas between them: `00 00 00 03 "{rcpt_addr} j" NUL`. */
function readMacroList(data: Buffer, at: number): { stage: MacroStage; macros: string[]; end: number } {
  const number = data.length - at < 4 ? -1 : data.readUInt32BE(at);
  if (number < 0 || number >= MACRO_STAGES.length) throw new RangeError(`a list of macros for stage ${number}`);
  const nul = data.indexOf(0, at + 4);
  const end = nul === -1 ? data.length : nul;
  return { stage: MACRO_STAGES[number], macros: macroNames(data.toString("latin1", at + 4, end)), end: end + 1 };
}

/** As configurations write them: `j`, `{rcpt_addr}`. */
function macroNames(text: string): string[] {
  return text
    .split(/[ \t,]+/)
    .filter(Boolean)
    .map((name) => (/^\{.\}$/s.test(name) ? name[1] : name.length > 1 && !name.startsWith("{") ? `{${name}}` : name));
}
