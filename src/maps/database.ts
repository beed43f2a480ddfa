/**
 * The classes of built databases: hash, btree, dbm, cdb, and implicit, which takes whichever of them is there.
 *
 * A key may have been stored with a trailing NUL (makemap -N): -N looks only for such keys, -O only for those without,
 * and without either flag both are tried.
 */
import type { LookupContext } from "../rewriting/lookup-map.ts";
import { errorText, type Unopened } from "../sys/safe-file.ts";
import { databasePath, readSourceTable, sourcePath, type Table } from "./database-file.ts";
import { COMMON_FLAGS } from "./flags.ts";
import {
  type BareMap,
  type BareResult,
  found,
  MISSING,
  type MapClass,
  type OpenRequest,
  tempfail,
} from "./map-class.ts";
import { WatchedDatabase } from "./watched-database.ts";

export const hashClass = databaseClass((name) => [databasePath("hash", name)]);
export const btreeClass = databaseClass((name) => [databasePath("btree", name)]);
export const dbmClass = databaseClass((name) => [databasePath("dbm", name)]);
export const cdbClass = databaseClass((name) => [databasePath("cdb", name)]);
export const implicitClass = databaseClass((name) => [databasePath("hash", name), databasePath("cdb", name)]);

/** @param candidates files in the order of preference */
function databaseClass(candidates: (name: string) => readonly string[]): MapClass {
  return {
    flags: COMMON_FLAGS,
    open(request) {
      const { mapClass, name } = request.declaration;
      if (request.flags.firstWord === "") {
        request.problem(`No file name for ${mapClass} map ${name}`);
        return undefined;
      }
      return new DatabaseMap(request, candidates(request.flags.firstWord));
    },
  };
}

class DatabaseMap implements BareMap {
  readonly #mapClass: string;
  readonly #name: string;
  readonly #files: readonly WatchedDatabase[];
  readonly #paths: readonly string[];
  readonly #optional: boolean;
  readonly #endings: readonly string[];
  /** The last problem that was told, so that it is told once. */
  #told: string | undefined;

  constructor({ declaration, flags, environment }: OpenRequest, paths: readonly string[]) {
    this.#mapClass = declaration.mapClass;
    this.#name = declaration.name;
    this.#paths = paths;
    this.#optional = flags.has("o") || environment.missingTablesAreEmpty === true;
    this.#endings = flags.has("N") ? ["\0"] : flags.has("O") ? [""] : ["", "\0"];
    const title = `${declaration.mapClass} map "${declaration.name}"`;
    this.#files = paths.map((path) => {
      const source = sourcePath(path);
      return new WatchedDatabase(path, {
        title,
        rebuild: `makemap ${declaration.mapClass} ${source} < ${source}`,
        textUse: "map",
        readText: (text) => readSourceTable(text, flags.has("f")),
        environment,
        optional: this.#optional,
      });
    });
  }

  find(key: string, _args: readonly string[], context: LookupContext): BareResult {
    const table = this.#table();
    if ("kind" in table) return this.#unopened(table, context);
    try {
      for (const ending of this.#endings) {
        const value = table.get(key + ending);
        if (value !== undefined) return found(ending === "" ? value : withoutNul(value));
      }
      return MISSING;
    } catch (error) {
      const reason = `${this.#mapClass} map "${this.#name}": ${errorText(error)}`;
      return tempfail(reason);
    }
  }

  /** The table, or that there is none. */
  edition(): object | undefined {
    const table = this.#table();
    return !("kind" in table) || (this.#optional && table.kind === "absent") ? table : undefined;
  }

  prepare(context: LookupContext): void {
    const table = this.#table();
    if ("kind" in table) this.#unopened(table, context);
  }

  available(): boolean {
    return !("kind" in this.#table());
  }

  close(): void {
    for (const file of this.#files) file.close();
  }

  /** The table of the first file that is there. */
  #table(): Table | Unopened {
    let absent: Unopened | undefined;
    for (const file of this.#files) {
      const state = file.current();
      if (state.kind === "open") return state.content;
      if (state.kind !== "absent") return state;
      absent ??= state;
    }
    return absent!;
  }

  #unopened(state: Unopened, context: LookupContext): BareResult {
    if (this.#optional && state.kind === "absent") return MISSING;
    const [path] = this.#paths;
    const trouble =
      state.kind === "failed" && state.code === "EINVAL"
        ? state.problem
        : `${this.#mapClass} map "${this.#name}": ${state.kind === "absent" ? "missing" : "unsafe"} map file ${path}: ${state.problem}`;
    if (this.#told !== trouble && this.#paths.length === 1) context.message?.(trouble);
    this.#told = trouble;
    return tempfail(trouble);
  }
}

function withoutNul(value: string): string {
  return value.endsWith("\0") ? value.slice(0, -1) : value;
}
