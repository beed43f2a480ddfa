/** The header of a message as signatures see it: which fields a list of names means, each in canonical form, made once. */
import type { HeaderField } from "../../mail/header.ts";
import { type Canonicalization, canonicalField } from "./canonical-header.ts";

export class SignableHeader {
  readonly fields: readonly HeaderField[];
  readonly #byName = new Map<string, number[]>();
  readonly #canonical: Readonly<Record<Canonicalization, Map<HeaderField, string>>> = {
    simple: new Map(),
    relaxed: new Map(),
  };

  /** @param fields from top to bottom */
  constructor(fields: readonly HeaderField[]) {
    this.fields = fields;
    fields.forEach(({ name }, index) => {
      const key = name.toLowerCase();
      const places = this.#byName.get(key);
      if (places === undefined) this.#byName.set(key, [index]);
      else places.push(index);
    });
  }

  /** @param name in lower case */
  count(name: string): number {
    return this.#byName.get(name)?.length ?? 0;
  }

  /** All fields of a name, from top to bottom. @param name in lower case */
  all(name: string): HeaderField[] {
    return this.#byName.get(name)?.map((index) => this.fields[index]) ?? [];
  }

  /**
   * The fields that names mean, in their order: of fields of one name the lowest first; a name without a field that is left
   * means nothing (RFC 6376 §5.4.2).
   * @param names in lower case
   * @param except a signature, which does not sign itself by its name
   */
  text(names: readonly string[], form: Canonicalization, except?: HeaderField): string {
    const left = new Map<string, number>();
    let text = "";
    for (const name of names) {
      const places = this.#byName.get(name);
      if (places === undefined) continue;
      let at = (left.get(name) ?? places.length) - 1;
      if (at >= 0 && this.fields[places[at]] === except) at--;
      left.set(name, Math.max(at, 0));
      if (at >= 0) text += this.canonical(this.fields[places[at]], form);
    }
    return text;
  }

  /** One field with its CRLF. */
  canonical(field: HeaderField, form: Canonicalization): string {
    const known = this.#canonical[form];
    let text = known.get(field);
    if (text === undefined) known.set(field, (text = canonicalField(field, form)));
    return text;
  }
}
