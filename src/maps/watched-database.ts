/**
 * A built database as readers see it while others replace it. Where another program's Berkeley database has the name, what
 * is read is ours beside it (`NAME.cdb`), or the text it was made from when there is none or it is older; see
 * maps/database-file.ts.
 */
import { closeSync, fstatSync, readFileSync, statSync } from "node:fs";
import { errorText, type FileUse, type Unopened } from "../sys/safe-file.ts";
import { besidePath, ForeignDatabaseError, readDatabase, sourcePath, type Table } from "./database-file.ts";
import type { MapEnvironment } from "./environment.ts";
import { type Watched, WatchedFile } from "./watched-file.ts";

type Environment = Pick<MapEnvironment, "clock" | "dontBlame" | "log">;

/** Stands for a Berkeley database: there is a file, but nothing of it is read. */
const FOREIGN = "foreign";

export interface WatchedDatabaseOptions {
  /** How messages call the map: `hash map "access"`. */
  readonly title: string;
  /** The command that builds the database: `makemap hash /etc/mail/access < /etc/mail/access`. */
  readonly rebuild: string;
  /** The rules of sys/safe-file.ts for the text that the database is made from. */
  readonly textUse: FileUse;
  /** That text as a table. */
  readonly readText: (text: string) => Table;
  readonly environment: Environment;
  /** -o: a file without an octet, as packages bring it and `touch` makes it, is a table without entries. */
  readonly optional?: boolean;
}

const EMPTY: Table = { get: () => undefined, entries: () => [], close: () => undefined };

export class WatchedDatabase {
  readonly #path: string;
  readonly #besidePath: string;
  readonly #title: string;
  readonly #rebuild: string;
  readonly #environment: Environment;
  readonly #optional: boolean;
  readonly #named: WatchedFile<Table | typeof FOREIGN>;
  readonly #beside: WatchedFile<Table>;
  readonly #text: WatchedFile<Table>;
  /** The last thing that was told about a foreign database, so that it is told once. */
  #told: string | undefined;

  constructor(path: string, options: WatchedDatabaseOptions) {
    const { title, rebuild, textUse, readText, environment, optional = false } = options;
    this.#optional = optional;
    this.#path = path;
    this.#besidePath = besidePath(path);
    this.#title = title;
    this.#rebuild = rebuild;
    this.#environment = environment;
    this.#named = this.#watch(path, (fd) => this.#loadNamed(fd));
    this.#beside = this.#watch(this.#besidePath, (fd) => this.#loadOwn(fd, this.#besidePath));
    this.#text = new WatchedFile<Table>({
      path: sourcePath(path),
      use: textUse,
      safety: environment,
      clock: environment.clock,
      plain: true,
      load: (fd) => readText(readFileSync(fd, "latin1")),
    });
  }

  /** What the table holds now, or why it cannot be read. */
  current(): Watched<Table> {
    const named = this.#named.current();
    if (named.kind === "open") return named.content === FOREIGN ? this.#instead() : (named as Watched<Table>);
    if (named.kind !== "absent" || this.#besidePath === this.#path) return named;
    const beside = this.#beside.current();
    return beside.kind === "absent" ? named : beside;
  }

  close(): void {
    for (const file of [this.#named, this.#beside, this.#text]) file.close();
  }

  #instead(): Watched<Table> {
    const path = this.#path;
    const beside = this.#besidePath;
    const source = sourcePath(path);
    const rebuild = this.#rebuild;
    const own = this.#beside.current();
    if (own.kind === "open" && !isNewer(source, beside)) {
      const isOld = isNewer(path, beside);
      this.#tell(
        isOld ? `${path} is newer than ${beside}, which is what is read here; rebuild it: ${rebuild}` : undefined,
      );
      return own;
    }
    const text = this.#text.current();
    if (text.kind === "open") {
      this.#tell(`${path} is a Berkeley database; using its text source ${source}; rebuild it: ${rebuild}`);
      return text;
    }
    if (own.kind === "open") return own;
    return {
      kind: "failed",
      code: "EINVAL",
      problem:
        `${this.#title}: ${path} is a Berkeley database, which is not read here, and there is no text source ${source}; ` +
        `rebuild it where it was made: ${rebuild}`,
    } satisfies Unopened;
  }

  #tell(text: string | undefined): void {
    if (text !== undefined && text !== this.#told) this.#environment.log("warning", `${this.#title}: ${text}`);
    this.#told = text;
  }

  #watch<Content extends Table | typeof FOREIGN>(path: string, load: (fd: number) => Content): WatchedFile<Content> {
    return new WatchedFile<Content>({
      path,
      use: "map",
      safety: this.#environment,
      clock: this.#environment.clock,
      keepsDescriptor: true,
      load,
      dispose: (content) => (content === FOREIGN ? undefined : content.close()),
    });
  }

  #loadNamed(fd: number): Table | typeof FOREIGN {
    try {
      return this.#loadOwn(fd, this.#path);
    } catch (error) {
      if (!(error instanceof ForeignDatabaseError)) throw error;
      closeSync(fd);
      return FOREIGN;
    }
  }

  #loadOwn(fd: number, path: string): Table {
    const source = sourcePath(path);
    if (this.#optional && fstatSync(fd).size === 0) {
      closeSync(fd);
      return EMPTY;
    }
    try {
      const table = readDatabase(fd);
      if (isNewer(source, path)) {
        const text = `${source} is newer than ${path}: run makemap (or newaliases)`;
        this.#environment.log("warning", `${this.#title}: ${text}`);
      }
      return table;
    } catch (error) {
      if (error instanceof ForeignDatabaseError) throw error;
      const kind = this.#title.split(" ")[0];
      throw new TypeError(`Cannot open ${kind} database ${path}: ${errorText(error)}`, { cause: error });
    }
  }
}

function isNewer(one: string, other: string): boolean {
  const [first, second] = [one, other].map((file) => statSync(file, { throwIfNoEntry: false }));
  return first !== undefined && second !== undefined && one !== other && first.mtimeMs > second.mtimeMs;
}
