/** K lines and the maps that exist without one. */
import type { MapDeclaration } from "../cf/ast.ts";
import type { ConfigMessages } from "../cf/messages.ts";
import { expandMacros } from "../rewriting/macro-text.ts";
import type { LookupMap, LookupResult } from "../rewriting/lookup.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { ConfigEnvironment } from "./environment.ts";

export class MapTable {
  readonly #maps = new Map<string, LookupMap>();
  readonly #messages: ConfigMessages;
  readonly #environment: ConfigEnvironment;
  readonly #option: (name: string) => string;

  /** @param option text of an option, as it is when asked */
  constructor(messages: ConfigMessages, environment: ConfigEnvironment, option: (name: string) => string) {
    this.#messages = messages;
    this.#environment = environment;
    this.#option = option;
  }

  /** Names of maps are compared without regard to letter case. */
  find(name: string): LookupMap | undefined {
    return this.#maps.get(name.toLowerCase());
  }

  get all(): ReadonlyMap<string, LookupMap> {
    return this.#maps;
  }

  declare({ name, mapClass, args }: MapDeclaration): void {
    const messages = this.#messages;
    if (name === "") return messages.error("readcf: config K line: no map name");
    if (mapClass === "") return messages.error(`readcf: config K line, map ${name}: no map class`);
    if (!this.isClass(mapClass)) return messages.error(`readcf: map ${name}: class ${mapClass} not available`);
    const map = this.#open({ name, mapClass: mapClass.toLowerCase(), args });
    if (map) this.#maps.set(name.toLowerCase(), map);
  }

  isClass(name: string): boolean {
    return name !== "";
  }

  /** A member of AliasFile: its arguments are checked like those of a K line. */
  checkAliasFile(name: string, mapClass: string, args: string): void {
    this.#open({ name, mapClass, args })?.close?.();
  }

  /** Opens a map for one look-up, while the file is read; undefined when it cannot be opened. */
  async lookUpOnce(declaration: MapDeclaration, key: string, scope: MacroScope): Promise<LookupResult | undefined> {
    const map = this.#open(declaration);
    if (!map) return undefined;
    const result = await map.lookup(key, [], {
      scope,
      expand: (text) => expandMacros(text, scope),
      message: (text) => this.#messages.error(text),
      deferred: false,
    });
    map.close?.();
    return result;
  }

  close(): void {
    for (const map of this.#maps.values()) map.close?.();
  }

  #open(declaration: MapDeclaration): LookupMap | undefined {
    void this.#environment;
    void this.#option;
    void declaration;
    return undefined;
  }
}
