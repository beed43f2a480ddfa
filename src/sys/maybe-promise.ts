/**
 * A value that is often there at once and sometimes later (a cached look-up, a DNS answer).
 *
 * `await` on such a value costs a turn of the event loop even when it is there; the paths that every message
 * takes use `whenReady` instead, which calls on at once if it can (decision D4).
 */
export type MaybePromise<T> = T | Promise<T>;

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return value instanceof Promise;
}

/** Calls `next` with the value: now if it is there, later if it is a promise. */
export function whenReady<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return isPromise(value) ? value.then(next) : next(value);
}
