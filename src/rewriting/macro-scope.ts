/**
 * Macro values in layers: configuration ▷ session ▷ envelope ▷ delivery. A look-up goes to the outermost layer that
 * has the name; setting changes only the layer it is called on.
 *
 * Names are without `$` and braces: "j", "client_addr"; `{x}` and `x` are the same macro. Values are raw macro text
 * (`$j` inside is expanded when used, not here).
 */
export class MacroScope {
  readonly #parent: MacroScope | undefined;
  readonly #values = new Map<string, string | undefined>();

  constructor(parent?: MacroScope, values?: Iterable<readonly [string, string | undefined]>) {
    this.#parent = parent;
    if (values) for (const [name, value] of values) this.#values.set(name, value);
  }

  get(name: string): string | undefined {
    // A layer may hold `undefined`: the macro was cleared here, whatever the layers below say.
    if (this.#values.has(name)) return this.#values.get(name);
    return this.#parent?.get(name);
  }

  set(name: string, value: string | undefined): void {
    this.#values.set(name, value);
  }

  /** Values of this layer alone, without those below. */
  own(): ReadonlyMap<string, string | undefined> {
    return this.#values;
  }

  /** A new layer above this one. */
  child(values?: Iterable<readonly [string, string | undefined]>): MacroScope {
    return new MacroScope(this, values);
  }
}
