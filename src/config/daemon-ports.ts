/** DaemonPortOptions and ClientPortOptions: "Name=MTA, Port=smtp, Family=inet6, M=Ea". */
import type { ConfigMessages } from "../cf/messages.ts";
import { hostExists, portNumber } from "./endpoints.ts";
import type { ConfigEnvironment } from "./environment.ts";

/** O DaemonPortOptions or ClientPortOptions. */
export interface PortOptions {
  readonly name: string;
  readonly family: "inet" | "inet6" | "local";
  /** Address or host name; empty for all. */
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** M= letters. */
  readonly modifiers: ReadonlySet<string>;
  readonly listen: number;
  /** children=, deliveryMode=, InputMailFilters= ... as written. */
  readonly extra: ReadonlyMap<string, string>;
}

export type PortUse = "daemon" | "client";

/** First letter of a key → the name that `extra` keeps it under. Capital and small letters differ for some. */
const EXTRA: Readonly<Record<string, string>> = {
  c: "children",
  D: "deliverymode",
  d: "delayla",
  I: "inputmailfilters",
  i: "inputmailfilters",
  q: "queuela",
  R: "receivesize",
  r: "refusela",
  S: "sendsize",
  s: "sendsize",
};
/** Modifier → the word that the trace of options has for it, in its order. */
const MODIFIERS: readonly (readonly [string, string])[] = [
  ["a", "AUTHREQ"],
  ["b", "BINDIF"],
  ["c", "CANONREQ"],
  ["h", "IFNHELO"],
  ["f", "FQMAIL"],
  ["r", "FQRCPT"],
  ["s", "SMTPS"],
  ["u", "UNQUALOK"],
  ["A", "NOAUTH"],
  ["C", "NOCANON"],
  ["E", "NOETRN"],
  ["S", "NOTLS"],
  ["O", "OPTIONAL"],
];
/** First letters of delivery modes. */
const MODES = "biqd";

interface Draft {
  name: string;
  family: PortOptions["family"];
  address: string;
  port: number;
  modifiers: Set<string>;
  listen: number;
  extra: Map<string, string>;
}

/** Where the parts of an equate stand in the value. */
interface PlacedMessages {
  readonly messages: ConfigMessages;
  readonly at: number;
  readonly valueAt: number;
}

/** Modifier letters as {daemon_flags} shows them: blanks between, upper case doubled. */
export function flagLetters(modifiers: Iterable<string>): string {
  return Array.from(modifiers, (letter) => (/[A-Z]/.test(letter) ? letter + letter : letter)).join(" ");
}

/**
 * {daemon_flags} where no listener has any: option DirectSubmissionModifiers.
 * @returns undefined when the option is not set
 */
export function directFlags(options: { text(name: "DirectSubmissionModifiers"): string }): string | undefined {
  const letters = options.text("DirectSubmissionModifiers").replaceAll(/\s/g, "");
  return letters === "" ? undefined : flagLetters(letters);
}

/** The modifiers as `-d37.1` shows them: `<AUTHREQ,NOETRN>`, nothing when there is none. */
export function modifierWords(modifiers: ReadonlySet<string>): string {
  const words = MODIFIERS.filter(([letter]) => modifiers.has(letter)).map(([, word]) => word);
  return words.length > 0 ? `<${words.join(",")}>` : "";
}

/**
 * @param index position among the options of its kind: nameless ones are called Daemon0, Daemon1 ...
 */
export async function readPortOptions(
  text: string,
  use: PortUse,
  index: number,
  messages: ConfigMessages,
  environment: Pick<ConfigEnvironment, "machine" | "resolver">,
): Promise<PortOptions> {
  const draft: Draft = {
    name: use === "daemon" ? `Daemon${index}` : "",
    family: "inet",
    address: "",
    port: use === "daemon" ? 25 : 0,
    modifiers: new Set(),
    listen: 10,
    extra: new Map(),
  };
  let host: { readonly name: string; readonly at: number } | undefined;
  let familyAt = 0;
  for (const { 0: item, index: begin } of text.matchAll(/[^,]+/g)) {
    const equate = item.trim();
    const equals = equate.indexOf("=");
    if (equals === -1) continue;
    const at = begin + item.indexOf(equate);
    const value = equate.slice(equals + 1).trim();
    const valueAt = at + equate.length - value.length;
    if (/^f/i.test(equate)) familyAt = at;
    if (/^a/i.test(equate)) host = { name: value, at: valueAt };
    else setEquate(draft, equate[0], value, equate, { messages, at, valueAt });
  }
  if (host !== undefined) await setAddress(draft, host, messages, environment);
  // Nobody could connect to a socket without a name.
  if (use === "daemon" && draft.family === "local" && draft.address === "") {
    messages.error("Family=local needs the path of its socket, as in Address=/run/mail/smtp", { offset: familyAt });
  }
  return draft;
}

async function setAddress(
  draft: Draft,
  host: { readonly name: string; readonly at: number },
  messages: ConfigMessages,
  environment: Pick<ConfigEnvironment, "machine" | "resolver">,
): Promise<void> {
  const { family } = draft;
  draft.address = family === "inet6" ? host.name.replace(/^IPv6:/i, "") : host.name;
  if (family === "local") return;
  if (await hostExists(draft.address, family, environment)) return;
  messages.error(`host "${host.name}" unknown`, { offset: host.at });
}

function setEquate(
  draft: Draft,
  key: string,
  value: string,
  equate: string,
  { messages, at, valueAt }: PlacedMessages,
): void {
  switch (key) {
    case "F":
    case "f":
      draft.family = familyOf(value, messages, valueAt);
      return;
    case "L":
    case "l":
      draft.listen = Number.parseInt(value, 10) || 0;
      return;
    case "M":
    case "m":
      // A second one takes the place of the first.
      draft.modifiers = new Set(value.replace(/[\s/]/g, ""));
      return;
    case "N":
    case "n":
      draft.name = value;
      return;
    case "P":
    case "p":
      draft.port = portOf(value, messages, valueAt);
      return;
    default:
      if (key === "D" && !MODES.includes(value[0] ?? "?")) {
        messages.error(`Unknown delivery mode ${value.slice(0, 1)}`, { offset: valueAt });
      } else if (key in EXTRA) draft.extra.set(EXTRA[key], value);
      else messages.error(`PortOptions parameter "${equate}" unknown`, { offset: at });
  }
}

function familyOf(value: string, messages: ConfigMessages, offset: number): PortOptions["family"] {
  const family = value.toLowerCase();
  if (family === "inet6") return "inet6";
  if (family === "unix" || family === "local") return "local";
  if (family !== "inet" && !/^[0-9]/.test(family)) {
    messages.error(`Unknown address family ${value} in Family=option`, { offset });
  }
  return "inet";
}

function portOf(value: string, messages: ConfigMessages, offset: number): number {
  const port = portNumber(value);
  if (port === undefined) messages.error(`service "${value}" unknown`, { offset });
  return port ?? 0;
}
