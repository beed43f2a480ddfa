/** Macros and classes that exist before the file is read, and those that depend on what it said. */
import { readFileSync } from "node:fs";
import type { WordSet } from "../rewriting/word-set.ts";
import { OPERATORS, expandMacros } from "../rewriting/macro-text.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { parseHosts } from "../sys/hosts.ts";
import { spelledOut, taggedAddress } from "../sys/ip-address.ts";
import type { Machine } from "../sys/machine.ts";
import { LANGUAGE_VERSION } from "./version.ts";

const CLASSES: Readonly<Record<string, readonly string[]>> = {
  n: ["multipart/signed"],
  s: ["rfc822"],
  e: ["7bit", "8bit", "binary"],
  "{checkMIMEFieldHeaders}": ["content-disposition", "content-type"],
  "{checkMIMETextHeaders}": ["content-description"],
  "{checkMIMEHeaders}": [
    "content-disposition",
    "content-id",
    "content-transfer-encoding",
    "content-type",
    "mime-version",
  ],
  "{persistentMacros}": ["r", "s", "_", "{if_addr}", "{daemon_flags}"],
};

/** The parts of the machine's name: `mail.example.test` is mail in example.test. */
function nameParts(hostName: string): { host: string; domain: string } {
  const dot = hostName.indexOf(".");
  return dot === -1
    ? { host: hostName, domain: "" }
    : { host: hostName.slice(0, dot), domain: hostName.slice(dot + 1) };
}

/** $w $j $m $k $v $n and the classes, before the first line of the file. */
export function definePredefined(
  machine: Machine,
  macros: MacroScope,
  classOf: (name: string) => WordSet,
  now: Date,
): void {
  const { host, domain } = nameParts(machine.hostName);
  const values: Readonly<Record<string, string>> = {
    w: machine.hostName,
    j: machine.hostName,
    k: machine.hostName,
    v: LANGUAGE_VERSION,
    n: "MAILER-DAEMON",
    b: mailDate(now),
  };
  for (const [name, value] of Object.entries(values)) macros.set(name, value);
  // Typed after a dollar in test mode, the operators of rules show themselves.
  for (const [letter, symbol] of OPERATORS) macros.set(letter, symbol);
  if (domain !== "") macros.set("m", domain);
  classOf("k").add(machine.hostName);
  for (const name of [machine.hostName, host, ...ownAddresses(machine)]) classOf("w").add(name);
  for (const [name, words] of Object.entries(CLASSES)) {
    for (const word of words) classOf(name.replace(/[{}]/g, "")).add(word);
  }
}

/** $w is the full name until a V line asks for a language in which it has no domain: then it ends at its first dot. */
export function shortenHostName(level: number, macros: MacroScope): void {
  if (level >= 5) macros.set("w", macros.get("w")?.replace(/\..*/s, ""));
}

/**
 * What the file may have changed: $j is one of our names, $m a domain of ours.
 * @returns what there is to say about $j
 */
export function completePredefined(macros: MacroScope, classOf: (name: string) => WordSet): string | undefined {
  const domain = expandMacros(macros.get("m") ?? "", macros);
  if (domain !== "") classOf("m").add(domain);
  const name = expandMacros(macros.get("j") ?? "", macros) || "localhost";
  classOf("w").add(name);
  // Loops and Received: need a full name; one without a dot is taken as it is.
  return name.includes(".")
    ? undefined
    : `WARNING: local host name (${name}) is not qualified: set confDOMAIN_NAME, or the full name in the hosts file`;
}

/**
 * Addresses of the network interfaces, and the names that the hosts file has for them; DNS is not asked.
 * @param probe DontProbeInterfaces when it is not true: "loopback" leaves that interface out
 */
export function addInterfaces(machine: Machine, probe: string, classOf: (name: string) => WordSet): void {
  const own = classOf("w");
  if (probe !== "loopback") {
    own.add("[127.0.0.1]");
    // The form in brackets comes with the name only: not when the file had the name already.
    if (!own.has("localhost")) for (const word of ["localhost", "[localhost]"]) own.add(word);
  }
  const { interfaces = [] } = machine;
  const hosts = interfaces.length === 0 ? [] : parseHosts(hostsText(machine), interfaces);
  for (const address of interfaces) {
    own.add(`[${taggedAddress(address)}]`);
    own.add(`[${taggedAddress(spelledOut(address))}]`);
    for (const line of hosts) if (line.address === address) for (const name of line.names) own.add(name);
  }
}

/** Names and addresses that the hosts file gives this machine. */
function ownAddresses(machine: Machine): string[] {
  const text = hostsText(machine);
  const { host } = nameParts(machine.hostName);
  const found: string[] = [];
  for (const line of text.split("\n")) {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (names.includes(machine.hostName) || names.includes(host)) found.push(`[${address}]`, ...names);
  }
  return found;
}

function hostsText({ hostsFile }: Machine): string {
  try {
    return readFileSync(hostsFile, "latin1");
  } catch {
    return "";
  }
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** RFC 5322 §3.3, in local time. */
function mailDate(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const day = `${DAYS[date.getDay()]}, ${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
