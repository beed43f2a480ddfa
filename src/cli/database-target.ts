/**
 * What makemap and editmap share: opening a database for reading, and the checks before one is written. Messages begin
 * with the name of the program.
 */
import { accessSync, closeSync, constants, existsSync, lstatSync, openSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { trustedUser } from "../config/owners.ts";
import type { DatabaseBuilder } from "../maps/build.ts";
import {
  DATABASE_ENDINGS,
  databasePath,
  ForeignDatabaseError,
  pathToRead,
  pathToWrite,
  readDatabase,
  sourcePath,
  type Table,
} from "../maps/database-file.ts";
import { systemClock } from "../sys/clock.ts";
import { SystemUsers } from "../sys/getent.ts";
import { checkFolderFor, errorText } from "../sys/safe-file.ts";
import { EX } from "../sys/sysexits.ts";
import type { CommandStreams } from "./command-streams.ts";
import { systemConfigFile } from "./config-file.ts";
import { optionValues } from "./option-lines.ts";

/** What to tell when a Berkeley database stays and ours is another file. */
export function writtenBeside(foreign: string, written: string): string {
  return `${foreign} is a Berkeley database of another program and stays as it is; written, and read from now on: ${written}`;
}

/** Ends the program with a message and an exit status. */
export class CommandError extends Error {
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Runs a program to its exit status: prints what ends it, and all that is left to print. */
export async function runToStatus(streams: CommandStreams, program: () => Promise<number>): Promise<number> {
  try {
    return await program();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    streams.errors.line(error.message);
    return error.status;
  } finally {
    streams.output.flush();
    streams.errors.flush();
  }
}

export class DatabaseTarget {
  readonly #program: string;
  readonly mapClass: string;
  /** As typed, for messages. */
  readonly name: string;
  readonly path: string;

  /** @param fallback class to take when the wanted one does not exist (makemap -i) */
  constructor(program: string, wanted: string, name: string, fallback?: string) {
    this.#program = program;
    const mapClass = [wanted, fallback].find((each) => each !== undefined && DATABASE_ENDINGS.has(each));
    this.mapClass = mapClass ?? wanted;
    this.name = name;
    this.path = databasePath(this.mapClass, name);
    if (mapClass === undefined) throw this.failure("Unknown database type");
  }

  failure(problem: string): CommandError {
    const text = `${this.#program}: error opening type ${this.mapClass} map ${this.name}: ${problem}`;
    return new CommandError(text, EX.CANTCREAT);
  }

  /** True when a database is there, another program's included. */
  exists(): boolean {
    return existsSync(this.path) || existsSync(pathToRead(this.path));
  }

  read<T>(action: (table: Table) => T): T {
    let fd: number | undefined;
    try {
      const own = pathToRead(this.path);
      // A Berkeley database with nothing of ours beside it: say so.
      fd = openSync(existsSync(own) ? own : this.path, "r");
      return action(readDatabase(fd));
    } catch (error) {
      const isForeign = error instanceof ForeignDatabaseError;
      throw this.failure(isForeign ? `Berkeley database, which is not read here${this.#rebuild()}` : errorText(error));
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  #rebuild(): string {
    const source = sourcePath(this.path);
    return existsSync(source) ? `; build it from its text: makemap ${this.mapClass} ${source} < ${source}` : "";
  }

  /** Refuses to write through links and to what is no file; warns of folders that others may write. */
  checkWritable(anyLink: boolean, dontBlame: ReadonlySet<string>, { errors }: CommandStreams): void {
    const allowed = new Set([...dontBlame].map((each) => each.toLowerCase()));
    try {
      const stats = lstatSync(this.path, { throwIfNoEntry: false });
      const links = anyLink || allowed.has("writemaptosymlink");
      if (stats?.isSymbolicLink() && !links) throw this.failure("Symbolic links not allowed");
      const hardLinks = anyLink || allowed.has("writemaptohardlink");
      if (stats?.isFile() && stats.nlink > 1 && !hardLinks) throw this.failure("Hard links not allowed");
      if (stats !== undefined && !statSync(this.path).isFile()) throw this.failure("Regular files only");
      accessSync(dirname(this.path), constants.W_OK | constants.X_OK);
    } catch (error) {
      throw error instanceof CommandError ? error : this.failure(errorText(error));
    }
    const unsafe = checkFolderFor(dirname(this.path), "map", { dontBlame });
    if (unsafe?.kind === "unsafe") errors.line(`WARNING: ${unsafe.problem} ${unsafe.component}`);
  }

  /**
   * A link that was allowed stays a link: its target is replaced.
   * @param owner uid whose the database is to be, if we may give it away
   */
  write(builder: DatabaseBuilder, { errors }: CommandStreams, owner: number | undefined): void {
    try {
      const path = pathToWrite(this.path);
      const mode = modeOfNew(sourcePath(this.path));
      const sorted = this.mapClass === "btree";
      builder.write(existsSync(path) ? realpathSync(path) : path, { sorted, mode, owner });
      if (path !== this.path) errors.line(`${this.#program}: ${writtenBeside(this.path, path)}`);
    } catch (error) {
      throw this.failure(errorText(error));
    }
  }
}

/**
 * A table that is made for the first time is as open as the text beside it, so that a server that runs as another user than who
 * made it can read what is no secret.
 */
function modeOfNew(source: string): number {
  const text = statSync(source, { throwIfNoEntry: false });
  return text?.isFile() === true && (text.mode & 0o004) !== 0 ? 0o644 : 0o640;
}

/** What a configuration says to programs that write databases. */
export interface DatabaseSettings {
  /** Names of DontBlameSendmail. */
  readonly dontBlame: ReadonlySet<string>;
  /** Uid of TrustedUser. */
  readonly owner: number | undefined;
}

/**
 * @param given the cf file of -C; without it the machine's, where that can be read. A TrustedUser that nobody knows is named, and
 * the database is whose it would be without him.
 */
export async function readDatabaseSettings(
  program: string,
  given: string | undefined,
  { errors }: CommandStreams,
): Promise<DatabaseSettings> {
  const file = systemConfigFile(given === undefined ? {} : { configFile: given });
  try {
    const dontBlame = new Set(optionValues(file, "DontBlameSendmail").flatMap((value) => value.split(/[\s,]+/)));
    const name = optionValues(file, "TrustedUser").at(-1);
    if (name === undefined) return { dontBlame, owner: undefined };
    const owner = await trustedUser(name, new SystemUsers(systemClock));
    if (owner === undefined) errors.line(`TrustedUser: unknown user ${name}`);
    return { dontBlame, owner };
  } catch (error) {
    if (given === undefined) return { dontBlame: new Set(), owner: undefined };
    throw new CommandError(`${program}: ${file}: ${errorText(error)}`, EX.NOINPUT);
  }
}

export function withoutNul(text: string): string {
  return text.endsWith("\0") ? text.slice(0, -1) : text;
}
