/** /canon /map /mx /parse /try /tryflags /quit: questions about names, maps and whole addresses. */
import { crackAddress, frameAddress } from "../../mail/header-address.ts";
import { printable } from "../../rewriting/tokens.ts";
import { expandMacros } from "../../rewriting/macro-text.ts";
import { errorExit } from "../../routing/error-text.ts";
import type { ParsedAddress } from "../../routing/parse-address.ts";
import { EX, type ExitCode } from "../../sys/sysexits.ts";
import { remoteName } from "../../routing/remote-name.ts";
import { canonicalName, mailExchangers } from "./host-questions.ts";
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
};

export function slashCommand(session: TestSession, line: string): Outcome | Promise<Outcome> {
  const [, name, argument] = /^\/([^ \t]*)[ \t]*([^]*?)[ \t]*$/.exec(line) ?? ["", "", ""];
  if (name === "") return session.say("Usage: /[canon|map|mx|parse|try|tryflags]");
  const command = COMMANDS[name.toLowerCase()];
  if (!command) return session.say(`Unknown "/" command ${line.trimEnd()}`);
  return command(session, argument);
}

async function lookUp(session: TestSession, argument: string): Promise<void> {
  if (argument === "") return session.say("Usage: /map mapname key");
  const [, name, key] = /^([^ \t]*)[ \t]?([^]*)$/.exec(argument) ?? ["", argument, ""];
  if (key === "") return session.say("No key specified");
  const map = session.config.maps.get(name.toLowerCase());
  if (!map) return session.say(`Map named "${name}" not found`);
  if (map.available?.() === false) return session.say(`Map named "${name}" not open`);
  const { scope } = session;
  const result = await map.lookup(key, [], {
    scope,
    expand: (text) => expandMacros(text, scope),
    message: (text) => session.say(text),
    deferred: false,
    verbatim: true,
  });
  const answer = result.kind === "found" ? `returns ${result.value} (0)` : `no match (${result.status ?? 0})`;
  session.say(`map_lookup: ${name} (${key}) ${answer}`);
}

async function parse(session: TestSession, address: string): Promise<void> {
  if (address === "") return session.say("Usage: /parse address");
  const { config, parser, part, role } = session;
  const cracked = frameAddress(crackAddress(address, config.options.text("MustQuoteChars")), "$g");
  session.say(`Cracked address = ${printable(cracked)}`);
  session.say(`Parsing ${part} ${role} address`);
  if (session.trace.level(20) >= 1) {
    session.say("");
    session.say(`--parseaddr(${address})`);
  }
  const parsed = await parser.parse(address, session.context, false);
  session.noteStatus(statusOf(parsed));
  switch (parsed.kind) {
    case "unreadable":
      return session.say("Cannot parse");
    case "triple":
      return session.say(printTriple(parsed.mailer.name, parsed.host, parsed.user));
    case "error":
      return session.say(printTriple("*error*", parsed.host, parsed.user));
    default:
      session.say(printTriple("*error*", "", ""));
  }
}

/** What a failing address does to the exit status. */
function statusOf(parsed: ParsedAddress): ExitCode {
  if (parsed.kind === "error") return errorExit(parsed.host);
  if (parsed.kind === "triple") return parsed.status;
  return EX.SOFTWARE;
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
  const { text, status } = await remoteName(config, parser, mailer, address, { part, role }, session.context);
  session.say(`Rcode = ${status}, addr = ${text}`);
  session.noteStatus(status);
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
