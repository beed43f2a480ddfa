/** What a mail server says to a filter (SMFIC_*), as packets: our half of the codec. The other one is filter-half.ts. */
import type { ClientPlace, Step } from "./filter.ts";
import { packet } from "./packets.ts";
import { terminated } from "./strings.ts";

/** What SMFIC_OPTNEG carries, and the filter's answer to it. */
export interface Negotiation {
  readonly version: number;
  /** SMFIF_*, see bits.ts. */
  readonly actions: number;
  /** SMFIP_*. */
  readonly protocol: number;
}

export type Command =
  | ({ readonly kind: "negotiate" } & Negotiation)
  /** Before the command of that step. */
  | { readonly kind: "macros"; readonly step: Step; readonly values: readonly (readonly [string, string])[] }
  | { readonly kind: "connect"; readonly host: string; readonly place: ClientPlace }
  | { readonly kind: "helo"; readonly name: string }
  | { readonly kind: "mail" | "rcpt"; readonly path: string; readonly parameters: readonly string[] }
  | { readonly kind: "data" | "eoh" | "abort" | "quit" | "quit-and-next" }
  | { readonly kind: "unknown"; readonly line: string }
  /** As it is sent: lines of the value end with LF. */
  | { readonly kind: "header"; readonly name: string; readonly value: string }
  /** `end` may carry the last octets of the body; we send none. */
  | { readonly kind: "body" | "end"; readonly octets: Buffer };

/** The letter of each command. */
export const COMMAND_CODES: Readonly<Record<Command["kind"], string>> = {
  abort: "A",
  body: "B",
  connect: "C",
  macros: "D",
  end: "E",
  helo: "H",
  "quit-and-next": "K",
  header: "L",
  mail: "M",
  eoh: "N",
  negotiate: "O",
  quit: "Q",
  rcpt: "R",
  data: "T",
  unknown: "U",
};

/** SMFIA_*: of which kind a client's address is. */
export const FAMILY_CODES: Readonly<Record<ClientPlace["family"], string>> = {
  unknown: "U",
  unix: "L",
  inet: "4",
  inet6: "6",
};

/** The octets of a command, the four of its length included. */
export function encodeCommand(command: Command): Buffer {
  const code = COMMAND_CODES[command.kind];
  switch (command.kind) {
    case "negotiate":
      return packet(code, numbers(command.version, command.actions, command.protocol));
    case "macros": {
      const pairs = command.values.map(([name, value]) => terminated(name) + terminated(value));
      return packet(code, COMMAND_CODES[command.step], pairs.join(""));
    }
    case "connect":
      return packet(code, terminated(command.host), ...placeParts(command.place));
    case "helo":
      return packet(code, terminated(command.name));
    case "mail":
    case "rcpt":
      return packet(code, [command.path, ...command.parameters].map(terminated).join(""));
    case "unknown":
      return packet(code, terminated(command.line));
    case "header":
      return packet(code, terminated(command.name), terminated(command.value));
    case "body":
    case "end":
      return packet(code, command.octets);
    default:
      return packet(code);
  }
}

function placeParts(place: ClientPlace): (string | Buffer)[] {
  const family = FAMILY_CODES[place.family];
  switch (place.family) {
    case "unknown":
      return [family];
    case "unix":
      return [family, "\0\0", terminated(place.path)];
    default: {
      const port = Buffer.alloc(2);
      port.writeUInt16BE(place.port);
      // sendmail writes addresses of IPv6 as RFC 5321 §4.1.3 does.
      const isTagged = place.family === "inet" || /^IPv6:/i.test(place.address);
      return [family, port, terminated(isTagged ? place.address : `IPv6:${place.address}`)];
    }
  }
}

/** Numbers of 32 bits, one behind the other. */
export function numbers(...values: readonly number[]): Buffer {
  const octets = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) octets.writeUInt32BE(value >>> 0, 4 * index);
  return octets;
}
