/** Hosts and ports as options and X lines name them: whether there is such a host, which number a service has. */
import { readFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import { addressesOf } from "../dns/addresses.ts";
import { openNames } from "../dns/names.ts";
import type { ConfigEnvironment } from "./environment.ts";

/** IPv4 in the forms that the C library takes: one to four parts, decimal, octal or hexadecimal; the last fills the rest. */
export function isClassicAddress(text: string): boolean {
  const parts = text.split(".");
  if (parts.length > 4) return false;
  return parts.every((part, index) => {
    if (!/^(?:0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i.test(part)) return false;
    const value = /^0[0-7]+$/.test(part) ? Number.parseInt(part, 8) : Number(part);
    return value < (index === parts.length - 1 ? 256 ** (5 - parts.length) : 256);
  });
}

/** An address of the family as text. */
export function isNumeric(text: string, family: "inet" | "inet6"): boolean {
  return family === "inet" ? isClassicAddress(text) : isIPv6(text);
}

/** Whether a host has an address of the family; what cannot be told now counts as no. */
export async function hostExists(
  host: string,
  family: "inet" | "inet6",
  { machine, resolver }: Pick<ConfigEnvironment, "machine" | "resolver">,
): Promise<boolean> {
  if (isNumeric(host, family)) return true;
  // Digits and colons only: an address of the other family or a mistyped one, and no question for a name server.
  if (host === "" || /^[0-9.:]+$/.test(host) || (host.includes(":") && isIPv6(host))) return false;
  const answer = await addressesOf(openNames(machine, resolver, { services: ["files", "dns"] }), host, [
    family === "inet" ? 4 : 6,
  ]);
  return answer.kind === "found";
}

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

/** A number, or the TCP port of a service; undefined when there is no such service. */
export function portNumber(text: string): number | undefined {
  if (/^[0-9]/.test(text)) return Number.parseInt(text, 10) % 65_536;
  return SERVICES.get(text) ?? serviceOf(text);
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
