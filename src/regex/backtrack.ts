/**
 * Runs regular expressions with back references, which no matcher can run fast in all cases: every way to match is tried,
 * in the order of preference, and the longest is taken. How many steps that may cost is limited; then the best match so
 * far counts.
 */
import { HOLDS, type Matcher, type MatchPositions } from "./regex-program.ts";
import type { Regex, RegexNode } from "./posix-regex.ts";

const MOST_STEPS = 200_000;

/** @param longest octets of a text that are looked at */
export function compileBacktracking({ root, groups }: Regex, ignoreCase: boolean, longest: number): Matcher {
  return {
    match(text, from = 0) {
      const search = new Search(text.slice(0, longest), groups, ignoreCase);
      for (let start = from; start <= text.length && !search.isTired; start++) {
        const best = search.at(root, start);
        if (best !== undefined) return best;
      }
      return undefined;
    },
  };
}

type Then = (position: number) => void;

class Search {
  readonly #text: string;
  readonly #folded: string;
  readonly #slots: Int32Array;
  #best: MatchPositions | undefined;
  #steps = 0;

  constructor(text: string, groups: number, ignoreCase: boolean) {
    this.#text = text;
    this.#folded = ignoreCase ? text.toLowerCase() : text;
    this.#slots = new Int32Array(2 * (groups + 1)).fill(-1);
  }

  get isTired(): boolean {
    return this.#steps >= MOST_STEPS;
  }

  at(root: RegexNode, start: number): MatchPositions | undefined {
    this.#slots.fill(-1);
    this.#slots[0] = start;
    this.#run(root, start, (end) => {
      if (this.#best !== undefined && end <= this.#best[1]) return;
      this.#best = this.#slots.slice();
      this.#best[1] = end;
    });
    return this.#best;
  }

  /** Calls `then` for every way in which `node` matches at `position`; groups are put back when it returns. */
  #run(node: RegexNode, position: number, then: Then): void {
    // Nothing can be longer than a match up to the end.
    if (++this.#steps >= MOST_STEPS || this.#best?.[1] === this.#text.length) return;
    switch (node.kind) {
      case "empty":
        return then(position);
      case "set":
        return this.#sees(node.set, position) ? then(position + 1) : undefined;
      case "assert":
        return HOLDS[node.what](this.#text, position) ? then(position) : undefined;
      case "group":
        return this.#group(node, position, then);
      case "back":
        return this.#back(node.number, position, then);
      case "sequence":
        return this.#sequence(node.parts, 0, position, then);
      case "choice":
        for (const part of node.parts) this.#run(part, position, then);
        return;
      case "repeat":
        return node.body.kind === "set"
          ? this.#repeatSet(node.body.set, node, position, then)
          : this.#repeat(node, 0, position, then);
    }
  }

  #sees(set: Uint8Array, position: number): boolean {
    return position < this.#text.length && set[this.#text.charCodeAt(position) & 255] === 1;
  }

  #group({ number, body }: RegexNode & { readonly kind: "group" }, position: number, then: Then): void {
    const slots = this.#slots;
    const [start, end] = [slots[number * 2], slots[number * 2 + 1]];
    this.#run(body, position, (after) => {
      const [innerStart, innerEnd] = [slots[number * 2], slots[number * 2 + 1]];
      slots[number * 2] = position;
      slots[number * 2 + 1] = after;
      then(after);
      slots[number * 2] = innerStart;
      slots[number * 2 + 1] = innerEnd;
    });
    slots[number * 2] = start;
    slots[number * 2 + 1] = end;
  }

  /** A group that took no part matches nothing, not even the empty text. */
  #back(number: number, position: number, then: Then): void {
    const [start, end] = this.#slots.subarray(number * 2, number * 2 + 2);
    if (start < 0) return;
    if (this.#folded.startsWith(this.#folded.slice(start, end), position)) then(position + end - start);
  }

  #sequence(parts: readonly RegexNode[], index: number, position: number, then: Then): void {
    if (index === parts.length) return then(position);
    this.#run(parts[index], position, (after) => this.#sequence(parts, index + 1, after, then));
  }

  /** Without a call for each character: texts may be long. */
  #repeatSet(
    set: Uint8Array,
    { least, most }: { readonly least: number; readonly most: number },
    position: number,
    then: Then,
  ): void {
    let end = position;
    while (end - position < most && this.#sees(set, end)) end++;
    for (; end >= position + least; end--) then(end);
  }

  #repeat(node: RegexNode & { readonly kind: "repeat" }, count: number, position: number, then: Then): void {
    if (count < node.most) {
      this.#run(node.body, position, (after) => {
        // An empty round changes nothing and could be repeated for ever.
        if (after > position || count < node.least) this.#repeat(node, count + 1, after, then);
      });
    }
    if (count >= node.least) then(position);
  }
}
