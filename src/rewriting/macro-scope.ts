const NONE: ReadonlyMap<string, string | undefined> = new Map();

/**
 * Macro values in layers: configuration ▷ session ▷ envelope ▷ delivery. A look-up goes to the outermost layer that
 * has the name; setting changes only the layer it is called on.
 *
 * Names are without `$` and braces: "j", "client_addr"; `{x}` and `x` are the same macro. Values are raw macro text
 * (`$j` inside is expanded when used, not here).
 */
export class MacroScope {
  readonly #parent: MacroScope | undefined;
  /** Made when the first one is set: many layers are never written to. */
  #values: ReadonlyMap<string, string | undefined> | undefined;
  /** The same, once they are this layer's alone. */
  #own: Map<string, string | undefined> | undefined;

  constructor(parent?: MacroScope, values?: Iterable<readonly [string, string | undefined]>) {
    this.#parent = parent;
    if (values) this.#values = this.#own = new Map(values);
  }

  get(name: string): string | undefined {
    if (this.#values !== undefined) {
      const value = this.#values.get(name);
      // A layer may hold `undefined`: the macro was cleared here, whatever the layers below say.
      if (value !== undefined || this.#values.has(name)) return value;
    }
    return this.#parent?.get(name);
  }

  set(name: string, value: string | undefined): void {
    if (this.#own === undefined) this.#values = this.#own = new Map(this.#values);
    this.#own.set(name, value);
  }

  /** Values of this layer alone, without those below. */
  own(): ReadonlyMap<string, string | undefined> {
    return this.#values ?? NONE;
  }

  /** A new layer above this one. */
  child(values?: Iterable<readonly [string, string | undefined]>): MacroScope {
    return new MacroScope(this, values);
  }

  /** A new layer above this one that begins with these values; other layers may, too, as none of them changes the map. */
  sharing(values: ReadonlyMap<string, string | undefined>): MacroScope {
    const layer = new MacroScope(this);
    layer.#values = values;
    return layer;
  }
}
