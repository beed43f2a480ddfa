/**
 * `rulemail passwd`: the server's own passwords (option AuthSource=file:/PATH).
 *
 *     rulemail passwd add joe < secret       a new user; at a terminal the password is asked for, twice
 *     rulemail passwd disable joe            acts at once, on open sessions too
 *
 * Passwords never stand on a command line, where everybody could read them.
 */
import { changePassword, listPasswords, PasswordFileError } from "../logins/password-editor.ts";
import { makeRecord, nameProblem, type PasswordRecord } from "../logins/password-record.ts";
import { saslPrep } from "../auth/saslprep.ts";
import { AUTH_SOURCES, authSource } from "../config/auth-source.ts";
import { serverUser } from "../daemon/server-user.ts";
import { systemClock } from "../sys/clock.ts";
import { SystemUsers } from "../sys/getent.ts";
import { errorText } from "../sys/safe-file.ts";
import { EX } from "../sys/sysexits.ts";
import { type CommandStreams, processStreams } from "./command-streams.ts";
import { ownConfigFile } from "./config-file.ts";
import { CommandError, runToStatus } from "./database-target.ts";
import { optionValues } from "./option-lines.ts";
import { analysisEnvironment, readConfiguration } from "./read-configuration.ts";
import { readSecret } from "./secret-input.ts";
import { readShortOptions } from "./short-options.ts";

const USAGE = `usage: rulemail passwd add|set|disable|enable|remove NAME, or list
  -C FILE   the configuration whose AuthSource names the file of passwords
  -f FILE   the file of passwords itself
  -p        add, set: keep the password as it is, too, which CRAM-MD5 needs
  add and set read the password from standard input: at a terminal it is asked for, else it is the first line`;

/** Shortest password, characters. */
const SHORTEST = 8;

interface Place {
  readonly path: string;
  readonly owner?: number;
  readonly safety: { readonly dontBlame: ReadonlySet<string>; readonly owner?: number };
}

/** @param words after "passwd". Resolves with the exit status: 0; 64, 65 (name or password), 67 (no such user), 73, 75, 78. */
export function runPasswd(words: readonly string[], streams: CommandStreams = processStreams()): Promise<number> {
  return runToStatus(streams, () => passwd(words, streams));
}

async function passwd(words: readonly string[], streams: CommandStreams): Promise<number> {
  if (words[0] === "--help" || words[0] === "help") {
    streams.output.line(USAGE);
    return EX.OK;
  }
  // The verb may stand in front of the options or behind them.
  const [verb, rest] = /^[^-]/.test(words[0] ?? "") ? [words[0], words.slice(1)] : [undefined, words];
  const { options, operands, problem } = readShortOptions(rest, "C:f:p", "rulemail passwd");
  if (problem !== undefined) throw new CommandError(`${problem}\n${USAGE}`, EX.USAGE);
  const [command = "", ...names] = verb === undefined ? operands : [verb, ...operands];
  if (!COMMANDS.has(command) || names.length !== (command === "list" ? 0 : 1)) throw new CommandError(USAGE, EX.USAGE);
  const place = await findPlace(options.get("C")?.at(-1), options.get("f")?.at(-1));
  try {
    if (command === "list") return list(place, streams);
    const name = saslPrep(names[0]) ?? names[0];
    const wrong = nameProblem(name);
    if (wrong !== undefined) throw new CommandError(`rulemail passwd: ${name}: ${wrong}`, EX.DATAERR);
    await COMMANDS.get(command)?.({ name, place, streams, keepsPlain: options.has("p") });
    return EX.OK;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`rulemail passwd: ${errorText(error)}`, statusOf(error));
  }
}

function statusOf(error: unknown): number {
  if (!(error instanceof PasswordFileError)) return EX.CANTCREAT;
  if (error.kind === "busy") return EX.TEMPFAIL;
  return error.kind === "unreadable" ? EX.CANTCREAT : EX.NOUSER;
}

interface Order {
  readonly name: string;
  readonly place: Place;
  readonly streams: CommandStreams;
  readonly keepsPlain: boolean;
}

const COMMANDS: ReadonlyMap<string, (order: Order) => Promise<void>> = new Map([
  ["add", (order: Order) => keep(order, false)],
  ["set", (order: Order) => keep(order, true)],
  ["disable", async (order: Order) => change(order, (record) => ({ ...record, disabled: true }))],
  ["enable", async (order: Order) => change(order, (record) => ({ ...record, disabled: false }))],
  ["remove", async (order: Order) => change(order, () => undefined)],
  ["list", async () => undefined],
]);

/** Makes the record before the file is locked: the password is being typed, and its hash takes a moment. */
async function keep({ name, place, streams, keepsPlain }: Order, isThere: boolean): Promise<void> {
  const check = (before: PasswordRecord | undefined): void => {
    if (isThere && before === undefined) throw unknown(name, place);
    if (isThere || before === undefined) return;
    throw new PasswordFileError("is there already", `${name} is there already: use set for a new password`);
  };
  check(listPasswords(place).find((each) => each.name === name));
  const password = saslPrep(await readSecret(streams, name));
  if (password === undefined) {
    throw new CommandError("rulemail passwd: the password has characters that SASLprep (RFC 4013) forbids", EX.DATAERR);
  }
  if (Array.from(password).length < SHORTEST) {
    throw new CommandError(`rulemail passwd: a password has at least ${SHORTEST} characters`, EX.DATAERR);
  }
  const record = await makeRecord(name, password, keepsPlain);
  changePassword(place, name, (before) => {
    check(before);
    return { ...record, disabled: before?.disabled ?? false, others: before?.others ?? [] };
  });
}

function change({ name, place }: Order, to: (record: PasswordRecord) => PasswordRecord | undefined): void {
  changePassword(place, name, (before) => {
    if (before === undefined) throw unknown(name, place);
    return to(before);
  });
}

function unknown(name: string, { path }: Place): PasswordFileError {
  return new PasswordFileError("no such user", `${path}: no user ${name}`);
}

function list(place: Place, { output }: CommandStreams): number {
  for (const { name, disabled, scrypt, scram, plain } of listPasswords(place)) {
    const kept = [scrypt && "PLAIN LOGIN", scram.sha256 && "SCRAM-SHA-256", scram.sha1 && "SCRAM-SHA-1"];
    const mechanisms = [...kept, plain === undefined ? undefined : "CRAM-MD5"].filter((each) => each !== undefined);
    const shown = Buffer.from(name, "utf8").toString("latin1");
    output.line(`${shown}\t${disabled ? "disabled" : "enabled"}\t${mechanisms.join(" ")}`);
  }
  return EX.OK;
}

async function findPlace(configFile: string | undefined, file: string | undefined): Promise<Place> {
  const own = process.geteuid?.();
  if (file !== undefined) return { path: file, safety: { dontBlame: new Set() } };
  const cf = ownConfigFile(configFile === undefined ? {} : { configFile });
  let text: string | undefined;
  let dontBlame: ReadonlySet<string>;
  try {
    text = optionValues(cf, "AuthSource").at(-1);
    dontBlame = new Set(optionValues(cf, "DontBlameSendmail").flatMap((value) => value.split(/[\s,]+/)));
  } catch (error) {
    throw new CommandError(`rulemail passwd: ${cf}: ${errorText(error)}`, EX.NOINPUT);
  }
  const source = text === undefined ? undefined : authSource(text);
  if (source?.kind !== "file") {
    const kinds = AUTH_SOURCES.filter((kind) => kind !== "file").join(" and ");
    const says = text === undefined ? "sets no AuthSource" : `has AuthSource=${text}`;
    const advice = `set it to file:/PATH (confAUTH_SOURCE), or name the file with -f; passwords of ${kinds} are kept there`;
    throw new CommandError(`rulemail passwd: ${cf} ${says}: ${advice}`, EX.CONFIG);
  }
  const owner = own === 0 ? await passwordOwner(cf) : undefined;
  return { path: source.path, safety: { dontBlame }, ...(owner !== undefined && { owner }) };
}

/** As whom the server of a configuration works: it has to read the file. @throws CommandError */
export async function passwordOwner(cf: string): Promise<number | undefined> {
  const { subject } = await readConfiguration(cf, analysisEnvironment(), { here: true });
  if (subject === undefined) return undefined;
  try {
    return (await serverUser(subject.config, new SystemUsers(systemClock))).uid;
  } catch (error) {
    throw new CommandError(`rulemail passwd: ${cf}: ${errorText(error)}`, EX.CONFIG);
  }
}
