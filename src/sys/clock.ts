/** Time and timers, behind an interface so that tests can turn the hands themselves. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `action` once after `ms` milliseconds; the timer does not keep the process alive. Returns a cancel function. */
  after(ms: number, action: () => void): () => void;
}

/**
 * The time when somebody first asked since what runs now began to run (a callback, what follows an `await`). A command of a
 * client asks for it dozens of times, and where the system cannot tell it in memory each of these is a system call. How long
 * something takes that nobody waits in is told by `performance.now()`.
 */
let known: number | undefined;
const settled = Promise.resolve();
const forget = (): void => {
  known = undefined;
};

function now(): number {
  if (known === undefined) {
    known = Date.now();
    void settled.then(forget);
  }
  return known;
}

export const systemClock: Clock = {
  now,
  after(ms, action) {
    // setTimeout fires at once for delays above 2^31-1 ms; wait in steps instead.
    const longest = 2_000_000_000;
    if (ms > longest) {
      let cancel = systemClock.after(longest, () => (cancel = systemClock.after(ms - longest, action)));
      return () => cancel();
    }
    const timer = setTimeout(action, Math.max(0, ms));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
