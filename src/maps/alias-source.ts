/**
 * The databases behind the option AliasFile: `hash:/etc/mail/aliases`, `/etc/mail/aliases` (class implicit), or a map of
 * any other class. What the values mean is the business of routing/.
 *
 * A database that newaliases builds stands beside its text: `aliases` and `aliases.db`. Where the database is missing the
 * text itself is read. The record `@` → `@` marks a complete database, for other programs that look for it.
 */
import { closeSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { foldCase } from "../rewriting/fold-case.ts";
import { MacroScope } from "../rewriting/macro-scope.ts";
import type { LookupContext } from "../rewriting/lookup-map.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { checkFolderFor, errorText, explainUnopened, openSafely, type Unopened } from "../sys/safe-file.ts";
import { DatabaseBuilder } from "./build.ts";
import { DATABASE_ENDINGS, databasePath, pathToRead, readDatabase, sourcePath, type Table } from "./database-file.ts";
import type { MapEnvironment } from "./environment.ts";
import { COMMON_FLAGS, parseFlags } from "./flags.ts";
import { openMap } from "./registry.ts";
import { WatchedDatabase } from "./watched-database.ts";
import { WatchedFile } from "./watched-file.ts";

/** The record that a complete alias database holds. */
const SENTINEL = "@";

/** A member of AliasFile. */
export interface AliasSourceSpec {
  readonly mapClass: string;
  /** Flags and file: "-o /etc/mail/aliases". */
  readonly args: string;
}

export type AliasSourceAnswer =
  | { readonly kind: "found"; readonly value: string }
  | { readonly kind: "missing" }
  | { readonly kind: "tempfail"; readonly reason: string };

/** Reads the text of an aliases file; lines that are wrong are left out. */
export type AliasTextReader = (text: string) => Iterable<{ readonly name: string; readonly value: string }>;

export type AliasTextAnswer =
  | { readonly kind: "read"; readonly text: string }
  /** Why not, for whoever runs newaliases. */
  | { readonly kind: "refused"; readonly reason: string };

export interface AliasDatabase {
  /** How messages call it: the text file, or the class and arguments. */
  readonly name: string;
  /** The text that newaliases reads; absent for classes that are not built from one. */
  readonly textFile?: string;
  /** The file that `rebuild` writes. */
  readonly databaseFile?: string;
  /** -o: without its files there are no aliases. */
  readonly isOptional: boolean;
  /** -A: two entries of one name add up; else the last one counts. */
  readonly mergesDuplicates: boolean;
  /** The text, if nobody but its owner could have written it; undefined when it is optional (-o) and not there. */
  readText(): AliasTextAnswer | undefined;
  /** @param key as routing/alias-name.ts has it */
  lookup(key: string): MaybePromise<AliasSourceAnswer>;
  /** True when the text is newer than the database, or the database is missing or incomplete. */
  isStale(): boolean;
  /**
   * Writes a new database; the old one serves until the new one is complete. Throws what the file system says, or that
   * others could put another file in its place.
   * @param owner uid whose it is to be, if we may give it away
   * @returns the file that was written: another one than `databaseFile` where another program's database is
   */
  rebuild(entries: Iterable<readonly [string, string]>, owner?: number): string;
  close(): void;
}

const MISSING: AliasSourceAnswer = { kind: "missing" };

/** Opens a member of AliasFile. Nothing is read before the first look-up. */
export function openAliasSource(
  spec: AliasSourceSpec,
  environment: MapEnvironment,
  readText: AliasTextReader,
): AliasDatabase {
  return DATABASE_ENDINGS.has(spec.mapClass)
    ? new BuiltAliases(spec, environment, readText)
    : openOtherMap(spec, environment);
}

class BuiltAliases implements AliasDatabase {
  readonly name: string;
  readonly textFile: string;
  readonly databaseFile: string;
  readonly mergesDuplicates: boolean;
  readonly isOptional: boolean;
  readonly #keepCase: boolean;
  readonly #databases: readonly WatchedDatabase[];
  readonly #text: WatchedFile<ReadonlyMap<string, string>>;
  readonly #environment: MapEnvironment;
  #toldOfText = false;

  constructor({ mapClass, args }: AliasSourceSpec, environment: MapEnvironment, readText: AliasTextReader) {
    const flags = parseFlags(args, COMMON_FLAGS, "aliases", [], () => undefined);
    this.textFile = sourcePath(flags.firstWord);
    this.name = this.textFile;
    this.databaseFile = databasePath(mapClass, flags.firstWord);
    this.mergesDuplicates = flags.has("A");
    this.isOptional = flags.has("o") || environment.missingTablesAreEmpty === true;
    this.#keepCase = flags.has("f");
    this.#environment = environment;
    const files =
      mapClass === "implicit" ? [this.databaseFile, databasePath("cdb", this.textFile)] : [this.databaseFile];
    const load = (text: string): ReadonlyMap<string, string> => this.#readText(text, readText);
    this.#databases = files.map(
      (file) =>
        new WatchedDatabase(file, {
          title: `${mapClass} map "aliases"`,
          rebuild: "newaliases",
          textUse: "alias",
          readText: (text) => tableOf(load(text)),
          environment,
          optional: this.isOptional,
        }),
    );
    this.#text = new WatchedFile({
      path: this.textFile,
      use: "alias",
      safety: environment,
      clock: environment.clock,
      plain: true,
      load: (fd) => load(readFileSync(fd, "latin1")),
    });
  }

  lookup(given: string): AliasSourceAnswer {
    const key = this.#keepCase ? given : foldCase(given);
    if (key === SENTINEL) return MISSING;
    for (const file of this.#databases) {
      const state = file.current();
      if (state.kind === "open")
        return lookUp(() => state.content.get(key) ?? state.content.get(`${key}\0`), this.name);
      if (state.kind !== "absent") return this.#unavailable(state);
    }
    const text = this.#text.current();
    if (text.kind !== "open") return this.#unavailable(text);
    if (!this.#toldOfText) {
      this.#toldOfText = true;
      this.#environment.log(
        "notice",
        `alias database ${this.databaseFile} is not built, using the text ${this.textFile}`,
      );
    }
    return lookUp(() => text.content.get(key), this.name);
  }

  isStale(): boolean {
    const text = statSync(this.textFile, { throwIfNoEntry: false });
    const database = statSync(pathToRead(this.databaseFile), { throwIfNoEntry: false });
    if (text === undefined) return false;
    return database === undefined || text.mtimeMs > database.mtimeMs || !this.#isComplete();
  }

  readText(): AliasTextAnswer | undefined {
    const opened = openSafely(this.textFile, "alias", this.#environment);
    if (opened.kind === "absent" && this.isOptional) return undefined;
    if (opened.kind !== "open") return { kind: "refused", reason: explainUnopened(opened) };
    try {
      return { kind: "read", text: readFileSync(opened.fd, "latin1") };
    } catch (error) {
      return { kind: "refused", reason: errorText(error) };
    } finally {
      closeSync(opened.fd);
    }
  }

  rebuild(entries: Iterable<readonly [string, string]>, owner?: number): string {
    const unsafe = checkFolderFor(dirname(this.databaseFile), "map", this.#environment);
    if (unsafe !== undefined) throw new Error(explainUnopened(unsafe));
    const builder = new DatabaseBuilder("replace");
    for (const [name, value] of this.#merged(entries)) builder.add(name, value);
    builder.add(SENTINEL, SENTINEL);
    return builder.write(this.databaseFile, { mode: 0o644, owner });
  }

  close(): void {
    for (const file of this.#databases) file.close();
    this.#text.close();
  }

  #readText(text: string, readText: AliasTextReader): ReadonlyMap<string, string> {
    return this.#merged([...readText(text)].map(({ name, value }) => [name, value] as const));
  }

  #merged(entries: Iterable<readonly [string, string]>): Map<string, string> {
    const merged = new Map<string, string>();
    for (const [name, value] of entries) {
      const key = this.#keepCase ? name : foldCase(name);
      const before = this.mergesDuplicates ? merged.get(key) : undefined;
      merged.set(key, before === undefined ? value : `${before}, ${value}`);
    }
    return merged;
  }

  #isComplete(): boolean {
    const opened = openSafely(pathToRead(this.databaseFile), "map", this.#environment);
    if (opened.kind !== "open") return false;
    try {
      const table = readDatabase(opened.fd);
      return (table.get(SENTINEL) ?? table.get(`${SENTINEL}\0`)) !== undefined;
    } catch {
      return false;
    } finally {
      closeSync(opened.fd);
    }
  }

  #unavailable(state: Unopened): AliasSourceAnswer {
    if (state.kind === "absent" && this.isOptional) return MISSING;
    return { kind: "tempfail", reason: `Cannot open alias database ${this.name}: ${explainUnopened(state)}` };
  }
}

function tableOf(entries: ReadonlyMap<string, string>): Table {
  return { get: (key) => entries.get(key), entries: () => entries, close: () => undefined };
}

function lookUp(get: () => string | undefined, name: string): AliasSourceAnswer {
  try {
    const value = get();
    return value === undefined ? MISSING : { kind: "found", value: value.endsWith("\0") ? value.slice(0, -1) : value };
  } catch (error) {
    return { kind: "tempfail", reason: `alias database ${name}: ${errorText(error)}` };
  }
}

/** Aliases in a map of another class: text, ldap, sequence, regex ... */
function openOtherMap({ mapClass, args }: AliasSourceSpec, environment: MapEnvironment): AliasDatabase {
  const name = `${mapClass}:${args}`;
  const at = { file: "AliasFile", line: 0 };
  const { map, diagnostics } = openMap({ name: "aliases", mapClass, args, at }, environment);
  const context: LookupContext = { scope: new MacroScope(), expand: (text) => text, deferred: false, verbatim: true };
  return {
    name,
    isOptional: false,
    mergesDuplicates: false,
    lookup(key) {
      if (!map) return { kind: "tempfail", reason: diagnostics.map(({ message }) => message).join("; ") };
      return whenReady(map.lookup(key, [], context), (result): AliasSourceAnswer => {
        return result.kind === "tempfail" ? { kind: "tempfail", reason: result.reason } : result;
      });
    },
    isStale: () => false,
    readText: () => undefined,
    rebuild() {
      throw new Error(`Cannot rebuild aliases for map ${name}: it is not built from a text file`);
    },
    close: () => map?.close?.(),
  };
}
