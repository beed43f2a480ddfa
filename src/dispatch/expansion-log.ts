/** What opening aliases and lists leaves in the log: "alias list => ann, bob"; of files their names, not what stands in them. */
import type { Envelope } from "../envelope/envelope.ts";
import type { Log } from "../log/log.ts";
import { shorten } from "../log/safe-text.ts";
import type { ExpansionWatch } from "../routing/expansion.ts";

const LEVEL = 10;

/** Undefined where nobody wants to read it. */
export function expansionLog(log: Log, { id }: Envelope): ExpansionWatch | undefined {
  if (!log.enabled(LEVEL)) return undefined;
  return {
    opened(_index, { kind, name }, value) {
      const text = value === undefined ? `${kind} ${name}` : `${kind} ${shorten(name)} => ${shorten(value)}`;
      log.write(LEVEL, { priority: "info", id, text });
    },
  };
}
