/**
 * `rulemail start` (and `npm start`): a mail server out of nothing, for trying it out. Makes a home folder with users,
 * aliases and a configuration compiled from cf/standalone.mc or any other .mc, and runs the server there in the
 * foreground, without rights and beside any other mail server (at-home.ts).
 */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { CommandLineSetting } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import { homeFolder } from "../daemon/home.ts";
import { startWhereWanted } from "../daemon/sessions/early-start.ts";
import { closedTo } from "../daemon/reach.ts";
import { movedHome, type Wishes } from "./at-home.ts";
import { readShortOptions } from "./short-options.ts";
import { alreadyCompiled, kindOfFile } from "./configuration-kind.ts";
import { homeProblem, letEverybodyRead, prepareHome, prepareTables, READABLE, usersFile } from "./home-files.ts";
import { compileMc } from "../mc/compile.ts";
import { shippedLibrary } from "../mc/library.ts";
import { reportAll } from "../source/report.ts";
import { formatSourceMap, sourceMapPath } from "../source/source-map.ts";
import { systemClock } from "../sys/clock.ts";
import { isOneFile, programFile, programRoot, readProgramFile, typedCommand } from "../sys/program-files.ts";
import { errorText } from "../sys/safe-file.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import { systemEnvironment } from "./system-environment.ts";
import { certificateFolder, makeTestCertificate, wantsTestCertificate } from "./test-certificate.ts";

export interface StartArguments {
  /** Extra m4 definitions for the configuration (-D). */
  readonly defines: Readonly<Record<string, string>>;
  /** Another .mc than cf/standalone.mc. */
  readonly configuration?: string;
  readonly wishes: Wishes;
}

/** No user in particular. */
const OTHERS = { uid: -1, gid: -1 };

/** The configuration that counts without another. */
const STANDALONE = "cf/standalone.mc";

const usage = "usage: rulemail start [-D NAME[=VALUE]]... [-p PORT] [-r HOST:PORT] [FILE.mc]";

export async function runStart(words: readonly string[]): Promise<ExitCode> {
  const parsed = readWords(words);
  if (typeof parsed === "string") {
    process.stderr.write(`rulemail start: ${parsed}\n${usage}\n`);
    return EX.USAGE;
  }
  const refused = parsed.configuration === undefined ? undefined : refusal(parsed.configuration);
  if (refused !== undefined) {
    process.stderr.write(`rulemail start: ${refused.text}\n`);
    return refused.exit;
  }
  const home = resolve(homeFolder().folder);
  process.env.RULEMAIL_HOME = home;
  const unusable = homeProblem(home);
  if (unusable !== undefined) {
    process.stderr.write(`rulemail start: ${unusable}\n`);
    return EX.CANTCREAT;
  }
  prepareHome(home);
  const compiled = compileFor(home, parsed);
  if (compiled.kind === "failed") {
    process.stderr.write(`${compiled.problem}\n`);
    return EX.CONFIG;
  }
  await startWhereWanted(join(home, "sendmail.cf"), []);
  await prepareTables(readFileSync(join(home, "sendmail.cf"), "latin1"), home);
  const certified = await ensureCertificate(home);
  const boxes = mailboxes(home);
  const { serve } = await import("./serve.ts");
  return serve({
    configFile: join(home, "sendmail.cf"),
    settings: staysRoot(home),
    queueInterval: 60_000,
    background: false,
    listen: true,
    started: (addresses) => process.stdout.write(welcome(home, [boxes, ...certified], addresses, compiled.moved)),
  });
}

/**
 * Makes the test certificate when the configuration wants one. Without it mail goes on, and STARTTLS is not offered.
 * @returns what there is to say about it
 */
async function ensureCertificate(home: string): Promise<readonly string[]> {
  const cf = join(home, "sendmail.cf");
  try {
    if (!wantsTestCertificate(cf, home)) return [];
    const { config } = await loadConfig(cf, systemEnvironment());
    // What is wrong with the configuration the server will say.
    if (config === undefined) return [];
    const name = config.expand(config.macros.get("j") ?? "", config.macros);
    config.close();
    makeTestCertificate(home, Buffer.from(name, "latin1").toString("utf8"), systemClock.now());
    return [
      `TLS        a test certificate, in ${certificateFolder(home)}/: put your own in its place (docs/tls.md)`,
      `logins     RULEMAIL_HOME=${home} ${typedCommand("rulemail")} passwd add alice`,
    ];
  } catch (error) {
    process.stderr.write(
      `rulemail start: there will be no TLS: the test certificate cannot be made: ${errorText(error)}\n`,
    );
    return [];
  }
}

/**
 * A server that root starts becomes another user (RunAsUser), who has to get to the home folder and to this program. Where
 * he does not, as below /root, trying it out is still possible: with root's rights, and said.
 */
function staysRoot(home: string): CommandLineSetting[] {
  if (process.getuid?.() !== 0) return [];
  const closed = [dirname(home), isOneFile() ? dirname(programRoot()) : programRoot()]
    .map((path) => closedTo(path, OTHERS))
    .find((path) => path !== undefined);
  if (closed === undefined) return [];
  const advice = `chmod a+x ${closed}, or name another folder: RULEMAIL_HOME=FOLDER`;
  process.stderr.write(`rulemail start: other users may not enter ${closed}, so the server stays root: ${advice}\n`);
  return [{ kind: "option", text: " RunAsUser=root" }];
}

function readWords(words: readonly string[]): StartArguments | string {
  const { options, operands, problem } = readShortOptions(words, "D:p:r:", "rulemail start");
  if (problem !== undefined) return problem.replace("rulemail start: ", "");
  const defines: Record<string, string> = {};
  for (const text of options.get("D") ?? []) {
    const equals = text.indexOf("=");
    defines[equals < 0 ? text : text.slice(0, equals)] = equals < 0 ? "" : text.slice(equals + 1);
  }
  const port = options.get("p")?.at(-1);
  if (port !== undefined && !(/^[0-9]{1,5}$/.test(port) && Number(port) < 65_536))
    return `-p needs a port, not ${port}`;
  const relay = options.get("r")?.at(-1);
  const place = relay === undefined ? undefined : /^(?:(.+):)?([0-9]{1,5})$/.exec(relay);
  if (place === null) return `-r needs HOST:PORT, not ${relay}`;
  const wishes: Wishes = {
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(place === undefined ? {} : { relay: `${place[1] ?? "[127.0.0.1]"} ${place[2]}` }),
  };
  const [first, ...more] = operands;
  if (more.length > 0) return "one configuration at a time";
  return { defines, wishes, ...(first === undefined ? {} : { configuration: resolve(standing(), first) }) };
}

/** The folder where the caller stands: npm goes to that of the package. */
function standing(): string {
  const { INIT_CWD, npm_lifecycle_event: event } = process.env;
  return event === "start" && INIT_CWD !== undefined ? INIT_CWD : process.cwd();
}

/** Why the file cannot be compiled at all. */
function refusal(file: string): { readonly text: string; readonly exit: ExitCode } | undefined {
  if (!existsSync(file)) return { text: `cannot read ${file}: there is no such file`, exit: EX.NOINPUT };
  if (kindOfFile(file) !== "cf") return undefined;
  const use = `to run it as it is: RULEMAIL_HOME=FOLDER ${typedCommand("sendmail")} -bD -C ${file}`;
  return { text: alreadyCompiled(file, use), exit: EX.DATAERR };
}

type Compiled =
  | { readonly kind: "compiled"; readonly moved: readonly string[] }
  | { readonly kind: "failed"; readonly problem: string };

/** Compiles the configuration when it is missing or older than its sources. */
function compileFor(home: string, { defines, configuration, wishes }: StartArguments): Compiled {
  const source = configuration ?? join(programRoot(), STANDALONE);
  const target = join(home, "sendmail.cf");
  const stamp = join(home, ".sendmail.cf.from");
  const wanted = JSON.stringify([resolve(source), defines, home, wishes]);
  const stampedAt = `${wanted}\n`;
  if (isFresh(target, stamp, stampedAt, source)) {
    letEverybodyRead([target, sourceMapPath(target)]);
    const [, ...moved] = readFileSync(stamp, "utf8").trimEnd().split("\n");
    return { kind: "compiled", moved };
  }
  const result = compileMc(
    { file: source, ...(configuration === undefined ? { text: readProgramFile(STANDALONE)?.toString("latin1") } : {}) },
    {
      defines: { SERVER_CERTS: certificateFolder(home), ...defines, SERVER_HOME: home, SERVER_SETTINGS: home },
    },
  );
  const problems = reportAll(result.diagnostics, readSource);
  if (!result.complete || result.diagnostics.some(({ severity }) => severity === "error")) {
    return { kind: "failed", problem: problems };
  }
  if (problems !== "") process.stderr.write(`${problems}\n`);
  const { text, moved } = movedHome(result.text, home, usersFile(home), wishes);
  writeFileSync(target, text, { encoding: "latin1", mode: READABLE });
  writeFileSync(sourceMapPath(target), formatSourceMap(text, result, shippedLibrary().root), { mode: READABLE });
  writeFileSync(stamp, [wanted, ...moved, ""].join("\n"), { mode: 0o600 });
  return { kind: "compiled", moved };
}

function readSource(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}

function isFresh(target: string, stamp: string, wanted: string, source: string): boolean {
  if (!existsSync(target) || !existsSync(stamp) || !readFileSync(stamp, "utf8").startsWith(wanted)) return false;
  const made = statSync(target).mtimeMs;
  return [source, programFile()].every((file) => !existsSync(file) || statSync(file).mtimeMs < made);
}

function welcome(
  home: string,
  facts: readonly string[],
  addresses: readonly { name: string; address: string; port: number }[],
  moved: readonly string[],
): string {
  const ports = addresses.map(({ name, address, port }) => `${name} ${address}:${port}`).join(", ");
  const program = typedCommand("sendmail");
  return `rulemail on ${hostname()}: ${ports}
  ${facts.join("\n  ")}
  queue      ${join(home, "queue")}/
  log        ${join(home, "log")}
${moved.map((text, index) => `  ${index === 0 ? "trial" : "     "}      ${text}\n`).join("")}Send a first message:
  printf 'Subject: hello\\n\\nIt works.\\n' | RULEMAIL_HOME=${home} ${program} alice@localhost
`;
}

const KINDS: Readonly<Record<string, string>> = { maildir: "Maildir", mbox: "mbox", mh: "MH" };

/** Where local mail goes, when the server itself writes it; who its users are in any case. */
function mailboxes(home: string): string {
  const users = `users in ${usersFile(home)}`;
  const text = readFileSync(join(home, "sendmail.cf"), "latin1");
  const [, kind = "", path = ""] = /^Mlocal,[^\n]*\bA=LOCAL (maildir|mbox|mh):(\S+)/m.exec(text) ?? [];
  if (path === "") return users.replace(" in ", "      ");
  return `mailboxes  ${path.replace("$u", "USER")}  (${KINDS[kind]}; ${users})`;
}
