/** Time and timers, behind an interface so that tests can turn the hands themselves. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `action` once after `ms` milliseconds; the timer does not keep the process alive. Returns a cancel function. */
  after(ms: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
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
