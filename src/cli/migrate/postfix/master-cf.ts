/** master.cf: ports that Postfix listens on, and services of one's own. */
import { join } from "node:path";
import { isIP } from "node:net";
import { logicalLines, textOf } from "../text-lines.ts";
import type { Draft } from "./draft.ts";

/** Parts of Postfix. */
const PARTS: ReadonlySet<string> = new Set(
  (
    "smtpd postscreen dnsblog tlsproxy pickup cleanup qmgr oqmgr tlsmgr trivial-rewrite bounce verify flush proxymap smtp relay showq " +
    "error retry discard local virtual lmtp anvil scache postlogd spawn qmqpd proxywrite postlog"
  ).split(" "),
);
const STANDARD_PIPES: ReadonlySet<string> = new Set([
  "maildrop",
  "uucp",
  "ifmail",
  "bsmtp",
  "scalemail-backend",
  "mailman",
]);
const PORTS: Readonly<Record<string, number>> = { smtp: 25, submission: 587, smtps: 465, submissions: 465 };

interface Service {
  readonly line: number;
  readonly name: string;
  readonly kind: string;
  readonly command: string;
  readonly options: ReadonlyMap<string, string>;
}

function servicesIn(text: string): readonly Service[] {
  return logicalLines(text).flatMap(({ line, text: each }): Service[] => {
    const [name, kind, , , , , , command, ...words] = each.split(/\s+/);
    if (command === undefined) return [];
    const options = new Map<string, string>();
    for (const [index, word] of words.entries()) {
      const [, key, value] = /^\{?\s*([a-z0-9_]+)\s*=(.*)$/.exec(words[index - 1] === "-o" ? word : "") ?? [];
      if (key !== undefined) options.set(key, value.trim());
    }
    return [{ line, name, kind, command, options }];
  });
}

/** Ports go into site.mc; what is no part of Postfix is told of. */
export function carryServices(draft: Draft, folder: string): void {
  const file = join(folder, "master.cf");
  const text = textOf(file);
  if (text === undefined) {
    draft.leaveAt(file, 0, "cannot be read: port 25 is opened, and no other");
    mta(draft, "MTA", 25, "");
    return;
  }
  const services = servicesIn(text);
  for (const { line, name, kind, command, options } of services) {
    const isPort = kind === "inet" && (command === "smtpd" || command === "postscreen");
    if (isPort) port(draft, { line, name, kind, command, options }, file);
    else if (command === "pipe" && !STANDARD_PIPES.has(name))
      draft.leaveAt(file, line, `service ${name} pipes mail into a program: a mailer of your own (docs/language.md)`);
    else if (command !== "pipe" && !PARTS.has(command))
      draft.leaveAt(file, line, `service ${name} (${command}) is none of Postfix's own`);
  }
  if (!services.some(({ kind, command }) => kind === "inet" && (command === "smtpd" || command === "postscreen")))
    draft.leaveAt(file, 0, "no port is opened there: here neither");
}

function port(draft: Draft, { line, name, options }: Service, file: string): void {
  const [, address = "", service = name] = /^(?:\[?([^\]]*?)\]?:)?([\w-]+)$/.exec(name) ?? [];
  const number = PORTS[service] ?? Number(service);
  if (!Number.isInteger(number)) return draft.leaveAt(file, line, `service ${name}: the port ${service} is unknown`);
  const auth = options.get("smtpd_sasl_auth_enable") === "yes" || number === 587 || number === 465;
  const inside = options.get("smtpd_tls_wrappermode") === "yes" || number === 465;
  const title = number === 25 ? "MTA" : inside ? "TLSMSA" : number === 587 ? "MSA" : `Port${number}`;
  mta(draft, title, number, `${auth && number !== 25 ? "Ea" : ""}${inside ? "s" : ""}`, address);
  for (const [key, value] of options) {
    if (
      /^(?:syslog_name|smtpd_sasl_.*|smtpd_tls_.*|milter_macro_daemon_name|smtpd_relay_restrictions|smtpd_recipient_restrictions|smtpd_client_restrictions|smtpd_reject_unlisted_recipient)$/.test(
        key,
      )
    )
      continue;
    draft.leaveAt(file, line, `service ${name}: ${key}=${value} counts for this port alone`);
  }
}

/** inet_interfaces counts for ports without an address. */
function mta(draft: Draft, name: string, number: number, modifiers: string, address = ""): void {
  const interfaces = draft.main.list("inet_interfaces");
  const places =
    address !== ""
      ? [address]
      : interfaces.includes("all")
        ? [""]
        : interfaces.map((each) => (each === "loopback-only" ? "127.0.0.1" : each));
  for (const [index, place] of places.entries()) {
    if (place === "localhost" || place === "$myhostname") continue;
    const own = index === 0 ? name : `${name}${index + 1}`;
    const family = isIP(place.replace(/^\[|\]$/g, "")) === 6 ? ", Family=inet6" : "";
    const at = place === "" ? "" : `, Addr=${place.replace(/^\[|\]$/g, "")}`;
    draft.add(
      "ports",
      `DAEMON_OPTIONS(\`Name=${own}, Port=${number}${family}${at}${modifiers === "" ? "" : `, M=${modifiers}`}')`,
    );
  }
}
