/**
 * FILE.cf.map: where every line of a compiled configuration came from. The macro compiler writes it, everything that
 * speaks about lines of a configuration reads it. The format is described in docs/source-map.md.
 *
 * A map belongs to one text only (its hash is inside). One that is missing, damaged or of another text counts as
 * none: nothing may depend on a map being there.
 */
import { readFileSync, statSync } from "node:fs";
import type { Location } from "./location.ts";

const VERSION = 1;
const MAX_OCTETS = 32 * 1024 * 1024;
const NONE = -1;

/** A place and how one came there, innermost first: the chain that the macro compiler records. */
export interface TracedPlace {
  readonly file: string;
  readonly line: number;
  /** Set when the text is the expansion of this macro, called at file:line. */
  readonly macro?: string;
  readonly argument?: string;
  readonly parent?: TracedPlace;
}

export interface TracedLine {
  /** The text itself. */
  readonly place: TracedPlace;
  /** For text of the library: the call in the site's file that made the library write it. */
  readonly cause?: TracedPlace;
}

/** What goes into a map: one entry for each line of the configuration, index 0 is line 1. */
export interface LineTraces {
  readonly origins: readonly (TracedPlace | undefined)[];
  readonly causes: readonly (TracedPlace | undefined)[];
}

/** The name of the place that a line of a configuration came from, as in `site.mc:12 FEATURE(access_db)`. */
export type OriginOf = (at: Location) => string | undefined;

/** file, line, macro, argument, parent: numbers into `strings`, a line, and a row above this one; -1 is none. */
type Row = readonly [file: number, line: number, macro: number, argument: number, parent: number];

/** What the compiler was given beside the file; compiling it again with the same gives the same. */
export interface CompiledWith {
  readonly defines?: Readonly<Record<string, string>>;
  readonly undefines?: readonly string[];
  readonly includePath?: readonly string[];
}

/** The file that was compiled, and with what. */
export interface Compiled {
  readonly source: string;
  readonly with: CompiledWith;
}

interface MapFile {
  readonly version: number;
  readonly sha256: string;
  readonly strings: readonly string[];
  readonly places: readonly Row[];
  readonly lines: readonly number[];
  readonly causes: readonly number[];
  /** As in Compiled; absent in maps of earlier versions. */
  readonly source?: string;
  readonly with?: CompiledWith;
}

/** The path of the map that belongs to a configuration file. */
export function sourceMapPath(cf: string): string {
  return `${cf}.map`;
}

/**
 * The text of a map.
 * @param text the configuration, latin1
 * @param library the folder of the macro library, with its slash: files in it are written as `<library>/...`
 */
export function formatSourceMap(
  text: string,
  { origins, causes }: LineTraces,
  library: string,
  made?: Compiled,
): string {
  const table = new PlaceTable(library);
  const lines = origins.map((place) => table.add(place));
  const because = origins.map((_place, index) => table.add(causes[index]));
  const { strings, places } = table;
  const map: MapFile = { version: VERSION, sha256: hashOf(text), strings, places, lines, causes: because, ...made };
  return `${JSON.stringify(map)}\n`;
}

/** Places and strings, each once; a place stands below its parent. */
class PlaceTable {
  readonly strings: string[] = [];
  readonly places: Row[] = [];
  readonly #library: string;
  readonly #numbers = new Map<string, number>();
  readonly #rows = new Map<string, number>();
  readonly #known = new Map<TracedPlace, number>();

  constructor(library: string) {
    this.#library = library;
  }

  add(place: TracedPlace | undefined): number {
    const chain: TracedPlace[] = [];
    let number = NONE;
    for (let each = place; each; each = each.parent) {
      const known = this.#known.get(each);
      if (known !== undefined) {
        number = known;
        break;
      }
      chain.push(each);
    }
    for (const each of chain.toReversed()) this.#known.set(each, (number = this.#row(each, number)));
    return number;
  }

  #row({ file, line, macro, argument }: TracedPlace, parent: number): number {
    const inLibrary = file.startsWith(this.#library);
    const name = inLibrary ? `<library>/${file.slice(this.#library.length)}` : file;
    const row: Row = [this.#string(name), line, this.#string(macro), this.#string(argument), parent];
    const key = row.join();
    let number = this.#rows.get(key);
    if (number === undefined) this.#rows.set(key, (number = this.places.push(row) - 1));
    return number;
  }

  #string(text: string | undefined): number {
    if (text === undefined) return NONE;
    let number = this.#numbers.get(text);
    if (number === undefined) this.#numbers.set(text, (number = this.strings.push(text) - 1));
    return number;
  }
}

/**
 * Lines of a configuration by number, from the text of its map; undefined when the map is damaged or belongs to
 * another text.
 */
export function parseSourceMap(json: string, text: string): ((line: number) => TracedLine | undefined) | undefined {
  let map: unknown;
  try {
    map = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isMapFile(map) || map.sha256 !== hashOf(text)) return undefined;
  const { strings, lines, causes } = map;
  const places: TracedPlace[] = [];
  for (const [file, line, macro, argument, parent] of map.places) {
    // Parents stand above: there are no circles.
    if (parent >= places.length) return undefined;
    places.push({
      file: strings[file],
      line,
      ...(macro === NONE ? {} : { macro: strings[macro] }),
      ...(argument === NONE ? {} : { argument: strings[argument] }),
      ...(parent === NONE ? {} : { parent: places[parent] }),
    });
  }
  return (line) => {
    const place = places[lines[line - 1] ?? NONE];
    if (place === undefined) return undefined;
    const cause = places[causes[line - 1] ?? NONE];
    return cause === undefined ? { place } : { place, cause };
  };
}

function isMapFile(map: unknown): map is MapFile {
  if (typeof map !== "object" || map === null) return false;
  const { version, sha256, strings, places, lines, causes } = map as Partial<Record<keyof MapFile, unknown>>;
  if (version !== VERSION || typeof sha256 !== "string") return false;
  if (!Array.isArray(strings) || !strings.every((each) => typeof each === "string")) return false;
  const isString = (each: unknown): boolean => isIndex(each, strings.length);
  const isRow = (each: unknown): boolean =>
    Array.isArray(each) &&
    each.length === 5 &&
    each[0] !== NONE &&
    [each[0], each[2], each[3]].every(isString) &&
    isIndex(each[1], Number.MAX_SAFE_INTEGER) &&
    isIndex(each[4], Number.MAX_SAFE_INTEGER);
  if (!Array.isArray(places) || !places.every(isRow)) return false;
  const isPlace = (each: unknown): boolean => isIndex(each, places.length);
  return Array.isArray(lines) && lines.every(isPlace) && Array.isArray(causes) && causes.every(isPlace);
}

function isIndex(each: unknown, length: number): boolean {
  return Number.isInteger(each) && (each as number) >= NONE && (each as number) < length;
}

function hashOf(text: string): string {
  return process.getBuiltinModule("node:crypto").createHash("sha256").update(text, "latin1").digest("hex");
}

const calls = /^(?:FEATURE|MAILER|OSTYPE|DOMAIN|HACK|SITECONFIG)$/;

/**
 * One line for people: the place in the site's file and the calls that lead from there into the library, outermost
 * first: `site.mc:3 DOMAIN(generic) FEATURE(redirect)`. Text that the library always writes has its place there.
 */
export function describeOrigin({ place, cause }: TracedLine): string {
  const chain: TracedPlace[] = [];
  for (let each: TracedPlace | undefined = cause ?? place; each; each = each.parent) chain.unshift(each);
  const [outer] = chain;
  if (outer.file.startsWith("<library>/")) return `${place.file}:${place.line}`;
  const names: string[] = [];
  for (const { macro, argument } of chain) {
    // The outermost call may be any macro of the language (MASQUERADE_AS); further in, only what is a part of its own.
    const wanted = macro !== undefined && (calls.test(macro) || (names.length === 0 && /^[A-Z]/.test(macro)));
    if (!wanted) continue;
    const name = argument === undefined ? macro : `${macro}(${argument})`;
    if (name !== names.at(-1)) names.push(name);
  }
  return [`${outer.file}:${outer.line}`, ...names].join(" ");
}

/**
 * Names of origins for the lines of a configuration file as it is now. The map is read when first asked; without one,
 * and when the file has changed in the meantime, nothing has an origin.
 * @param text the configuration as it was read, when the caller still has it
 */
export function originsOf(cf: string, text?: string): OriginOf {
  const made = text === undefined ? stampOf(cf) : undefined;
  let find: ((line: number) => TracedLine | undefined) | undefined | null = null;
  return ({ file, line }) => {
    if (file !== cf) return undefined;
    if (find === null) {
      const same = text !== undefined || stampOf(cf) === made;
      find = same ? readSourceMap(cf, text) : undefined;
    }
    const traced = find?.(line);
    return traced && describeOrigin(traced);
  };
}

/** Changes when the file does: who asks long after reading it must not get the lines of another text. */
function stampOf(cf: string): string | undefined {
  try {
    const { ino, mtimeNs, size } = statSync(cf, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch {
    return undefined;
  }
}

/** The same for lines of any configuration file; each map is read once. */
export function originsOfFiles(): OriginOf {
  const files = new Map<string, OriginOf>();
  return (at) => {
    let origin = files.get(at.file);
    if (origin === undefined) files.set(at.file, (origin = originsOf(at.file)));
    return origin(at);
  };
}

function readSourceMap(cf: string, text: string | undefined): ((line: number) => TracedLine | undefined) | undefined {
  const path = sourceMapPath(cf);
  try {
    if (statSync(path).size > MAX_OCTETS) return undefined;
    return parseSourceMap(readFileSync(path, "utf8"), text ?? readFileSync(cf, "latin1"));
  } catch {
    return undefined;
  }
}

/** What the map of a configuration says about how it was made; undefined without a map of its text, or when the map does not say. */
export function compiledFrom(cf: string): Compiled | undefined {
  try {
    const map = JSON.parse(readFileSync(sourceMapPath(cf), "utf8")) as MapFile;
    if (!isMapFile(map) || map.sha256 !== hashOf(readFileSync(cf, "latin1"))) return undefined;
    const { source, with: given } = map;
    return typeof source === "string" && isGiven(given) ? { source, with: given } : undefined;
  } catch {
    return undefined;
  }
}

function areTexts(values: unknown): boolean {
  return Array.isArray(values) && values.every((each) => typeof each === "string");
}

function isGiven(given: unknown): given is CompiledWith {
  if (typeof given !== "object" || given === null) return false;
  const { defines = {}, undefines = [], includePath = [] } = given as Record<string, unknown>;
  const isRecord = typeof defines === "object" && defines !== null && areTexts(Object.values(defines));
  return isRecord && areTexts(undefines) && areTexts(includePath);
}

/** The files that a configuration was compiled from, without those of the library; none where there is no map of its text. */
export function sourcesOf(cf: string): string[] {
  const traced = readSourceMap(cf, undefined);
  if (traced === undefined) return [];
  const files = new Set<string>();
  const lines = readFileSync(cf, "latin1").split("\n").length;
  for (let line = 1; line <= lines; line++) {
    for (let place = traced(line)?.place; place !== undefined; place = place.parent) files.add(place.file);
    for (let place = traced(line)?.cause; place !== undefined; place = place.parent) files.add(place.file);
  }
  return [...files].filter((file) => !file.startsWith("<library>/"));
}
