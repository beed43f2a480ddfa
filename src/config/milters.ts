/** X lines: `Xname, S=inet:8891@localhost, F=T, T=S:30s;R:60s`. */
import type { NamedLine } from "../cf/ast.ts";
import { parseEquates } from "../cf/equates.ts";
import type { ConfigMessages } from "../cf/messages.ts";
import { EX } from "../sys/sysexits.ts";
import { hostExists, isNumeric, portNumber } from "./endpoints.ts";
import type { ConfigEnvironment } from "./environment.ts";
import { readTime, reportTime } from "./times.ts";

export interface Filter {
  readonly name: string;
  readonly socket:
    | { readonly kind: "unix"; readonly path: string }
    | { readonly kind: "inet" | "inet6"; readonly port: number; readonly host: string };
  /** What happens when the filter cannot be asked: reject, tempfail, shut down with 421, or go on without it. */
  readonly onFailure: "reject" | "tempfail" | "shutdown" | "accept";
  /** Milliseconds. */
  readonly timeouts: { readonly connect: number; readonly send: number; readonly read: number; readonly end: number };
}

/** What InputMailFilters, and I= of a port, name: with commas, semicolons or blanks between. */
export function filterNames(text: string): readonly string[] {
  return text.split(/[,;\s]+/).filter((word) => word !== "");
}

const FAILURES: Readonly<Record<string, Filter["onFailure"]>> = { R: "reject", T: "tempfail", "4": "shutdown" };
const TIMEOUTS: Readonly<Record<string, keyof Filter["timeouts"]>> = { C: "connect", S: "send", R: "read", E: "end" };

/** What an address of a local socket holds, with its end. */
const LONGEST_PATH = 108;

interface Draft {
  name: string;
  socket?: Filter["socket"];
  onFailure: Filter["onFailure"];
  timeouts: { connect: number; send: number; read: number; end: number };
}

/** @param exists tells whether a filter of that name was defined before */
export async function readFilter(
  { name, equates }: NamedLine,
  exists: (name: string) => boolean,
  messages: ConfigMessages,
  environment: Pick<ConfigEnvironment, "machine" | "resolver">,
): Promise<Filter | undefined> {
  messages.focus(1);
  if (name === "") {
    messages.error("name required for mail filter");
    return undefined;
  }
  const draft: Draft = {
    name,
    onFailure: "accept",
    timeouts: { connect: 300_000, send: 10_000, read: 10_000, end: 300_000 },
  };
  let socket = "";
  let socketAt = 1;
  const list = 1 + name.length + 1;
  for (const { key, value, at, valueAt } of parseEquates(equates)) {
    messages.focus(list + valueAt);
    if (value === undefined) {
      messages.error(`X${name}: \`=' expected`);
      return undefined;
    }
    const letter = key[0] ?? "=";
    if (letter === "S") {
      socket = value;
      socketAt = list + valueAt;
    } else if (letter === "F") for (const flag of value) draft.onFailure = FAILURES[flag] ?? draft.onFailure;
    else if (letter === "T") readTimeouts(draft, value, messages);
    else messages.error(`X${name}: unknown filter equate ${letter}=`, { offset: at - valueAt });
  }
  messages.focus(1);
  // The first definition stays; this one is checked all the same.
  const second = exists(name);
  if (second) messages.error(`X${name}: duplicate filter definition`);
  if (socket === "") {
    messages.focus(socketAt);
    messages.error(`X${name}: empty or missing socket information`);
    return undefined;
  }
  messages.focus(socketAt);
  const found = await readSocket(name, socket, messages, environment);
  return second || !found ? undefined : { name, socket: found, onFailure: draft.onFailure, timeouts: draft.timeouts };
}

/** "C:5s;S:10s" */
function readTimeouts(draft: Draft, value: string, messages: ConfigMessages): void {
  for (let at = 0; at < value.length;) {
    const offset = at + (/^[;\s]+/.exec(value.slice(at))?.[0].length ?? 0);
    const item = value.slice(offset);
    // The letter counts and the next colon, whatever stands between them.
    const colon = item.indexOf(":");
    if (colon === -1) return messages.error(`X${draft.name}, T=: \`:' expected`, { offset: offset + item.length });
    const [, blanks, given] = /^(\s*)([^;]*)/.exec(item.slice(colon + 1)) ?? ["", "", ""];
    const givenAt = offset + colon + 1 + blanks.length;
    at = givenAt + given.length;
    const key = TIMEOUTS[item[0]];
    if (!key) {
      messages.error(`X${draft.name}: unknown filter timeout ${item[0]}`, { offset });
      continue;
    }
    const reading = readTime(given, "s");
    reportTime(reading, messages, givenAt);
    draft.timeouts[key] = reading.value;
  }
}

async function readSocket(
  name: string,
  text: string,
  messages: ConfigMessages,
  environment: Pick<ConfigEnvironment, "machine" | "resolver">,
): Promise<Filter["socket"] | undefined> {
  const complain = (what: string, offset: number): undefined => {
    messages.error(`X${name}: ${what}`, { offset });
    return undefined;
  };
  const [, kind, rest] = /^(?:([^:@/]*):)?(.*)$/s.exec(text) ?? ["", "unix", text];
  const family = kind === "" ? "inet" : (kind?.toLowerCase() ?? "unix");
  if (family === "unix" || family === "local") {
    if (rest.length < LONGEST_PATH) return { kind: "unix", path: rest };
    messages.error(`X${name}: local socket name ${rest} too long: Invalid argument`, { exit: EX.OSERR });
    return undefined;
  }
  if (family !== "inet" && family !== "inet6") {
    messages.error(`X${name}: unknown socket type ${kind}: Protocol not supported`, { exit: EX.OSERR });
    return undefined;
  }
  const at = rest.indexOf("@");
  const restAt = text.length - rest.length;
  if (at === -1) return complain(`bad address ${rest} (expected port@host)`, restAt);
  const port = portNumber(rest.slice(0, at));
  if (port === undefined) return complain(`unknown port name ${rest.slice(0, at)}`, restAt);
  const host = rest.slice(at + 1);
  const hostAt = restAt + at + 1;
  if (host.startsWith("[")) {
    const literal = /^\[(.*)\]$/.exec(host)?.[1].replace(family === "inet6" ? /^IPv6:/i : "", "");
    if (literal === undefined || !isNumeric(literal, family)) {
      return complain(`Invalid numeric domain spec "${host}"`, hostAt);
    }
    return { kind: family, port, host: literal };
  }
  if (!(await hostExists(host, family, environment))) return complain(`Unknown host name ${host}`, hostAt);
  return { kind: family, port, host };
}
