/** /canon /map /mx /parse /try /tryflags /quit: questions about names, maps and whole addresses. */
import { frameAddress } from "../../mail/header-address.ts";
import { MACRO, printable } from "../../rewriting/tokens.ts";
import { expandMacros } from "../../rewriting/macro-text.ts";
import { errorExit } from "../../routing/error-text.ts";
import type { ParsedAddress } from "../../routing/parse-address.ts";
import { EX, type ExitCode } from "../../sys/sysexits.ts";
import { crack as crackAddress, remoteName } from "../../routing/remote-name.ts";
import { canonicalName, mailExchangers } from "./host-questions.ts";
import { addressLines, tellParsed } from "./parse-trace.ts";
import type { Outcome, TestSession } from "./session.ts";

type SlashCommand = (session: TestSession, argument: string) => Outcome | Promise<Outcome>;

const COMMANDS: Readonly<Record<string, SlashCommand>> = {
  quit: () => "quit",
  mx: mailExchangers,
  canon: canonicalName,
  map: lookUp,
  parse,
  try: tryMailer,
  tryflags: tryFlags,
  explain: async (session, argument) => (await import("./explain.ts")).explain(session, argument),
};

export function slashCommand(session: TestSession, line: string): Outcome | Promise<Outcome> {
  const [, name, argument] = /^\/([^ \t]*)[ \t]*([^]*)$/.exec(line.replace(/[ \t\v\f\r]+$/, "")) ?? ["", "", ""];
  if (name === "") return session.say("Usage: /[canon|map|mx|parse|try|tryflags]");
  const command = COMMANDS[name.toLowerCase()];
  if (!command) return session.say(`Unknown "/" command /${name}`);
  return command(session, argument);
}

async function lookUp(session: TestSession, argument: string): Promise<void> {
  if (argument === "") return session.say("Usage: /map mapname key");
  const [, name, key] = /^([^ \t]*)[ \t]?([^]*)$/.exec(argument) ?? ["", argument, ""];
  if (key === "") return session.say("No key specified");
  const map = session.config.maps.get(name.toLowerCase());
  if (!map) return session.say(`Map named "${name}" not found`);
  const { scope } = session;
  // The line of the answer is begun before the map is asked: the first thing it says stands there.
  let begun = "";
  const say = (text: string): void => {
    session.say(begun + text);
    begun = "";
  };
  const expand = (text: string): string => expandMacros(text, scope);
  const message = (text: string): void => {
    session.complain(text, begun);
    begun = "";
  };
  const context = { scope, expand, message, deferred: false, verbatim: true };
  map.prepare?.(context);
  if (map.available?.() === false) return session.say(`Map named "${name}" not open`);
  begun = `map_lookup: ${name} (${key}) `;
  const result = await map.lookup(key, [], context);
  say(result.kind === "found" ? `returns ${result.value} (0)` : `no match (${result.status ?? 0})`);
}

async function parse(session: TestSession, address: string): Promise<void> {
  if (address === "") return session.say("Usage: /parse address");
  const { parser, part, role } = session;
  session.say(`Cracked address = ${crack(session, address)}`);
  session.say(`Parsing ${part} ${role} address`);
  if (session.trace.level(20) >= 1) {
    session.say("");
    session.say(`--parseaddr(${address})`);
  }
  const parsed = await parser.parse(address, session.context, false);
  session.noteStatus(statusOf(parsed));
  tellParsed(session, address, parsed);
  if (parsed.kind === "triple" && part === "envelope" && role === "recipient")
    await askQueueGroup(session, parsed.user);
  switch (parsed.kind) {
    case "unreadable":
      if (session.trace.level(20) >= 1) session.say("parseaddr-->NULL");
      return session.say("Cannot parse");
    case "triple":
      if (session.trace.level(20) >= 1) describe(session, address, parsed);
      return session.say(printTriple(parsed.mailer.name, parsed.host, parsed.user));
    case "error":
      return session.say(printTriple("*error*", parsed.host, parsed.user));
    default:
      session.say(printTriple("*error*", "", ""));
  }
}

/** A recipient's ruleset queuegroup runs, for its trace. */
async function askQueueGroup({ config, parser, context }: TestSession, user: string): Promise<void> {
  const number = config.rewriter.number("queuegroup");
  if (number === undefined || !config.rewriter.has(number)) return;
  const tokens = parser.tokens(user, context);
  if (tokens) await config.rewriter.rewrite(number, tokens, context);
}

/** The frame of an address, with `$g` in its place. */
function crack(session: TestSession, address: string): string {
  const cracked = printable(frameAddress(crackAddress(session.config, address, false), `${MACRO}g`));
  if (session.trace.level(33) >= 1) {
    session.say(`crackaddr(${address})`);
    session.say(`crackaddr=>\`${cracked}'`);
  }
  return cracked;
}

/** -d20: the whole address as it would be queued. */
function describe(session: TestSession, address: string, parsed: ParsedAddress & { kind: "triple" }): void {
  session.say(`parseaddr-->0x000000000000=${address}:`);
  for (const line of addressLines(parsed, "100180<QPINGONFAILURE,QPINGONDELAY,QSECURE>", "")) session.say(line);
}

/** What a failing address does to the exit status. */
function statusOf(parsed: ParsedAddress): ExitCode {
  return parsed.kind === "error" ? errorExit(parsed.host) : EX.OK;
}

function printTriple(mailer: string, host: string, user: string): string {
  return `mailer ${mailer}, ${host === "" ? "" : `host ${host}, `}user ${user}`;
}

async function tryMailer(session: TestSession, argument: string): Promise<void> {
  const [, name, address] = /^([^ \t]*)[ \t]+([^]*)$/.exec(argument) ?? [];
  if (address === undefined || address === "") return session.say("Usage: /try mailer address");
  const { config, parser, part, role } = session;
  const mailer = parser.mailer(name);
  if (!mailer) return session.say(`Unknown mailer ${name}`);
  session.say(`Trying ${part} ${role} address ${address} for mailer ${name}`);
  const traced = session.trace.level(12) >= 1;
  if (traced) session.say(`remotename(${printable(address)})`);
  session.setRole(part, role);
  crack(session, address);
  const { text, status } = await remoteName(
    config,
    parser,
    mailer,
    address,
    { part, role },
    session.context,
    crackAddress(config, address, false),
  );
  if (session.trace.level(35) >= 9) tellFramed(session, address, text);
  if (traced) session.say(`remotename => \`${text}', stat=${status}`);
  session.say(`Rcode = ${status}, addr = ${text}`);
}

/** -d35: the frame was filled in with $g. */
function tellFramed(session: TestSession, address: string, text: string): void {
  const { before, after = "" } = crackAddress(session.config, address, false);
  session.say(`macset(g as ${printable(text.slice(before.length, text.length - after.length))})`);
  session.say("macset(g as <null>)");
}

function tryFlags(session: TestSession, argument: string): void {
  if (argument === "") return session.say("Usage: /tryflags [Hh|Ee][Ss|Rr]");
  let { part, role } = session;
  for (const letter of argument.toLowerCase()) {
    if (letter === "h") part = "header";
    else if (letter === "e") part = "envelope";
    else if (letter === "s") role = "sender";
    else if (letter === "r") role = "recipient";
  }
  session.setRole(part, role);
}
