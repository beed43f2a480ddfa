/** Tables of Postfix, entry by entry: aliases, virtual, transport, canonical, relocated, access. */
import type { Draft } from "./draft.ts";

function targetsIn(value: string): readonly string[] {
  return value.split(/[\s,]+/).filter((each) => each !== "");
}

export function carryAliases(draft: Draft, setting: string): void {
  for (const { key, value, file, line } of draft.entriesOf(setting, "aliases")) {
    if (/:include:|"?\|/.test(value) && !/^"?(?:\||:include:)/.test(value))
      draft.leaveAt(file, line, `${key}: check the programs and lists in it`);
    draft.put("aliases", `${key}: ${value}`);
    draft.expect(key, [], file, line);
  }
}

/** `info@example.org joe`, `@example.org joe`, `example.org anything`, `joe ann` */
export function carryVirtual(draft: Draft, setting: string): void {
  const domains = new Set(draft.main.list("virtual_alias_domains").map((each) => each.toLowerCase()));
  for (const { key, value, file, line } of draft.entriesOf(setting)) {
    if (!key.includes("@")) {
      if (key.includes(".")) domains.add(key);
      else draft.put("aliases", `${key}: ${value}`);
      continue;
    }
    const targets = targetsIn(value);
    const [, domain = ""] = key.split("@");
    if (targets.length > 1) {
      if (key.startsWith("@")) {
        draft.leaveAt(file, line, `${key}: several targets of a whole domain; make an alias of them by hand`);
        continue;
      }
      // A table has one address for a key: several people are an alias.
      const alias = `virtual-${key.replace(/[^a-z0-9.-]/g, "-")}`;
      draft.put("aliases", `${alias}: ${targets.join(", ")}`);
      draft.put("virtusertable", `${key}\t${alias}`);
    } else draft.put("virtusertable", `${key}\t${virtualTarget(targets[0] ?? "", domain)}`);
    const address = key.startsWith("@") ? `nobody-in-particular${key}` : key;
    draft.expectSame(
      address,
      targets.map((each) => (each.startsWith("@") ? `${address.split("@")[0]}${each}` : each)),
      { file, line },
    );
  }
  for (const domain of domains) draft.put("virtual-domains", domain);
}

/** `@other.example`: the same user there. */
function virtualTarget(target: string, domain: string): string {
  return target.startsWith("@") ? `%1${target}` : target === "" ? `error:5.1.1:550 Nobody at ${domain}` : target;
}

const NEXTHOP = /^(\[[^\]]+\]|[^:[\]]+)(?::(\w+))?$/;

/** relayhost; `port` only where it is not 25. */
export function smartHost(value: string): { readonly host: string; readonly port?: string } | undefined {
  const [, host, port] = NEXTHOP.exec(value) ?? [];
  if (host === undefined) return undefined;
  return port === undefined || port === "25" || port === "smtp" ? { host } : { host, port };
}

/** `smtp:[10.0.0.5]:25` as the right side of mailertable; a text in quotes: why not. */
export function transportTarget(
  value: string,
  key: string,
  mailer: "esmtp" | "relay",
): { readonly target: string; readonly words: readonly string[] } | { readonly problem: string } {
  const [, transport = "", nexthop = ""] = /^([a-z0-9_-]*):(.*)$/s.exec(value) ?? ["", value, ""];
  switch (transport) {
    case "error":
    case "discard":
      if (transport === "discard") return { target: "discard:", words: ["mailer discard"] };
      return { target: `error:5.1.1:550 ${nexthop.replace(/^\d\.\d+\.\d+\s+/, "") || "mail is refused"}`, words: [] };
    case "retry":
      return { target: `error:4.3.0:451 ${nexthop || "try again later"}`, words: [] };
    case "local":
      return { target: "local:", words: ["mailer local"] };
    case "smtp":
    case "relay": {
      if (nexthop === "")
        return { target: `${mailer}:${key.replace(/^\./, "")}`, words: [`host ${key.replace(/^\./, "")}`] };
      const [, host, port] = NEXTHOP.exec(nexthop) ?? [];
      if (host === undefined) return { problem: `"${nexthop}" is not one host` };
      if (port !== undefined && port !== "25" && port !== "smtp")
        return { problem: `port ${port}: a mailer of its own is needed (docs/language.md, A=TCP $h ${port})` };
      return { target: `${mailer}:${host}`, words: [`host ${host}`] };
    }
    case "":
      return { problem: "delivery as if the entry were not there: leave it out, or name the mailer" };
    default:
      return { problem: `transport ${transport} is a service of master.cf: it needs a mailer of its own` };
  }
}

export function carryTransport(draft: Draft): void {
  // The port of a smart host is that of the whole mailer esmtp: others need another one.
  const mailer = smartHost(draft.main.value("relayhost"))?.port === undefined ? "esmtp" : "relay";
  for (const { key, value, file, line } of draft.entriesOf("transport_maps")) {
    if (key.includes("@")) {
      draft.leaveAt(
        file,
        line,
        `${key}: mailertable goes by domains; an entry of virtusertable can lead one address elsewhere`,
      );
      continue;
    }
    const read = transportTarget(value, key === "*" ? "" : key, mailer);
    if ("problem" in read) {
      draft.leaveAt(file, line, `${key}: ${read.problem}`);
      continue;
    }
    if (key === "*") draft.define("next", "SMART_HOST", read.target);
    else {
      draft.put("mailertable", `${key}\t${read.target}`);
      draft.expect(`somebody@${key.startsWith(".") ? `host${key}` : key}`, read.words, file, line);
    }
  }
}

/** Senders: `joe Joe.User@example.com`. */
export function carryCanonical(draft: Draft, setting: string): void {
  for (const { key, value, file, line } of draft.entriesOf(setting)) {
    if (key.startsWith("@")) {
      draft.leaveAt(file, line, `${key}: a whole domain: MASQUERADE_DOMAIN shows it as another`);
      continue;
    }
    draft.put("genericstable", `${key}\t${value}`);
    const [, domain] = key.split("@");
    if (domain !== undefined) draft.add("senders", `GENERICS_DOMAIN(\`${domain}')`);
  }
}

export function carryRelocated(draft: Draft): void {
  for (const { key, value, file, line } of draft.entriesOf("relocated_maps")) {
    if (key.includes("@")) draft.put("virtusertable", `${key}\terror:5.1.6:551 User has moved; please try ${value}`);
    else if (/^\S+@\S+$/.test(value)) draft.put("aliases", `${key}: ${value}.REDIRECT`);
    else draft.leaveAt(file, line, `${key}: "${value}" is no address`);
  }
}

/** `REJECT text`, `OK`, `550 text` → the right side of the access table; undefined: it has none. */
export function accessAction(value: string): string | undefined {
  const [, word = "", text = ""] = /^(\S+)\s*(.*)$/.exec(value) ?? [];
  if (/^[45]\d\d$/.test(word)) return coded(text, `${word.charAt(0)}.7.1`, word);
  switch (word.toUpperCase()) {
    case "OK":
    case "PERMIT":
      return "OK";
    case "REJECT":
      return text === "" ? "REJECT" : coded(text, "5.7.1", "550");
    case "DISCARD":
      return "DISCARD";
    case "DEFER":
    case "DEFER_IF_PERMIT":
      return `ERROR:4.7.1:450 ${text || "try again later"}`;
    case "HOLD":
      return `QUARANTINE:${text || "held by the access table"}`;
    case "PERMIT_MYNETWORKS":
    case "RELAY":
      return "RELAY";
    default:
      return undefined;
  }
}

/** @param code the enhanced status where the text has none */
function coded(text: string, code: string, reply: string): string {
  const [, own = code, rest = text] = /^(\d\.\d+\.\d+)\s+(.*)$/.exec(text) ?? [];
  return `ERROR:${own}:${reply} ${rest}`;
}

const TAGS: Readonly<Record<string, string>> = {
  check_client_access: "Connect",
  check_sender_access: "From",
  check_recipient_access: "To",
};

/** @returns false for a check that the access table does not make */
export function carryAccess(draft: Draft, setting: string, check: string, table: string): boolean {
  const tag = TAGS[check];
  if (tag === undefined) return false;
  for (const { key, value, file, line } of draft.entriesIn(setting, table)) {
    const action = accessAction(value);
    if (action === undefined)
      draft.leaveAt(file, line, `${key}: the action "${value}" has no counterpart in the access table`);
    else draft.put("access", `${tag}:${clientKey(key)}\t${action}`);
  }
  return true;
}

/** Networks end without a dot there as here. */
function clientKey(key: string): string {
  return key.replace(/^\./, "").replace(/\.$/, "");
}

/** `[smtp.example.net]:587 user:password` */
export function carryPasswords(draft: Draft): void {
  for (const { key, value, file, line } of draft.entriesOf("smtp_sasl_password_maps")) {
    const [, user, password] = /^([^:]+):(.*)$/.exec(value) ?? [];
    const host = key.replace(/:\w+$/, "").replace(/^\[|\]$/g, "");
    if (user === undefined || key.includes("@")) draft.leaveAt(file, line, `${key}: not a host with user:password`);
    else draft.put("authinfo", `AuthInfo:${host}\t"U:${user}" "P:${password}" "M:PLAIN LOGIN"`);
  }
  if (draft.tableLines("authinfo").length > 0) draft.add("next", "FEATURE(`authinfo')");
}
