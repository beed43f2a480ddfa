/**
 * `rulemail start` (and `npm start`): a mail server out of nothing, for trying it out. Makes a home folder with users,
 * aliases and a configuration compiled from cf/standalone.mc, and runs the server there in the foreground.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { homeFolder } from "../daemon/home.ts";
import { compileMc } from "../mc/compile.ts";
import { shippedLibrary } from "../mc/library.ts";
import { reportAll } from "../source/report.ts";
import { formatSourceMap, sourceMapPath } from "../source/source-map.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";

export interface StartArguments {
  /** Extra m4 definitions for the configuration (-D). */
  readonly defines: Readonly<Record<string, string>>;
  /** Another .mc than cf/standalone.mc. */
  readonly configuration?: string;
}

/** The folder that holds `cf/` and `macros/`, seen from the built program. */
const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));

const usage = "usage: rulemail start [-D NAME[=VALUE]]... [FILE.mc]";

export async function runStart(words: readonly string[]): Promise<ExitCode> {
  const parsed = readWords(words);
  if (typeof parsed === "string") {
    process.stderr.write(`rulemail start: ${parsed}\n${usage}\n`);
    return EX.USAGE;
  }
  const home = resolve(homeFolder().folder);
  process.env.RULEMAIL_HOME = home;
  prepareHome(home);
  const problem = compileFor(home, parsed);
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    return EX.CONFIG;
  }
  const { serve } = await import("./serve.ts");
  return serve({
    configFile: join(home, "sendmail.cf"),
    settings: [],
    queueInterval: 60_000,
    background: false,
    listen: true,
    started: (addresses) => process.stdout.write(welcome(home, addresses)),
  });
}

function readWords(words: readonly string[]): StartArguments | string {
  const defines: Record<string, string> = {};
  let configuration: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word.startsWith("-D")) {
      const text = word.length > 2 ? word.slice(2) : words[++i];
      if (text === undefined) return "-D needs NAME=VALUE";
      const equals = text.indexOf("=");
      defines[equals < 0 ? text : text.slice(0, equals)] = equals < 0 ? "" : text.slice(equals + 1);
    } else if (word.startsWith("-")) return `unknown option ${word}`;
    else if (configuration === undefined) configuration = word;
    else return "one configuration at a time";
  }
  return { defines, configuration };
}

/** Folders and tables that the configuration expects; what is there already stays as it is. */
function prepareHome(home: string): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  chmodSync(home, 0o700);
  for (const folder of ["mail", "home", "queue", "clientmqueue"]) {
    mkdirSync(join(home, folder), { recursive: true, mode: 0o700 });
  }
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const users = ["alice", "bob"];
  for (const user of users) mkdirSync(join(home, "home", user), { recursive: true, mode: 0o700 });
  writeOnce(
    join(home, "passwd"),
    users.map((user) => `${user}:x:${uid}:${gid}:${user}:${join(home, "home", user)}:/bin/sh\n`).join(""),
  );
  writeOnce(
    join(home, "aliases"),
    "# Aliases of this server; read when the file changes.\npostmaster: alice\nMAILER-DAEMON: postmaster\nroot: alice\n",
  );
}

function writeOnce(file: string, text: string): void {
  if (!existsSync(file)) writeFileSync(file, text, { mode: 0o600 });
}

/** Compiles the configuration when it is missing or older than its sources. Returns what to print when it fails. */
function compileFor(home: string, { defines, configuration }: StartArguments): string | undefined {
  const source = configuration ?? join(packageFolder, "cf", "standalone.mc");
  const target = join(home, "sendmail.cf");
  const stamp = join(home, ".sendmail.cf.from");
  const wanted = JSON.stringify([resolve(source), defines, home]);
  if (isFresh(target, stamp, wanted, source)) return undefined;
  const result = compileMc({ file: source }, { defines: { ...defines, SERVER_HOME: home, SERVER_SETTINGS: home } });
  const problems = reportAll(result.diagnostics, readSource);
  if (!result.complete || result.diagnostics.some(({ severity }) => severity === "error")) return problems;
  if (problems !== "") process.stderr.write(`${problems}\n`);
  writeFileSync(target, result.text, { encoding: "latin1", mode: 0o600 });
  writeFileSync(sourceMapPath(target), formatSourceMap(result.text, result, shippedLibrary().root), { mode: 0o600 });
  writeFileSync(stamp, wanted, { mode: 0o600 });
  return undefined;
}

function readSource(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}

function isFresh(target: string, stamp: string, wanted: string, source: string): boolean {
  if (!existsSync(target) || !existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) return false;
  const made = statSync(target).mtimeMs;
  const program = join(packageFolder, "dist", "main.js");
  return [source, program].every((file) => !existsSync(file) || statSync(file).mtimeMs < made);
}

function welcome(home: string, addresses: readonly { name: string; address: string; port: number }[]): string {
  const ports = addresses.map(({ name, address, port }) => `${name} ${address}:${port}`).join(", ");
  const program = join(packageFolder, "bin", "sendmail");
  return `rulemail on ${hostname()}: ${ports}
  mailboxes  ${join(home, "mail")}/USER/  (Maildir; users in ${join(home, "passwd")})
  queue      ${join(home, "queue")}/
  log        ${join(home, "log")}
Send a first message:
  printf 'Subject: hello\\n\\nIt works.\\n' | RULEMAIL_HOME=${home} ${program} alice@localhost
`;
}
