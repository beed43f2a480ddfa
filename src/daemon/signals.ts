/** What signals mean: HUP reads the configuration again, TERM and INT end the server, USR1 writes its state to the log. */
export interface SignalActions {
  reload(): void;
  stop(signal: string): void;
  dump(): void;
}

/** Installs the actions; returns a function that takes them away. */
export function onSignals(actions: SignalActions): () => void {
  const table: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ["SIGHUP", () => actions.reload()],
    ["SIGTERM", () => actions.stop("SIGTERM")],
    ["SIGINT", () => actions.stop("SIGINT")],
    ["SIGUSR1", () => actions.dump()],
  ];
  for (const [signal, action] of table) process.on(signal, action);
  return () => {
    for (const [signal, action] of table) process.off(signal, action);
  };
}
