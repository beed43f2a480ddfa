/**
 * A stranger tries to send through a configuration that comes with the program: rules, tables and RCPT are the real ones, the
 * network is not there. Whom the server takes is followed to the name that the next host would hear.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { silentLog } from "../../src/log/log.ts";
import { DatabaseBuilder } from "../../src/maps/build.ts";
import { compileMc } from "../../src/mc/compile.ts";
import { admitRecipient } from "../../src/reception/recipient.ts";
import { admitSender } from "../../src/reception/sender.ts";
import { rulesetJudges } from "../../src/reception/ruleset-judges.ts";
import { Transaction } from "../../src/reception/transaction.ts";
import type { Triple } from "../../src/envelope/recipient.ts";
import { openSite } from "../../src/site/open-site.ts";
import type { Site } from "../../src/site/site.ts";
import { isEightBit, readPath } from "../../src/smtpd/path.ts";
import { configEnvironment } from "./config-environment.ts";

/** A domain that the configurations relay for; its mail goes to an inner host. */
export const FRIEND = "friend.test";
export const INNER = "10.0.0.5";

const TABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  access: { "greetpause:203.0.113.77": "0" },
  mailertable: { [FRIEND]: `esmtp:[${INNER}]` },
  virtusertable: {},
  genericstable: {},
};

/**
 * @param name of a file in cf/
 * @param lines put in front of the first FEATURE
 * @param folder a new one
 */
export async function openShipped(name: string, lines: readonly string[], folder: string): Promise<Site> {
  mkdirSync(folder, { recursive: true });
  const mc = readFileSync(join(import.meta.dirname, "../../cf", name), "latin1");
  const place = mc.search(/^FEATURE\(/m);
  const file = join(folder, name);
  writeFileSync(file, mc.slice(0, place) + lines.map((line) => `${line}dnl\n`).join("") + mc.slice(place), "latin1");
  const { text, complete, diagnostics } = compileMc({ file });
  if (!complete) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const cf = join(folder, "site.cf");
  writeFileSync(cf, text.replaceAll(/\/etc\/mail\/|\/var\/spool\/rulemail\//g, `${folder}/`), "latin1");
  writeFileSync(join(folder, "relay-domains"), `${FRIEND}\n`);
  writeFileSync(join(folder, "passwd"), "u:x:1000:1000:U:/:/bin/sh\n");
  for (const [table, entries] of Object.entries(TABLES)) {
    const builder = new DatabaseBuilder("replace");
    for (const [key, value] of Object.entries(entries)) builder.add(key, value);
    builder.write(join(folder, `${table}.db`), { mode: 0o600 });
  }
  const { machine, resolver, clock } = configEnvironment;
  // Nobody waits in a test, whatever the limits are.
  const options = [
    `MailboxDatabase=passwd:${join(folder, "passwd")}`,
    "BadRcptThrottle=0",
    "MaxRecipientsPerMessage=0",
  ];
  const settings = options.map((option) => ({ kind: "option" as const, text: ` ${option}` }));
  const opened = await openSite(
    { file: cf, settings, opMode: "d" },
    { machine, resolver, clock, log: silentLog },
    () => ({ close: () => undefined }),
  );
  if (opened.kind === "failed" || opened.exit !== 0) throw new Error(`${name}: ${opened.messages.join("\n")}`);
  return opened.site;
}

/** Hosts that the configurations send mail of their own to: they may be told a user name alone. */
const TRUSTED: ReadonlySet<string> = new Set([`[${INNER}]`, "mail.example.com", "[127.0.0.1]"]);

export interface Taken {
  readonly address: string;
  /** Where it goes: a mailer, and what its host is told; "local" for a mailbox here. */
  readonly way: string;
}

/** RCPT for each address, from a client that nobody knows; those that were taken. */
export async function tryToRelay(site: Site, addresses: readonly string[]): Promise<Taken[]> {
  const scope = site.config.macros.child([
    ["client_addr", "203.0.113.77"],
    ["client_name", "[203.0.113.77]"],
    ["client_ptr", "[203.0.113.77]"],
    ["client_resolve", "FAIL"],
    ["daemon_flags", ""],
    ["daemon_name", "MTA"],
    ["s", "mx.stranger.example"],
    ["r", "ESMTP"],
    ["_", "[203.0.113.77]"],
  ]);
  const court = { judges: rulesetJudges, log: silentLog };
  const session = Transaction.ofSession(site, { relay: "[203.0.113.77]" }, scope);
  const transaction = session.message({ sender: "", smtputf8: false, isReport: false }, [["f", ""]]);
  const refusal = await admitSender(court, transaction, "<>");
  if (refusal !== undefined) throw new Error(refusal.lines.join(" "));
  for (const address of addresses) {
    const path = readPath(`TO:<${address}>`, "TO");
    // What RCPT refuses before anybody is asked.
    if (path.kind === "refused" || path.address === "" || isEightBit(path.address)) continue;
    await admitRecipient(court, transaction, { shown: path.shown, address: path.address });
  }
  return waysOf(site, transaction);
}

/** Of all recipients that were taken. */
export async function waysOf(site: Site, transaction: Transaction): Promise<Taken[]> {
  const ways: Taken[] = [];
  for (const { given, resolved } of transaction.recipients)
    ways.push({ address: given, way: await wayOf(site, transaction, resolved) });
  return ways;
}

async function wayOf(site: Site, { scope }: Transaction, triple: Triple | undefined): Promise<string> {
  if (triple === undefined) return "unknown";
  const mailer = site.config.mailers.get(triple.mailer);
  if (mailer === undefined) return triple.mailer;
  if (mailer.flags.has("5")) {
    const next = await site.rules.localAddress(triple, scope);
    if (next?.kind === "triple" && next.triple.mailer !== triple.mailer)
      return wayOf(site, { scope } as Transaction, next.triple);
  }
  if (mailer.flags.has("l")) return "local";
  const named = await site.rules.rewrite(mailer, triple.user, { role: "recipient", part: "envelope" }, scope);
  return `${triple.mailer} ${triple.host}: ${named.kind === "address" ? named.text : "?"}`;
}

/** It stays here, or the next host is told a user name that holds no other address, in a domain of ours or of a host that we send our own mail to. */
export function isHarmless({ way }: Taken, host: string): boolean {
  if (way === "local") return true;
  const [, next, user, domain] = /^\S+ (\S*): ([^@]*)@(\S+)$/.exec(way) ?? [];
  if (user === undefined || /[%!"\\\x80-\xff]/.test(user)) return false;
  const own = [FRIEND, host].some((each) => domain === each || domain.endsWith(`.${each}`));
  return own || (domain === next && TRUSTED.has(next));
}
