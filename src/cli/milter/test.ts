/** `rulemail milter test SOCKET FILE`: one message through one filter, and what it does, step by step. */
import { isIPv4, isIPv6 } from "node:net";
import yargs from "yargs";
import type { PlainMessage } from "../../milter/edited-message.ts";
import type { ClientPlace, FilterSettings, MacroLists, Step } from "../../milter/filter.ts";
import { openFilter } from "../../milter/open-filter.ts";
import { type Fate, type TrialClient, tryFilter } from "../../milter/trial.ts";
import { macroLists, settingsOf } from "../../reception/filter-plan.ts";
import { readMachine } from "../../sys/machine.ts";
import { EX, type ExitCode } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { CommandStreams } from "../command-streams.ts";
import { ownConfigFile } from "../config-file.ts";
import { CommandError } from "../database-target.ts";
import { givenMessage } from "./given-message.ts";
import { filterAt, lastOf, openConfiguration, STANDARD_MACROS } from "./target.ts";
import { changedLines, trialDocument, trialLines } from "./trial-text.ts";

const STATUS: Readonly<Record<Fate, ExitCode>> = {
  accepted: EX.OK,
  discarded: EX.OK,
  refused: EX.UNAVAILABLE,
  deferred: EX.TEMPFAIL,
  failed: EX.PROTOCOL,
};

/** Who sends where nobody says it. */
const LOCAL = "localhost [127.0.0.1]";

function parser(words: readonly string[]) {
  return yargs([...words])
    .scriptName("rulemail milter test")
    .usage("rulemail milter test [options] SOCKET FILE")
    .option("client", {
      type: "string",
      nargs: 1,
      default: LOCAL,
      describe: "who sends: NAME [ADDRESS]",
    })
    .option("helo", { type: "string", nargs: 1, describe: "what the client calls itself (default: its name)" })
    .option("from", { type: "string", nargs: 1, describe: "sender (default: the first address of From:)" })
    .option("to", {
      type: "string",
      array: true,
      nargs: 1,
      describe: "recipient (default: the addresses of To: and Cc:)",
    })
    .option("macro", { type: "string", array: true, nargs: 1, describe: "value of a macro: {auth_type}=PLAIN" })
    .option("C", { type: "string", nargs: 1, describe: "configuration with the filter's X line and Milter.macros" })
    .option("diff", { type: "boolean", default: false, describe: "only the lines that it changes" })
    .option("json", { type: "boolean", default: false, describe: "one JSON document" })
    .epilogue(
      "SOCKET: inet:8891@localhost, inet6:8891@localhost, unix:/run/filter.sock, or the name of an X line.\n" +
        "FILE: a message with its header; - for standard input. Nothing is delivered.\n" +
        "Status 0: accepted or discarded, 69: refused, 75: deferred, 76: the filter is not there or speaks nonsense.",
    )
    .coerce(["client", "helo", "from", "C"], lastOf)
    .parserConfiguration({ "parse-numbers": false, "parse-positional-numbers": false })
    .strictOptions()
    .version(false)
    .exitProcess(false);
}

/** @returns 0, 69, 75, 76 as --help says; 64 for words that make no command, 66 when there is no such file, 78 for a bad configuration */
export async function runMilterTest(words: readonly string[], streams: CommandStreams): Promise<number> {
  let problem: string | undefined;
  const options = await parser(words)
    .fail((message, error) => void (problem = message || error.message))
    .parse();
  const [socket, file, ...more] = options._.map(String);
  if (options["help"] === true) return EX.OK;
  if (problem === undefined && (file === undefined || more.length > 0)) problem = "name a socket and a file";
  if (problem !== undefined) throw usage(problem);
  const { settings, macros } = await target(socket, options.C);
  const client = clientOf(options.client ?? LOCAL, options.helo);
  const message = await givenMessage(file, streams.input, { sender: options.from, recipients: options.to });
  const notes: string[] = [];
  const given = new Map((options.macro ?? []).map(macroOf));
  const opened = openFilter(settings, { macros, note: (text) => notes.push(text) });
  const valueOf = macroValues(client, message, given);
  const trial = await tryFilter(opened, client, message, valueOf);
  const { output } = streams;
  if (options.json) output.line(asciiJson(trialDocument(settings.name, trial, notes)));
  else if (options.diff) for (const line of changedLines(message, trial)) output.line(line);
  else for (const line of trialLines(settings.name, trial, notes, macros)) output.line(line);
  // Whoever wants only the differences has to hear why there are none.
  if (options.diff && trial.error)
    streams.errors.line(`rulemail milter test: ${settings.name}: ${trial.error.message}`);
  return STATUS[trial.fate];
}

function usage(text: string): CommandError {
  return new CommandError(`rulemail milter test: ${text}; see rulemail milter test --help`, EX.USAGE);
}

/** A word without colon and slash is the name of an X line. */
async function target(
  word: string,
  file: string | undefined,
): Promise<{ readonly settings: FilterSettings; readonly macros: MacroLists }> {
  const isName = !/[:/=]/.test(word);
  if (!isName && file === undefined) return { settings: await filterAt(word), macros: STANDARD_MACROS };
  const path = ownConfigFile({ configFile: file });
  const config = await openConfiguration(path);
  try {
    const macros = macroLists(config);
    if (!isName) return { settings: await filterAt(word), macros };
    const filter = config.filters.get(word);
    if (filter) return { settings: settingsOf(filter), macros };
    const known = [...config.filters.keys()].join(", ") || "none";
    throw new CommandError(`rulemail milter test: ${path} has no filter ${word} (it has: ${known})`, EX.USAGE);
  } finally {
    config.close();
  }
}

/** "mx.example [192.0.2.1]", a name alone, an address alone. */
function clientOf(text: string, helo: string | undefined): TrialClient {
  const [, name = "", bracketed] = /^([^[\]\s]*)\s*(?:\[(.*)\])?$/.exec(text.trim()) ?? [];
  const address = bracketed ?? (placeOf(name) ? name : undefined);
  const place = address === undefined ? ({ family: "unknown" } as const) : placeOf(address);
  if (place === undefined || (name === "" && address === undefined)) {
    throw usage(`--client is NAME [ADDRESS], not "${text}"`);
  }
  const host = name === "" || name === address ? `[${address}]` : name;
  return { host, place, helo: helo ?? host };
}

function placeOf(address: string): ClientPlace | undefined {
  const bare = address.replace(/^IPv6:/i, "");
  const family = isIPv4(bare) ? "inet" : isIPv6(bare) ? "inet6" : undefined;
  return family && { family, address: bare, port: 25 };
}

function macroOf(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw usage(`--macro is NAME=VALUE, not "${text}"`);
  const name = text.slice(0, at);
  return [name.length > 1 && !name.startsWith("{") ? `{${name}}` : name, text.slice(at + 1)];
}

/** What a server would know: about itself, the client, the address at hand, the message. */
function macroValues(
  { host, place, helo }: TrialClient,
  { sender, fields }: PlainMessage,
  given: ReadonlyMap<string, string>,
): (step: Step, subject: string, name: string) => string | undefined {
  const clientAddress = "address" in place ? place.address : undefined;
  const values = new Map<string, string | undefined>([
    ["j", readMachine().hostName],
    ["i", "milter-test"],
    ["_", clientAddress === undefined ? host : `${host} [${clientAddress}]`],
    ["s", helo],
    ["r", "ESMTP"],
    ["f", sender.path.slice(1, -1)],
    ["{daemon_name}", "MTA"],
    ["{client_name}", host],
    ["{client_addr}", clientAddress],
    ["{client_resolve}", "OK"],
    ["{mail_mailer}", "esmtp"],
    ["{rcpt_mailer}", "esmtp"],
    ["{msg_id}", fields.find(({ name }) => name.toLowerCase() === "message-id")?.value.trim()],
  ]);
  return (_step, subject, name) => {
    if (given.has(name)) return given.get(name);
    if (/^\{(?:mail|rcpt)_(?:addr|host)\}$/.test(name)) {
      const address = (name.startsWith("{mail") ? sender.path : subject).slice(1, -1);
      return name.endsWith("host}") ? address.replace(/^.*@|^[^@]*$/s, "") : address;
    }
    return values.get(name);
  };
}
