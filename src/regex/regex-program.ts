/**
 * Runs a regular expression over a text of octets: the leftmost match, and of those the longest, as POSIX wants it.
 *
 * All ways to match are followed side by side (Thompson, Pike), so the time grows with length of text times size of the
 * expression, whatever a stranger sends; a backtracking matcher could be kept busy for hours by a mail address. Which
 * parts the groups matched follows the order of preference of the expression (first alternative, then longest
 * repetition); POSIX's own rules for groups differ in rare cases.
 *
 * Expressions with back references cannot be run like this: backtrack.ts does those.
 */
import type { Assertion, OctetSet, Regex, RegexNode } from "./posix-regex.ts";
import { RegexError } from "./posix-regex.ts";

/** Start and end of the whole match and of each group: positions, -1 for a group that took no part. */
export type MatchPositions = Int32Array;

export interface Matcher {
  /** The first match that begins at `from` (0 when not given) or behind it. */
  match(text: string, from?: number): MatchPositions | undefined;
}

type Instruction =
  | { readonly op: "set"; readonly set: OctetSet }
  | { readonly op: "assert"; readonly what: Assertion }
  | { readonly op: "save"; readonly slot: number }
  | { readonly op: "split"; first: number; second: number }
  | { readonly op: "jump"; to: number }
  | { readonly op: "match" };

/** Instructions; expressions that repeat large repetitions grow beyond it. */
const LARGEST = 20_000;

export function compileProgram({ root, groups }: Regex): Matcher {
  const program: Instruction[] = [];
  const emit = (instruction: Instruction): number => {
    if (program.length >= LARGEST) throw new RegexError("Regular expression too big");
    return program.push(instruction) - 1;
  };
  emitNode(root, program, emit);
  emit({ op: "match" });
  return new Machine(program, 2 * (groups + 1));
}

type Emit = (instruction: Instruction) => number;

function emitNode(node: RegexNode, program: Instruction[], emit: Emit): void {
  switch (node.kind) {
    case "empty":
      return;
    case "set":
      emit({ op: "set", set: node.set });
      return;
    case "assert":
      emit({ op: "assert", what: node.what });
      return;
    case "group":
      emit({ op: "save", slot: node.number * 2 });
      emitNode(node.body, program, emit);
      emit({ op: "save", slot: node.number * 2 + 1 });
      return;
    case "sequence":
      for (const part of node.parts) emitNode(part, program, emit);
      return;
    case "choice":
      emitChoice(node.parts, program, emit);
      return;
    case "repeat":
      emitRepeat(node.body, node.least, node.most, program, emit);
      return;
    case "back":
      throw new RegexError("Invalid back reference");
  }
}

function emitChoice(parts: readonly RegexNode[], program: Instruction[], emit: Emit): void {
  const ends: { op: "jump"; to: number }[] = [];
  parts.forEach((part, index) => {
    if (index === parts.length - 1) return emitNode(part, program, emit);
    const split = { op: "split" as const, first: 0, second: 0 };
    split.first = emit(split) + 1;
    emitNode(part, program, emit);
    const end = { op: "jump" as const, to: 0 };
    emit(end);
    ends.push(end);
    split.second = program.length;
  });
  for (const end of ends) end.to = program.length;
}

function emitRepeat(body: RegexNode, least: number, most: number, program: Instruction[], emit: Emit): void {
  for (let i = 0; i < least; i++) emitNode(body, program, emit);
  if (most === Infinity) {
    const split = { op: "split" as const, first: 0, second: 0 };
    const at = emit(split);
    split.first = at + 1;
    emitNode(body, program, emit);
    emit({ op: "jump", to: at });
    split.second = program.length;
    return;
  }
  const splits: { second: number }[] = [];
  for (let i = least; i < most; i++) {
    const split = { op: "split" as const, first: 0, second: 0 };
    split.first = emit(split) + 1;
    splits.push(split);
    emitNode(body, program, emit);
  }
  for (const split of splits) split.second = program.length;
}

/** Threads at one position, in order of preference; each instruction at most once. */
interface ThreadList {
  readonly at: number[];
  readonly slots: Int32Array[];
}

class Machine implements Matcher {
  readonly #program: readonly Instruction[];
  readonly #slotCount: number;
  /** Position + 1 at which an instruction was last added: tells a second visit without clearing a set. */
  readonly #visited: Int32Array;

  constructor(program: readonly Instruction[], slotCount: number) {
    this.#program = program;
    this.#slotCount = slotCount;
    this.#visited = new Int32Array(program.length);
  }

  match(text: string, from = 0): MatchPositions | undefined {
    this.#visited.fill(0);
    let current: ThreadList = { at: [], slots: [] };
    let best: Int32Array | undefined;
    for (let position = from; position <= text.length; position++) {
      // A match that begins later is never better than one that was found or is on its way.
      if (best === undefined && current.at.length === 0) {
        const slots = new Int32Array(this.#slotCount).fill(-1);
        slots[0] = position;
        this.#follow(current, 0, slots, text, position);
      }
      best = this.#accepted(current, position, best);
      if (position === text.length) break;
      const next: ThreadList = { at: [], slots: [] };
      const octet = text.charCodeAt(position) & 255;
      current.at.forEach((at, index) => {
        const instruction = this.#program[at];
        if (instruction.op !== "set" || instruction.set[octet] === 0) return;
        this.#follow(next, at + 1, current.slots[index], text, position + 1);
      });
      if (next.at.length === 0 && best !== undefined) break;
      if (best === undefined) this.#startAt(next, text, position + 1);
      current = next;
    }
    return best;
  }

  /** Threads that begin at a later position, behind all that began before. */
  #startAt(list: ThreadList, text: string, position: number): void {
    const slots = new Int32Array(this.#slotCount).fill(-1);
    slots[0] = position;
    this.#follow(list, 0, slots, text, position);
  }

  /** The best of `best` and the threads that are at the end of the program. */
  #accepted(list: ThreadList, position: number, best: Int32Array | undefined): Int32Array | undefined {
    for (let i = 0; i < list.at.length; i++) {
      if (this.#program[list.at[i]].op !== "match") continue;
      const slots = list.slots[i];
      if (best !== undefined && (slots[0] > best[0] || position <= best[1])) continue;
      best = slots.slice();
      best[1] = position;
    }
    if (best === undefined) return best;
    // From here on only threads that began where the best one did can be of use.
    const { at, slots } = list;
    for (let i = at.length - 1; i >= 0; i--) {
      if (slots[i][0] <= best[0]) continue;
      at.splice(i, 1);
      slots.splice(i, 1);
    }
    return best;
  }

  /** Adds the instruction and all that is reached from it without reading. */
  #follow(list: ThreadList, start: number, slots: Int32Array, text: string, position: number): void {
    const stack: [number, Int32Array][] = [[start, slots]];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const [at, here] = top;
      if (this.#visited[at] === position + 1) continue;
      this.#visited[at] = position + 1;
      const instruction = this.#program[at];
      switch (instruction.op) {
        case "jump":
          stack.push([instruction.to, here]);
          break;
        case "split":
          stack.push([instruction.second, here], [instruction.first, here]);
          break;
        case "save": {
          const saved = here.slice();
          saved[instruction.slot] = position;
          stack.push([at + 1, saved]);
          break;
        }
        case "assert":
          if (HOLDS[instruction.what](text, position)) stack.push([at + 1, here]);
          break;
        default:
          list.at.push(at);
          list.slots.push(here);
      }
    }
  }
}

export const HOLDS: Readonly<Record<Assertion, (text: string, position: number) => boolean>> = {
  start: (_, position) => position === 0,
  end: (text, position) => position === text.length,
  "line-start": (text, position) => position === 0 || text.charCodeAt(position - 1) === 10,
  "line-end": (text, position) => position === text.length || text.charCodeAt(position) === 10,
  "word-edge": (text, position) => isWord(text, position - 1) !== isWord(text, position),
  "no-word-edge": (text, position) => isWord(text, position - 1) === isWord(text, position),
  "word-start": (text, position) => !isWord(text, position - 1) && isWord(text, position),
  "word-end": (text, position) => isWord(text, position - 1) && !isWord(text, position),
};

function isWord(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}
