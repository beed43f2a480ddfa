/**
 * A .cf or .mc file made ready for analysis (`rulemail lint`, `rulemail mc --diff`): an .mc is compiled first, and the
 * origins of its lines are kept. The network is not asked: names do not exist. Tables that are not built here are empty.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isGenerated, readStatements, type LineOrigin, type Subject } from "../analysis/subject.ts";
import type { ConfigEnvironment } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import type { DnsAnswer, DnsRecord, RecordType } from "../dns/resolver.ts";
import { silentLog } from "../log/log.ts";
import { compileMc, type CompileOptions } from "../mc/compile.ts";
import { kindOfFile } from "./configuration-kind.ts";
import { readText, shippedLibrary } from "../mc/library.ts";
import { outermost, type Origin } from "../mc/origin.ts";
import { diagnostic, type Diagnostic } from "../source/diagnostic.ts";
import { originsOf } from "../source/source-map.ts";
import { systemClock } from "../sys/clock.ts";
import { groupId } from "../sys/groups.ts";
import { readMachine } from "../sys/machine.ts";
import { whenReady } from "../sys/maybe-promise.ts";
import { openMailboxDatabase } from "../sys/mailbox-database.ts";

export interface ReadConfiguration {
  /** Absent when the file cannot be compiled or loaded. */
  readonly subject?: Subject;
  /** What the macro compiler said, about lines of the .mc; and why there is no subject. */
  readonly problems: readonly Diagnostic[];
}

/**
 * This machine, without its network. `anyName`: every name has an address (a stranger has a domain of his own), except
 * those that begin with digits, as in the lists of blocked addresses; without it no name exists.
 */
export function analysisEnvironment({ anyName = false } = {}): ConfigEnvironment {
  // One moment for everything that is compared.
  const now = systemClock.now();
  return {
    machine: readMachine(),
    resolver: { query: (name, type) => (anyName ? addressOf(name, type) : { kind: "nxdomain" }) },
    users: openMailboxDatabase("pw", systemClock),
    group: groupId,
    clock: { ...systemClock, now: () => now, after: (ms, then) => systemClock.after(ms, then) },
    log: silentLog,
    opMode: "d",
    missingTablesAreEmpty: true,
  };
}

/** TEST-NET-3 of RFC 5737. */
const SOME_ADDRESS = "203.0.113.1";

/** Answers as if every name existed. */
export function addressOf(name: string, type: RecordType): DnsAnswer {
  if (/^\d/.test(name)) return { kind: "nxdomain" };
  if (type !== "A") return { kind: "nodata", canonicalName: name };
  const record: DnsRecord = { name, type, ttl: 0, data: SOME_ADDRESS };
  return { kind: "found", records: [record], canonicalName: name, secure: false };
}

/**
 * @param options for the macro compiler, when `file` is an .mc; `here`: the file is for this machine, and its users and
 * groups have to exist; `text` stands for what is in the .mc
 */
export async function readConfiguration(
  file: string,
  environment: ConfigEnvironment,
  options: CompileOptions & { readonly here?: boolean; readonly text?: string } = {},
): Promise<ReadConfiguration> {
  const { here = false, text: given, ...compiling } = options;
  if (given === undefined && !isMacroFile(file)) return load(file, file, environment, here);
  const library = options.library ?? shippedLibrary();
  const source = { file, ...(given !== undefined && { text: given }) };
  const { text, origins, causes, diagnostics, complete } = compileMc(source, { ...compiling, library });
  if (!complete) return { problems: diagnostics };
  const folder = mkdtempSync(join(tmpdir(), "rulemail-analysis-"));
  try {
    const compiled = join(folder, "compiled.cf");
    writeFileSync(compiled, text, "latin1");
    const origin = (line: number): LineOrigin | undefined => lineOrigin(origins[line - 1], causes[line - 1], file);
    const { subject, problems } = await load(file, compiled, environment, here, origin);
    return { ...(subject ? { subject } : {}), problems: [...diagnostics, ...problems] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is in a file counts; its name where that says nothing. */
export function isMacroFile(file: string): boolean {
  const kind = kindOfFile(file);
  return kind === "mc" || (kind === "neither" && /\.(?:mc|m4)$/i.test(file));
}

/** @param cause the place in the .mc because of which the library wrote the line */
function lineOrigin(origin: Origin | undefined, cause: Origin | undefined, file: string): LineOrigin | undefined {
  if (origin === undefined) return undefined;
  const own = origin.file === file;
  const place = [origin, cause].map((each) => each && outermost(each)).find((each) => each?.file === file);
  return place && { line: place.line, own };
}

/** Users and groups of the machine that the file is for need not exist here: each unknown name gets a number of its own. */
function anybody(environment: ConfigEnvironment): Pick<ConfigEnvironment, "users" | "group"> {
  const { users } = environment;
  return {
    users: {
      find: (name) =>
        whenReady(users.find(name), (found) => found ?? { name, ...STRANGER, uid: standIn(name), gid: standIn(name) }),
      findById: (uid) => users.findById(uid),
    },
    group: (name) => whenReady(environment.group(name), (found) => found ?? standIn(name)),
  };
}

const STRANGER = { gecos: "", home: "/", shell: "/bin/sh" };
/** Above the numbers that systems give. */
const STAND_INS = 1_000_000;
const standIns = new Map<string, number>();

function standIn(name: string): number {
  let number = standIns.get(name);
  if (number === undefined) standIns.set(name, (number = STAND_INS + standIns.size));
  return number;
}

async function load(
  file: string,
  cf: string,
  environment: ConfigEnvironment,
  here: boolean,
  origin?: Subject["origin"],
): Promise<ReadConfiguration> {
  const text = readText(cf);
  if (text === undefined) return { problems: [diagnostic("error", `cannot read ${file}`, { file, line: 0 })] };
  const { config, diagnostics } = await loadConfig(cf, { ...environment, ...(here ? {} : anybody(environment)) });
  if (config === undefined) {
    return { problems: diagnostics.map((each) => ({ ...each, at: { ...each.at, file } })) };
  }
  const statements = readStatements(text);
  const common = { file, config, statements, diagnostics, here, generated: isGenerated(text) };
  if (origin) return { subject: { ...common, origin }, problems: [] };
  const named = originsOf(cf, text);
  return { subject: { ...common, source: (line) => named({ file: cf, line }) }, problems: [] };
}
