/** DaemonPortOptions and ClientPortOptions: "Name=MTA, Port=smtp, Family=inet6, M=Ea". */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { ConfigMessages } from "../cf/messages.ts";
import type { Resolver } from "../dns/resolver.ts";
import type { PortOptions } from "./config.ts";

export type PortUse = "daemon" | "client";

/** First letter of a key → the name that `extra` keeps it under. Capital and small letters differ for some. */
const EXTRA: Readonly<Record<string, string>> = {
  C: "children",
  c: "children",
  D: "deliverymode",
  d: "delayla",
  I: "inputmailfilters",
  i: "inputmailfilters",
  Q: "queuela",
  q: "queuela",
  R: "receivesize",
  r: "refusela",
  S: "sendsize",
  s: "sendsize",
};
const CLIENT_EXTRA = new Set(["R", "S", "s"]);

/** Services that mail uses, for machines without a services file. */
const SERVICES: ReadonlyMap<string, number> = new Map([
  ["smtp", 25],
  ["mail", 25],
  ["submission", 587],
  ["msp", 587],
  ["submissions", 465],
  ["smtps", 465],
  ["ssmtp", 465],
  ["urd", 465],
]);

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

/**
 * @param index position among the options of its kind: nameless ones are called Daemon0, Daemon1 ...
 */
export async function readPortOptions(
  text: string,
  use: PortUse,
  index: number,
  messages: ConfigMessages,
  resolver: Resolver,
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
  let addressAt = 0;
  for (const { 0: item, index: begin } of text.matchAll(/[^,]+/g)) {
    const equate = item.trim();
    const equals = equate.indexOf("=");
    if (equals === -1) continue;
    const at = begin + item.indexOf(equate);
    const value = equate.slice(equals + 1).trim();
    const valueAt = at + equate.length - value.length;
    if (/^a/i.test(equate)) addressAt = valueAt;
    setEquate(draft, equate[0], value, equate, use, { messages, at, valueAt });
  }
  if (draft.address !== "" && draft.family !== "local" && isIP(draft.address) === 0) {
    const answer = /^[0-9.:]+$/.test(draft.address)
      ? { kind: "nxdomain" as const }
      : await resolver.query(draft.address, draft.family === "inet6" ? "AAAA" : "A");
    if (answer.kind === "nxdomain" || answer.kind === "nodata") {
      messages.error(`host "${draft.address}" unknown`, { offset: addressAt });
    }
  }
  return draft;
}

function setEquate(
  draft: Draft,
  key: string,
  value: string,
  equate: string,
  use: PortUse,
  { messages, at, valueAt }: PlacedMessages,
): void {
  switch (key) {
    case "A":
    case "a":
      draft.address = value;
      return;
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
      for (const letter of value.replace(/[\s/]/g, "")) draft.modifiers.add(letter);
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
      if (key in EXTRA && (use === "daemon" || CLIENT_EXTRA.has(key))) draft.extra.set(EXTRA[key], value);
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
  if (/^[0-9]/.test(value)) return Number.parseInt(value, 10) % 65_536;
  const port = SERVICES.get(value.toLowerCase()) ?? serviceOf(value);
  if (port === undefined) messages.error(`service "${value}" unknown`, { offset });
  return port ?? 0;
}

function serviceOf(name: string): number | undefined {
  let text: string;
  try {
    text = readFileSync("/etc/services", "latin1");
  } catch {
    return undefined;
  }
  for (const line of text.split("\n")) {
    const [official, port, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (port?.endsWith("/tcp") && (official === name || aliases.includes(name))) return Number.parseInt(port, 10);
  }
  return undefined;
}
