/**
 * `rulemail session [options] [SCRIPT]`: a whole SMTP session from any client, by the server's own code and the rules of a
 * site, and beside each command who decided what, and why. Nothing is queued, delivered or counted.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import yargs from "yargs";
import { Trial } from "../../smtpd/trial.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import { type CommandStreams, linesOf, processStreams } from "../command-streams.ts";
import { ownConfigFile, whereLooked } from "../config-file.ts";
import { CommandError, runToStatus } from "../database-target.ts";
import { clientOf, endsOf, SettingError } from "./client.ts";
import { type Difference, differenceOf, savedScript } from "./expectations.ts";
import { type Exchange, play } from "./play.ts";
import { problem, readScript, type Script, type Setting, SETTINGS, TypingSpeaker } from "./script.ts";
import { exchangeJson, exchangeLines, testimonyLines } from "./session-text.ts";
import { openTrialSite, type TrialSite } from "./trial-site.ts";

/** An expectation of a saved session was not met. */
const CHANGED = 1;

function parser(words: readonly string[]) {
  const text = { type: "string", nargs: 1 } as const;
  return yargs([...words])
    .scriptName("rulemail session")
    .usage(
      "rulemail session [options] [SCRIPT]\n" +
        "  an SMTP session (standard input, or a script): what the site answers, and why\n" +
        "rulemail session [-C FILE] --expect FILE|FOLDER...\n" +
        "  sessions that were saved: does the site still decide so?",
    )
    .option("C", { ...text, describe: "configuration: a .cf or an .mc (default: the one in force)" })
    .option("client", { ...text, describe: "address of the client (default: 192.0.2.1, a stranger)" })
    .option("name", { ...text, describe: "its name (default: what the DNS says of the address)" })
    .option("resolve", { ...text, describe: "OK, FAIL (no name), FORGED (does not lead back), TEMP (no answer)" })
    .option("port", { ...text, describe: "name or number of the port (default: the first)" })
    .option("tls", {
      ...text,
      describe: "it begins TLS: 'verify=OK; subject=/CN=a; issuer=/CN=b; cipher=C; version=V'",
    })
    .option("auth", { ...text, describe: "it has logged in: USER, or 'USER MECHANISM'" })
    .option("connections", { ...text, describe: "how many connections it has open (default: 1)" })
    .option("rate", { ...text, describe: "how many it has made of late (default: 1)" })
    .option("dns", {
      ...text,
      array: true,
      describe: "'NAME TYPE VALUE', 'NAME nxdomain', 'NAME tempfail'; none: no other name exists",
    })
    .option("filters", { type: "boolean", default: false, describe: "ask the mail filters, too" })
    .option("elsewhere", {
      type: "boolean",
      default: false,
      describe: "of another machine: tables that are not here are empty",
    })
    .option("explain", {
      ...text,
      array: true,
      choices: ["RCPT", "MAIL"],
      describe: "where accepted addresses go, and why",
    })
    .option("all", {
      type: "boolean",
      default: false,
      describe: "every key that was looked for, every rule of --explain",
    })
    .option("log", { type: "boolean", default: false, describe: "what would stand in the log" })
    .option("quiet", { type: "boolean", default: false, describe: "replies only" })
    .option("json", { type: "boolean", default: false, describe: "one JSON document for each command" })
    .option("save", { ...text, describe: "write the session to a file, with what it led to" })
    .option("expect", { type: "string", array: true, describe: "saved sessions, or folders of them" })
    .epilogue(
      "Scripts, and how to read what is said: docs/policy.md. Status 0: all was said, or all was decided as expected; 1: something " +
        "was decided otherwise; 65: a script is wrong; 66: it cannot be read; 73: --save cannot write; 78: the configuration is wrong.",
    )
    .parserConfiguration({ "parse-numbers": false, "parse-positional-numbers": false })
    .strictOptions()
    .version(false)
    .exitProcess(false);
}

type Options = Awaited<ReturnType<ReturnType<typeof parser>["parse"]>>;

/** @returns the status that --help tells of */
export function runSession(words: readonly string[], streams: CommandStreams = processStreams()): Promise<number> {
  return runToStatus(streams, () => session(words, streams));
}

async function session(words: readonly string[], streams: CommandStreams): Promise<number> {
  let complaint: string | undefined;
  const options = await parser(words)
    .fail((message, error) => void (complaint = message || error.message))
    .parse();
  if (complaint !== undefined) throw usage(complaint);
  if (options["help"] === true) return EX.OK;
  const run = new Run(options, streams);
  const scripts = options._.map(String);
  if (options.expect === undefined) {
    if (scripts.length > 1) throw usage("name one script; --expect takes several files");
    return run.play(scripts[0]);
  }
  if (scripts.length > 0) throw usage("--expect FILE... is its own script");
  if (options.save !== undefined) throw usage("--save and --expect do not go together");
  const given = SETTINGS.find((name) => options[name] !== undefined);
  if (given !== undefined) throw usage(`--${given}: a saved session says itself who the client is (@${given})`);
  return run.expect(options.expect.flatMap(filesIn));
}

function usage(text: string): CommandError {
  return new CommandError(`rulemail session: ${text}; see rulemail session --help`, EX.USAGE);
}

/** A folder is all files in it, but for hidden ones and those that editors leave. */
function filesIn(name: string): string[] {
  try {
    if (!statSync(name).isDirectory()) return [name];
    const files = readdirSync(name, { withFileTypes: true });
    const found = files.filter((each) => each.isFile() && !/^\.|~$/.test(each.name));
    if (found.length === 0) throw new Error(`no sessions in ${name}`);
    return found.map((each) => join(name, each.name)).toSorted();
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(error: unknown): CommandError {
  return new CommandError(`rulemail session: ${(error as Error).message}`, EX.NOINPUT);
}

function readFile(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    throw unreadable(error);
  }
}

class Run {
  readonly #options: Options;
  readonly #streams: CommandStreams;
  readonly #file: string;

  constructor(options: Options, streams: CommandStreams) {
    this.#options = options;
    this.#streams = streams;
    this.#file = ownConfigFile({ configFile: options.C });
    const lost = whereLooked({ configFile: options.C });
    if (lost !== undefined) throw new CommandError(`rulemail session: ${lost}`, EX.CONFIG);
  }

  /** One session, shown as it goes. @param script its file; undefined for standard input */
  async play(script: string | undefined): Promise<number> {
    const { output } = this.#streams;
    const { json, save } = this.#options;
    const { settings, places, speaker } = await this.#source(script);
    const given = givenSettings(this.#options);
    const merged = new Map([...settings, ...given]);
    const inScript = new Map([...places].filter(([name]) => !given.has(name)));
    const supposed = { settings: merged, places: inScript, speaker };
    const exchanges: Exchange[] = [];
    const manner = { ...this.#manner, echoes: !(speaker instanceof TypingSpeaker) };
    await this.#withSite(supposed, async (site) => {
      for await (const exchange of this.#played(site, supposed)) {
        if (json) output.line(shown(exchangeJson(exchange)));
        else for (const line of exchangeLines(exchange, manner)) output.line(shown(line));
        output.flush();
        if (save !== undefined) exchanges.push(exchange);
      }
    });
    if (save !== undefined) this.#save(save, savedScript(merged, exchanges));
    return EX.OK;
  }

  get #manner() {
    const { quiet, log, all } = this.#options;
    return { quiet, log, all };
  }

  /** Saved sessions, each with a site that knows nothing of the others. */
  async expect(files: readonly string[]): Promise<number> {
    const { output } = this.#streams;
    let changed = 0;
    for (const file of files) {
      const script = readScript(file, readFile(file));
      const differences: Difference[] = [];
      let expects = false;
      await this.#withSite(script, async (site) => {
        for await (const exchange of this.#played(site, script)) {
          expects ||= exchange.expected.length > 0;
          const difference = differenceOf(exchange);
          if (difference !== undefined) differences.push(difference);
        }
      });
      if (!expects)
        throw problem(file, 1, "nothing is expected: no command has a line `= ...` below it (--save writes them)");
      if (differences.length > 0) changed++;
      for (const each of differences) this.#show(file, each);
    }
    if (!this.#options.json) {
      output.line(`${files.length} session${files.length === 1 ? "" : "s"}, ${changed || "none"} decided otherwise`);
    }
    return changed > 0 ? CHANGED : EX.OK;
  }

  #show(file: string, { exchange, changes }: Difference): void {
    const { output } = this.#streams;
    const { said, kind, line } = exchange;
    const what = kind === "message" || said.includes("\r\n") ? "the message" : said;
    if (this.#options.json) {
      const found = changes.map(({ testimony: _own, ...each }) => each);
      return output.line(asciiJson({ file, line, said: what, changes: found }));
    }
    output.line(`${file}:${line ?? changes[0].line}: ${kind === "connect" ? "when it connects" : what}`);
    for (const { expected, found, testimony } of changes) {
      output.line(`- ${expected}`);
      output.line(`+ ${found}`);
      if (testimony !== undefined) for (const each of testimonyLines(testimony, this.#manner)) output.line(shown(each));
    }
  }

  async #source(script: string | undefined): Promise<Script> {
    if (script !== undefined && script !== "-") return readScript(script, readFile(script));
    const { input, errors } = this.#streams;
    if (input === process.stdin && process.stdin.isTTY) {
      errors.line("Type SMTP: EHLO, MAIL FROM:<...>, RCPT TO:<...>, DATA; QUIT ends. Nothing is sent or delivered.");
      errors.flush();
      return { settings: new Map(), places: new Map(), speaker: new TypingSpeaker(linesOf(input)) };
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of input) chunks.push(chunk);
    return readScript("-", Buffer.concat(chunks).toString("latin1"));
  }

  async #withSite(script: Script, work: (site: TrialSite) => Promise<void>): Promise<void> {
    const { errors } = this.#streams;
    const { elsewhere, filters } = this.#options;
    const site = await sensibly(script, () =>
      openTrialSite({
        file: this.#file,
        elsewhere,
        names: script.settings.get("dns") ?? [],
        asksFilters: filters,
        tell: (text) => errors.line(text),
      }),
    );
    errors.flush();
    try {
      await work(site);
    } finally {
      await site.close();
    }
  }

  async *#played(site: TrialSite, script: Script): AsyncGenerator<Exchange> {
    const { explain = [] } = this.#options;
    const { settings, speaker } = script;
    const client = await sensibly(script, () => clientOf(settings));
    const port = await sensibly(script, () => site.port(settings.get("port")?.at(-1)));
    const log: string[] = [];
    const trial = new Trial(site.services(client, log), port, endsOf(client, port, site.interfaces));
    const explains = new Set(explain as ("RCPT" | "MAIL")[]);
    yield* play({ trial, witness: site.witness, client, log, explains }, speaker);
  }

  #save(file: string, text: string): void {
    try {
      // There may be a password in it.
      writeFileSync(file, text, { encoding: "latin1", mode: 0o600 });
    } catch (error) {
      throw new CommandError(`rulemail session: ${(error as Error).message}`, EX.CANTCREAT);
    }
  }
}

/** Settings that say nothing sensible are told with their line of the script; those of options are wrong words. */
async function sensibly<T>({ places, speaker }: Script, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    const line = places.get(error.setting)?.at(error.index);
    throw line === undefined ? usage(error.message) : problem(speaker.file, line, error.message);
  }
}

/** An .mc is compiled where nobody looks: the name of the configuration is enough. */
function shown(text: string): string {
  return text.replaceAll(/[^\s"=]*\/rulemail-session-[^/\s]+\//g, "");
}

/** Settings of the command line, which count more than those of a script. */
function givenSettings(options: Options): Map<Setting, readonly string[]> {
  const given = new Map<Setting, readonly string[]>();
  for (const name of SETTINGS) {
    const value = options[name];
    if (value !== undefined) given.set(name, Array.isArray(value) ? value : [value]);
  }
  return given;
}
