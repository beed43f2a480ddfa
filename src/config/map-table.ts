/** K lines, and the maps that exist without one. */
import type { OptionName } from "./options/table.ts";
import { dontBlameOf } from "./policies.ts";
import type { MapDeclaration } from "../cf/ast.ts";
import type { ConfigMessages } from "../cf/messages.ts";
import type { MapDeclaration as DeclaredMap, MapEnvironment } from "../maps/environment.ts";
import { mapClassNames, openMap } from "../maps/registry.ts";
import { expandMacros } from "../rewriting/macro-text.ts";
import type { LookupMap, LookupResult } from "../rewriting/lookup-map.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { ConfigEnvironment } from "./environment.ts";
import { nearestWord } from "../source/nearest-word.ts";
import { namesAsOptionsWant } from "./name-options.ts";
import { ServiceSwitch } from "./service-switch.ts";

export class MapTable {
  readonly #maps = new Map<string, LookupMap>();
  readonly #declarations = new Map<string, DeclaredMap>();
  readonly #messages: ConfigMessages;
  readonly #environment: MapEnvironment;
  readonly #classes: ReadonlySet<string> = new Set(mapClassNames());

  /**
   * @param option text of an option, as it is when asked
   * @param isLocalHost whether a name is in class w, when asked
   */
  constructor(
    messages: ConfigMessages,
    environment: ConfigEnvironment,
    option: (name: OptionName) => string,
    isLocalHost: (name: string) => boolean,
  ) {
    this.#messages = messages;
    const serviceSwitch = new ServiceSwitch(() => option("ServiceSwitchFile"));
    const { resolver, machine, users, clock, log, sealed, lastGood, missingTablesAreEmpty = false } = environment;
    this.#environment = {
      resolver,
      machine,
      users,
      clock,
      sealed,
      lastGood,
      nameOptions: () => namesAsOptionsWant(machine, option),
      map: (name) => this.find(name),
      services: (database) => serviceSwitch.services(database),
      isLocalHost,
      missingTablesAreEmpty,
      ldapDefaultSpec: () => option("LDAPDefaultSpec"),
      get dontBlame() {
        return dontBlameOf({ text: option });
      },
      log: (priority, text) => log.write(0, { priority, text }),
    };
  }

  /**
   * The map that `$[name$]` asks: exists without a K line, but only when all lines are read.
   * @param level of the V line: names have a final dot since level 2
   */
  declareHost(level: number): void {
    if (this.find("host") || !this.isClass("host")) return;
    this.declare({ name: "host", mapClass: "host", args: level < 2 ? "" : "-a." });
  }

  /** Names of maps are compared without regard to letter case. */
  find(name: string): LookupMap | undefined {
    return this.#maps.get(name.toLowerCase());
  }

  get all(): ReadonlyMap<string, LookupMap> {
    return this.#maps;
  }

  services(database: string): readonly string[] {
    return this.#environment.services(database);
  }

  /** @param body the text after K, when there was nothing to expand in it: for the places of messages */
  declare({ name, mapClass, args }: MapDeclaration, body?: string): void {
    const messages = this.#messages;
    const place = (part: string, from: number): void => {
      if (body !== undefined) messages.focus(1 + (part === "" ? body.length : Math.max(0, body.indexOf(part, from))));
    };
    if (name === "" && body !== undefined) messages.focus(1 + body.search(/\S|$/));
    else place(name, 0);
    if (name === "") return messages.error("readcf: config K line: no map name");
    place(mapClass, name.length);
    if (mapClass === "") return messages.error(`readcf: config K line, map ${name}: no map class`);
    if (!this.isClass(mapClass)) {
      const near = nearestWord(mapClass, mapClassNames());
      const help = near === undefined ? {} : { help: `is ${near} meant?` };
      return messages.error(`readcf: map ${name}: class ${mapClass} not available`, help);
    }
    if (body !== undefined) messages.focus(1 + body.length - args.length);
    const key = name.toLowerCase();
    const earlier = this.#declarations.get(key);
    const declaration = this.#declaration({ name, mapClass, args }, earlier);
    const map = this.#open(declaration);
    if (!map) return;
    this.#maps.get(key)?.close?.();
    this.#maps.set(key, map);
    this.#declarations.set(key, declaration);
  }

  /** A class of maps, in any letter case. */
  isClass(name: string): boolean {
    return this.#classes.has(name.toLowerCase());
  }

  /** Opens a map for one look-up, while the file is read; undefined when it cannot be opened. */
  async lookUpOnce(declaration: MapDeclaration, key: string, scope: MacroScope): Promise<LookupResult | undefined> {
    const map = this.#open(this.#declaration(declaration), EX.OSERR);
    if (!map) return undefined;
    const result = await map.lookup(key, [], {
      scope,
      expand: (text) => expandMacros(text, scope),
      message: (text) => this.#messages.error(text, { exit: EX.OSERR }),
      deferred: false,
    });
    map.close?.();
    return result;
  }

  close(): void {
    for (const map of this.#maps.values()) map.close?.();
  }

  #declaration({ name, mapClass, args }: MapDeclaration, earlier?: DeclaredMap): DeclaredMap {
    const at = this.#messages.place();
    return { name, mapClass: mapClass.toLowerCase(), args, at, ...(earlier ? { earlier } : {}) };
  }

  #open(declaration: DeclaredMap, exit: ExitCode = EX.SOFTWARE): LookupMap | undefined {
    const { map, diagnostics } = openMap(declaration, this.#environment);
    for (const { message } of diagnostics)
      this.#messages.error(message, { exit, offset: subjectIn(declaration.args, message) });
    return map;
  }
}

/** What a message about the arguments of a map is about: the flag, or the longest word of both. */
function subjectIn(args: string, message: string): number {
  const flag = /^Illegal option (.) /.exec(message)?.[1];
  if (flag !== undefined) return Math.max(0, args.search(new RegExp(`(?<=^|\\s)-\\${flag}`)));
  const words = message.split(/[\s"'`,;()]+/).toSorted((a, b) => b.length - a.length);
  const word = words.find((each) => each.length > 2 && args.includes(each));
  return word === undefined ? 0 : args.indexOf(word);
}
