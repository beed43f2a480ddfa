import type { Clock } from "../../src/sys/clock.ts";

/** A clock that lets no time pass while something waits; `waits` collects how long it would have been. */
export function instant(waits: number[] = []): Clock {
  return {
    now: () => 0,
    after(ms, then) {
      waits.push(ms);
      setImmediate(then);
      return () => undefined;
    },
  };
}
