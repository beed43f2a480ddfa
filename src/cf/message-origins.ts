/** Adds to sendmail's messages about a configuration where the lines they are about came from. */
import type { OriginOf } from "../source/source-map.ts";

/**
 * After each message `FILE: line N: TEXT` whose line has an origin: `FILE: line N: note: from site.mc:12 FEATURE(x)`.
 * @param file the configuration, as the messages name it
 */
export function withOrigins(messages: readonly string[], file: string, originOf: OriginOf): readonly string[] {
  const head = `${file}: line `;
  return messages.flatMap((message) => {
    const line = message.startsWith(head) ? Number.parseInt(message.slice(head.length), 10) : 0;
    const origin = line > 0 ? originOf({ file, line }) : undefined;
    return origin === undefined ? [message] : [message, `${head}${line}: note: from ${origin}`];
  });
}
