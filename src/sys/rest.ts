/**
 * Memory that a busy time has left behind (docs/decisions/0006-flags-of-node.md). V8 keeps room for what comes next, and collects
 * when there is more garbage: a server that has nothing to do any more makes none, and would keep all of that for good. Here each
 * thread looks whether its busy time is over, and has its heap collected then, once. The messages that come
 * next are dearer for it.
 */
import type { Clock } from "./clock.ts";

/** How often a thread looks, ms. */
const LOOK = 5_000;
/** Whoever works less than this between two looks is at rest, ms. */
const QUIET = 50;
/** So many looks in a row, and a rest has begun. */
const LOOKS = 6;
/** Less work than this since the last time leaves nothing worth a collection, ms. */
const WORTH = 500;

export interface RestOptions {
  readonly clock: Pick<Clock, "after">;
  /** Ms that this thread has worked in all; its own by default. */
  readonly worked?: () => number;
  readonly collect?: () => void;
}

/** Looks from now on, for as long as the thread lives. */
export function collectAtRest({ clock, worked = ownWork, collect = collectAll }: RestOptions): void {
  let before = worked();
  let collected = before;
  let quiet = 0;
  const look = (): void => {
    const now = worked();
    quiet = now - before < QUIET ? quiet + 1 : 0;
    before = now;
    if (quiet >= LOOKS && now - collected >= WORTH) {
      collect();
      collected = before = worked();
    }
    clock.after(LOOK, look);
  };
  clock.after(LOOK, look);
}

function ownWork(): number {
  return performance.eventLoopUtilization().active;
}

type Collect = (how: { readonly type: "major" }) => void;

let v8Collect: Collect | undefined;

/** Some tens of milliseconds of work. The pages V8 gives back a few seconds later. */
function collectAll(): void {
  v8Collect ??= exposed();
  v8Collect({ type: "major" });
}

/** V8 gives its function only to contexts that are made while this option is set. */
function exposed(): Collect {
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  setFlagsFromString("--expose-gc");
  const found = process.getBuiltinModule("node:vm").runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  return found;
}
