/** Differences of two lists of lines (what to take away, what to put in, in order) and of two tables. */

export interface LineChange {
  readonly kind: "removed" | "added";
  readonly text: string;
}

/** Beyond this many cells the table of the comparison is not built: everything old goes, everything new comes. */
const MOST_CELLS = 4_000_000;

/** The shortest way from one list to the other. */
export function diffLines(before: readonly string[], after: readonly string[]): LineChange[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end++;
  }
  return shortest(before.slice(start, before.length - end), after.slice(start, after.length - end));
}

function shortest(before: readonly string[], after: readonly string[]): LineChange[] {
  const width = after.length + 1;
  if (before.length * width > MOST_CELLS) {
    return [...before.map((text) => change("removed", text)), ...after.map((text) => change("added", text))];
  }
  // common[i * width + j]: longest common part of before[i..] and after[j..].
  const common = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i * width + j] =
        before[i] === after[j]
          ? common[(i + 1) * width + j + 1] + 1
          : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const changes: LineChange[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      i++;
      j++;
    } else if (j === after.length || (i < before.length && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      changes.push(change("removed", before[i++]));
    } else changes.push(change("added", after[j++]));
  }
  return changes;
}

function change(kind: LineChange["kind"], text: string): LineChange {
  return { kind, text };
}

export interface ValueChange {
  readonly name: string;
  /** Absent: not there. */
  readonly before?: string;
  readonly after?: string;
}

/** Names whose values differ, in the order of the old table, new ones last. */
export function diffTables(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): ValueChange[] {
  const changes: ValueChange[] = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const old = before.get(name);
    const now = after.get(name);
    if (old === now) continue;
    changes.push({
      name,
      ...(old === undefined ? {} : { before: old }),
      ...(now === undefined ? {} : { after: now }),
    });
  }
  return changes;
}
