/**
 * The filter's half of the codec: what a mail server says (SMFIC_*), read, and what a filter says (SMFIR_*), as packets.
 * For filters written with this folder, and for tests of the other half.
 */
import { ADD_WITH_PARAMETERS_CODE, ANSWER_CODES, EDIT_CODES } from "./answers.ts";
import { MACRO_STAGES } from "./bits.ts";
import { type Command, COMMAND_CODES, FAMILY_CODES, type Negotiation, numbers } from "./commands.ts";
import type { Answer, ClientPlace, Edit, MacroStage, Step } from "./filter.ts";
import { type Packet, packet } from "./packets.ts";
import { stringIn, stringsIn, terminated } from "./strings.ts";

const KINDS: ReadonlyMap<string, Command["kind"]> = new Map(
  Object.entries(COMMAND_CODES).map(([kind, code]) => [code, kind as Command["kind"]] as const),
);
const FAMILIES: ReadonlyMap<string, ClientPlace["family"]> = new Map(
  Object.entries(FAMILY_CODES).map(([family, code]) => [code, family as ClientPlace["family"]] as const),
);

/** Reads a command. Throws RangeError, with what is wrong, for a packet that is none. */
export function decodeCommand({ code, data }: Packet): Command {
  const kind = KINDS.get(code);
  switch (kind) {
    case undefined:
      throw new RangeError(`no command has the letter ${JSON.stringify(code)}`);
    case "negotiate":
      if (data.length < 12) throw new RangeError(`a negotiation of ${data.length} octets (at least 12)`);
      return {
        kind,
        version: data.readUInt32BE(0),
        actions: data.readUInt32BE(4),
        protocol: data.readUInt32BE(8),
      };
    case "macros":
      return readMacros(data);
    case "connect":
      return readConnect(data);
    case "helo":
      return { kind, name: stringIn(data) ?? "" };
    case "mail":
    case "rcpt": {
      const [path, ...parameters] = stringsIn(data);
      if (path === undefined) throw new RangeError(`${kind} without a path`);
      return { kind, path, parameters };
    }
    case "unknown":
      return { kind, line: stringIn(data) ?? "" };
    case "header": {
      const [name, value] = stringsIn(data);
      if (value === undefined) throw new RangeError("a header field without a value");
      return { kind, name, value };
    }
    case "body":
    case "end":
      return { kind, octets: data };
    default:
      return { kind };
  }
}

function readMacros(data: Buffer): Command {
  const step = data.length === 0 ? undefined : KINDS.get(String.fromCharCode(data[0]));
  if (step === undefined) throw new RangeError("macros for no command");
  const strings = stringsIn(data, 1);
  if (strings.length % 2 !== 0) throw new RangeError(`the macro ${strings.at(-1)} without a value`);
  const values = strings.flatMap((name, index) => (index % 2 === 0 ? [[name, strings[index + 1]] as const] : []));
  return { kind: "macros", step: step as Step, values };
}

function readConnect(data: Buffer): Command {
  const nul = data.indexOf(0);
  const family = nul === -1 ? undefined : FAMILIES.get(String.fromCharCode(data[nul + 1]));
  if (family === undefined) throw new RangeError("a client of no family");
  return { kind: "connect", host: data.toString("latin1", 0, nul), place: readPlace(family, data.subarray(nul + 2)) };
}

function readPlace(family: ClientPlace["family"], rest: Buffer): ClientPlace {
  if (family === "unknown") return { family };
  if (rest.length < 2) throw new RangeError("a client without a port");
  const address = stringIn(rest, 2) ?? "";
  return family === "unix" ? { family, path: address } : { family, address, port: rest.readUInt16BE(0) };
}

/** The octets of an answer. A `%` of a reply stands twice. */
export function encodeAnswer(answer: Answer): Buffer {
  if (answer.kind !== "reply") return packet(ANSWER_CODES[answer.kind]);
  const { code, enhanced, lines } = answer;
  const last = lines.length - 1;
  const text = lines.map((line, index) => {
    const status = enhanced === undefined ? "" : `${enhanced} `;
    return `${code}${index === last ? " " : "-"}${status}${line.replaceAll("%", "%%")}`;
  });
  return packet("y", terminated(text.join("\r\n")));
}

/** SMFIR_PROGRESS: the filter is still at work. */
export function encodeProgress(): Buffer {
  return packet("p");
}

/** The octets of an edit. A recipient with parameters is written as SMFIR_ADDRCPT_PAR. */
export function encodeEdit(edit: Edit): Buffer {
  const code = EDIT_CODES[edit.kind];
  switch (edit.kind) {
    case "add-header":
      return packet(code, terminated(edit.name) + terminated(edit.value));
    case "insert-header":
    case "change-header":
      return packet(code, numbers(edit.index), terminated(edit.name) + terminated(edit.value ?? ""));
    case "add-recipient":
      if (edit.parameters.length === 0) return packet(code, terminated(edit.path));
      return packet(ADD_WITH_PARAMETERS_CODE, [edit.path, ...edit.parameters].map(terminated).join(""));
    case "delete-recipient":
      return packet(code, terminated(edit.path));
    case "change-sender":
      return packet(code, [edit.path, ...edit.parameters].map(terminated).join(""));
    case "replace-body":
      return packet(code, edit.chunk);
    case "quarantine":
      return packet(code, terminated(edit.reason));
  }
}

/** What a filter answers to SMFIC_OPTNEG. @param lists the macros that it wants, for stages where it wants others */
export function encodeNegotiation(
  { version, actions, protocol }: Negotiation,
  lists: ReadonlyMap<MacroStage, readonly string[]> = new Map(),
): Buffer {
  const named = [...lists].flatMap(([stage, macros]) => [
    numbers(MACRO_STAGES.indexOf(stage)),
    terminated(macros.join(" ")),
  ]);
  return packet(COMMAND_CODES.negotiate, numbers(version, actions, protocol), ...named);
}
