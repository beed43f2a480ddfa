/**
 * The class pgsql: the first column of what a query to a PostgreSQL database finds.
 *
 *     Kvirtual pgsql -k "SELECT target FROM virtual WHERE address = %0 AND domain = %1" /etc/mail/database
 *
 * The operand is the file that says where the database is (postgres/settings-file.ts). %0 is the key, %1 to %9 are arguments of the
 * look-up: they are parameters of the query, never a part of its text. Flags of our own: -v the column that counts, -z all
 * rows, joined, -1 only when there is one, -c seconds that an answer is good for (10; 0: asked anew each time), -n a channel: who
 * changes the tables says NOTIFY on it, with the key as payload, or without one for all.
 *
 * A database that is away is a temporary failure, and so is a query that it does not take. A key that cannot be what the
 * query compares it with is not found.
 */
import { readFileSync } from "node:fs";
import { type Answer, Database } from "../postgres/database.ts";
import { type PostgresSettings, readSettings } from "../postgres/settings-file.ts";
import type { LookupContext } from "../rewriting/lookup-map.ts";
import { errorText, explainUnopened } from "../sys/safe-file.ts";
import type { MapEnvironment } from "./environment.ts";
import { AnswerCache } from "./answer-cache.ts";
import { COMMON_FORMS, type FlagSyntax, type MapFlags } from "./flags.ts";
import { type BareMap, type BareResult, found, type MapClass, MISSING, tempfail } from "./map-class.ts";
import { readSeparator } from "./text.ts";
import { WatchedFile } from "./watched-file.ts";

/** Seconds that an answer is good for, unless -c says otherwise. */
const FRESH = 10;
const LONGEST_FRESH = 86_400;

const FLAGS: FlagSyntax = {
  forms: { ...COMMON_FORMS, "1": "switch", c: "word", n: "word" },
  quoted: true,
  unknown: (letter, mapName) => `Illegal option ${letter} map ${mapName}`,
};

interface Query {
  /** With $1, $2 ... */
  readonly text: string;
  /** Which word of the look-up each parameter is: 0 the key, 1 to 9 its arguments. */
  readonly words: readonly number[];
}

interface Choice {
  readonly column: string | undefined;
  readonly separator: string | undefined;
  readonly onlyOne: boolean;
}

export const pgsqlClass: MapClass = {
  flags: FLAGS,
  open({ declaration: { name }, flags, environment, problem }): BareMap | undefined {
    const line = readLine(name, flags, problem);
    if (line === undefined) return undefined;
    const { path, query, choice, fresh, channel } = line;
    const databases = new DatabaseOf(path, environment);
    const cache = new AnswerCache(environment.clock, fresh * 1000);
    let told: string | undefined;
    const tell = (text: string, context: LookupContext): BareResult => {
      if (told !== text) context.message?.(text);
      told = text;
      return tempfail(text);
    };
    return {
      keyFile: path,
      available: () => typeof databases.current() !== "string",
      prepare(context) {
        const database = databases.current();
        if (typeof database === "string") context.message?.(`pgsql map "${name}": ${database}`);
      },
      find(key, args, context) {
        const database = databases.current();
        if (typeof database === "string") return tell(`pgsql map "${name}": ${database}`, context);
        if (channel !== undefined) databases.listen(channel, (payload) => cache.forget(payload));
        const words = query.words.map((word) => toText(word === 0 ? key : (args[word - 1] ?? "")));
        if (words.some((word) => word.includes("\0"))) return MISSING;
        return cache.ask(key, words, async () => {
          const answer = await database.query(query.text, words);
          const result = resultOf(answer, choice, name);
          if (result.kind === "tempfail") return tell(result.reason, context);
          told = undefined;
          return result;
        });
      },
      close: () => databases.close(),
    };
  },
};

interface Line {
  readonly path: string;
  readonly query: Query;
  readonly choice: Choice;
  readonly fresh: number;
  readonly channel: string | undefined;
}

function readLine(name: string, flags: MapFlags, problem: (text: string) => void): Line | undefined {
  let usable = true;
  const wrong = (text: string): void => {
    usable = false;
    problem(text);
  };
  const path = flags.firstWord;
  if (path === "") wrong(`No file name for pgsql map ${name}`);
  else if (!path.startsWith("/")) wrong(`pgsql map ${name}: file name ${path} must be fully qualified`);
  const text = flags.value("k") ?? "";
  if (text === "") wrong(`pgsql map ${name}: no query given (-k "SELECT ... WHERE address = %0")`);
  else if (/'[^']*%\d[^']*'/.test(text)) wrong(`pgsql map ${name}: %0 to %9 are values: they stand without quotes`);
  const fresh = flags.value("c") ?? String(FRESH);
  if (!/^\d{1,5}$/.test(fresh) || Number(fresh) > LONGEST_FRESH) {
    wrong(`pgsql map ${name}: -c should be seconds, from 0 to ${LONGEST_FRESH}, not ${fresh}`);
  }
  if (!usable) return undefined;
  return {
    path,
    query: readQuery(text),
    choice: { column: flags.value("v"), separator: readSeparator(flags.value("z")), onlyOne: flags.has("1") },
    fresh: Number(fresh),
    channel: flags.value("n"),
  };
}

/** %0 to %9 become $1, $2 ...; %% is a percent sign. */
function readQuery(text: string): Query {
  const words: number[] = [];
  const numbered = toText(text).replace(/%([%0-9])/g, (_, what: string) => {
    if (what === "%") return "%";
    const at = words.indexOf(Number(what));
    return `$${at >= 0 ? at + 1 : words.push(Number(what))}`;
  });
  return { text: numbered, words };
}

function resultOf(answer: Answer, { column, separator, onlyOne }: Choice, name: string): BareResult {
  if (answer.kind === "failed") {
    return answer.because === "data" ? MISSING : tempfail(`pgsql map "${name}": ${answer.problem}`);
  }
  const at = column === undefined ? 0 : answer.columns.indexOf(column);
  if (at < 0) return tempfail(`pgsql map "${name}": the query gives no column ${column}`);
  const values = answer.rows.map((row) => row[at] ?? undefined).filter((value) => value !== undefined);
  if (values.length === 0 || (onlyOne && values.length > 1)) return MISSING;
  return found(toOctets(separator === undefined ? values[0] : values.join(separator)));
}

/** The database of a settings file, as the file is now. */
class DatabaseOf {
  readonly #file: WatchedFile<Database | string>;
  readonly #read: (octets: Buffer) => Database | string;
  readonly #environment: MapEnvironment;
  readonly #path: string;
  #sealed: { readonly octets: Buffer; readonly database: Database | string } | undefined;
  readonly #listened = new WeakSet<Database>();

  constructor(path: string, environment: MapEnvironment) {
    this.#path = path;
    this.#environment = environment;
    this.#read = (octets) => {
      const settings = readSettings(octets.toString("utf8"));
      return "problems" in settings ? problemText(path, settings) : databaseWith(settings, environment);
    };
    this.#file = new WatchedFile({
      path,
      use: "key",
      safety: environment,
      clock: environment.clock,
      plain: true,
      load: (fd) => this.#read(readFileSync(fd)),
      dispose: (database) => giveBack(database, environment),
    });
  }

  /** Why there is none, in words. */
  current(): Database | string {
    const state = this.#file.current();
    if (state.kind === "open") return state.content;
    const octets =
      state.kind === "failed" && state.code === "EACCES" ? this.#environment.sealed?.get(this.#path) : undefined;
    if (octets === undefined) return `settings file ${this.#path}: ${explainUnopened(state)}`;
    if (this.#sealed?.octets !== octets) {
      this.#leaveSealed();
      try {
        this.#sealed = { octets, database: this.#read(octets) };
      } catch (error) {
        return errorText(error);
      }
    }
    return this.#sealed.database;
  }

  listen(channel: string, heard: (payload: string | undefined) => void): void {
    const database = this.current();
    if (typeof database === "string" || this.#listened.has(database)) return;
    this.#listened.add(database);
    database.listen(channel, (payload) => heard(payload === undefined ? undefined : toOctets(payload)));
  }

  close(): void {
    this.#file.close();
    this.#leaveSealed();
  }

  #leaveSealed(): void {
    if (this.#sealed !== undefined) giveBack(this.#sealed.database, this.#environment);
    this.#sealed = undefined;
  }
}

/** Maps of one configuration with the same settings share their connections; the last one closes them. */
interface Shared {
  readonly database: Database;
  holders: number;
}

const databases = new WeakMap<MapEnvironment, Map<string, Shared>>();

function databaseWith(settings: PostgresSettings, environment: MapEnvironment): Database {
  const known = databases.get(environment) ?? new Map<string, Shared>();
  databases.set(environment, known);
  const name = JSON.stringify(settings);
  const shared = known.get(name) ?? { database: new Database(settings, environment.clock), holders: 0 };
  known.set(name, shared);
  shared.holders++;
  return shared.database;
}

function giveBack(given: Database | string, environment: MapEnvironment): void {
  const known = databases.get(environment);
  for (const [name, shared] of known ?? []) {
    if (shared.database !== given || --shared.holders > 0) continue;
    known?.delete(name);
    void shared.database.close();
  }
}

function problemText(
  path: string,
  { problems }: Extract<ReturnType<typeof readSettings>, { problems: unknown }>,
): string {
  return problems.map(({ line, text }) => `${path}${line === 0 ? "" : `:${line}`}: ${text}`).join("; ");
}

function toText(octets: string): string {
  return Buffer.from(octets, "latin1").toString("utf8");
}

function toOctets(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
