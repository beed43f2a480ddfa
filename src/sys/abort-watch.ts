/**
 * What is to happen when a signal fires. A server has one signal for all its deliveries, and Node's own lists of listeners
 * cost more than the rest of handing a task out; here each signal has one listener, for all who wait.
 */

const watched = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Does `action` once when the signal fires, not at once where it has fired already. The same function counts once.
 * @returns forgets it
 */
export function onAbort(signal: AbortSignal, action: () => void): () => void {
  const actions = watched.get(signal) ?? watch(signal);
  actions.add(action);
  return () => void actions.delete(action);
}

function watch(signal: AbortSignal): Set<() => void> {
  const actions = new Set<() => void>();
  watched.set(signal, actions);
  const fire = (): void => {
    // Whoever is forgotten meanwhile is not called any more, and who comes meanwhile comes too late.
    const waiting = [...actions];
    for (const action of waiting) if (actions.delete(action)) action();
  };
  signal.addEventListener("abort", fire, { once: true });
  return actions;
}
