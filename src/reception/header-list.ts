/**
 * A header that filters see and change, as sendmail keeps one: the trace field of this hop, a place for each field that an H
 * line may supply (empty where the message brought its own), then what the sender wrote. Indexes of SMFIR_INSHEADER count
 * all of these places; SMFIR_CHGHEADER counts fields of one name that are not the trace of this hop. What was deleted keeps
 * its place.
 */
import type { HeaderParts } from "../envelope/complete-headers.ts";
import type { HeaderField } from "../mail/header.ts";

interface Place {
  /** Undefined: nothing stands here, or nothing any more. */
  field: HeaderField | undefined;
  /** Of a place that is empty or was emptied: the name that it is for. */
  readonly name: string;
  /** The name in lower case. */
  readonly key: string;
  /** Whose it is. `default` becomes `message` when somebody changes it. */
  origin: "trace" | "default" | "message";
}

/** What became of a change, for the log. */
export type HeaderChange =
  | { readonly kind: "added" | "nothing" }
  /** `before` is undefined where a deleted field was taken up again. */
  | { readonly kind: "changed" | "deleted"; readonly before: string | undefined; readonly wasDefault: boolean };

export class HeaderList {
  readonly #places: Place[];
  /** Keys of all places: a filter may add thousands of fields. */
  readonly #keys: Set<string>;

  constructor({ trace, defaults, kept }: HeaderParts, names: readonly string[]) {
    this.#places = [
      ...trace.map((field) => placeFor(field.name, field, "trace")),
      ...defaults.map((field, i) => placeFor(names[i], field, "default")),
      ...kept.map((field) => placeFor(field.name, field, "message")),
    ];
    this.#keys = new Set(this.#places.map(({ key }) => key));
  }

  /** The header as it is sent. */
  get all(): readonly HeaderField[] {
    return this.#places.map(({ field }) => field).filter((field) => field !== undefined);
  }

  /** What filters are told: the message's own fields, and what filters made of others. */
  get shown(): readonly HeaderField[] {
    return this.#places
      .filter(({ origin }) => origin === "message")
      .map(({ field }) => field)
      .filter((field) => field !== undefined);
  }

  /** In front of the first field of this name, else at the end; in place of one that was supplied by default. */
  add(name: string, value: string): HeaderChange {
    const wanted = name.toLowerCase();
    const isThere = ({ key, field }: Place): boolean => key === wanted && field !== undefined;
    const isKnown = this.#keys.has(wanted);
    const supplied = isKnown ? this.#places.find((place) => place.origin === "default" && isThere(place)) : undefined;
    if (supplied !== undefined) return change(supplied, value);
    const first = isKnown ? this.#places.findIndex(isThere) : -1;
    this.insert(first < 0 ? this.#places.length : first, name, value);
    return { kind: "added" };
  }

  /** @param index of all places, from 0; more than there are: at the end */
  insert(index: number, name: string, value: string): void {
    const place = placeFor(name, { name, value }, "message");
    this.#keys.add(place.key);
    if (index >= this.#places.length) this.#places.push(place);
    else this.#places.splice(index, 0, place);
  }

  /**
   * @param index which field of that name, from 1; what is no such number stands for the first
   * @param value undefined: it is deleted. A field that is not there is added, as `add` does it.
   */
  change(index: number, name: string, value: string | undefined): HeaderChange {
    const wanted = index >= 1 && index <= 0x7fff_ffff ? index : 1;
    const key = name.toLowerCase();
    let seen = 0;
    const place = this.#keys.has(key)
      ? this.#places.find((each) => each.key === key && isChangeable(each) && ++seen === wanted)
      : undefined;
    if (place !== undefined) return change(place, value);
    return value === undefined ? { kind: "nothing" } : this.add(name, value);
  }
}

function placeFor(name: string, field: HeaderField | undefined, origin: Place["origin"]): Place {
  return { field, name, key: name.toLowerCase(), origin };
}

function isChangeable({ origin, field }: Place): boolean {
  return origin !== "trace" && (origin !== "default" || field !== undefined);
}

function change(place: Place, value: string | undefined): HeaderChange {
  const { field, origin, name } = place;
  place.field = value === undefined ? undefined : field === undefined ? { name, value } : { ...field, value };
  // A supplied field that was deleted stays so; one that was changed is the message's own.
  place.origin = "message";
  return {
    kind: value === undefined ? "deleted" : "changed",
    before: field?.value,
    wasDefault: origin === "default",
  };
}
