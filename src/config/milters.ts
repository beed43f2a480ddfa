/** X lines: `Xname, S=inet:8891@localhost, F=T, T=S:30s;R:60s`. */
import type { NamedLine } from "../cf/ast.ts";
import { parseEquates } from "../cf/equates.ts";
import type { ConfigMessages } from "../cf/messages.ts";
import { EX } from "../sys/sysexits.ts";
import type { Resolver } from "../dns/resolver.ts";
import { isIP } from "node:net";
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

const FAILURES: Readonly<Record<string, Filter["onFailure"]>> = { R: "reject", T: "tempfail", "4": "shutdown" };
const TIMEOUTS: Readonly<Record<string, keyof Filter["timeouts"]>> = { C: "connect", S: "send", R: "read", E: "end" };

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
  resolver: Resolver,
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
  if (exists(name)) {
    messages.error(`X${name}: duplicate filter definition`);
    return undefined;
  }
  if (socket === "") {
    messages.error(`X${name}: empty or missing socket information`);
    return undefined;
  }
  messages.focus(socketAt);
  const found = await readSocket(name, socket, messages, resolver);
  return found && { name, socket: found, onFailure: draft.onFailure, timeouts: draft.timeouts };
}

/** "C:5s;S:10s" */
function readTimeouts(draft: Draft, value: string, messages: ConfigMessages): void {
  for (const { 0: part, index } of value.matchAll(/[^;]+/g)) {
    const item = part.trim();
    if (item === "") continue;
    const offset = index + part.indexOf(item);
    const colon = item.indexOf(":");
    if (colon === -1) return messages.error(`X${draft.name}, T=: \`:' expected`, { offset: offset + item.length });
    const key = TIMEOUTS[item[0]];
    if (!key) {
      messages.error(`X${draft.name}: unknown filter timeout ${item[0]}`, { offset });
      continue;
    }
    const given = item.slice(colon + 1).trim();
    const reading = readTime(given, "s");
    reportTime(reading, messages, offset + item.length - given.length);
    draft.timeouts[key] = reading.value;
  }
}

async function readSocket(
  name: string,
  text: string,
  messages: ConfigMessages,
  resolver: Resolver,
): Promise<Filter["socket"] | undefined> {
  const complain = (what: string, offset: number): undefined => {
    messages.error(`X${name}: ${what}`, { offset });
    return undefined;
  };
  const [, kind, rest] = /^(?:([^:@/]*):)?(.*)$/s.exec(text) ?? ["", "unix", text];
  const family = kind?.toLowerCase() ?? "unix";
  if (family === "unix" || family === "local") return { kind: "unix", path: rest };
  if (family !== "inet" && family !== "inet6") {
    messages.error(`X${name}: unknown socket type ${kind}: Protocol not supported`, { exit: EX.OSERR });
    return undefined;
  }
  const at = rest.indexOf("@");
  if (at === -1) return complain(`bad address ${rest} (expected port@host)`, text.length - rest.length);
  const port = Number.parseInt(rest.slice(0, at), 10);
  if (!Number.isInteger(port)) return complain(`unknown port name ${rest.slice(0, at)}`, text.length - rest.length);
  const host = rest.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) === 0) {
    const answer = await resolver.query(host, family === "inet" ? "A" : "AAAA");
    const local = host.toLowerCase() === "localhost";
    if (!local && (answer.kind === "nxdomain" || answer.kind === "nodata")) {
      return complain(`Unknown host name ${host}`, text.length - rest.length + at + 1);
    }
  }
  return { kind: family, port, host };
}
