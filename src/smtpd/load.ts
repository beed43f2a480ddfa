/**
 * RefuseLA and DelayLA (manual §5.6), of a port or of the configuration. Without one that is set there is no limit: sendmail's
 * twelve for each CPU is about processes, of which it has one for each connection.
 */
import type { MaybeAnswer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
import { logProbing } from "./session-log.ts";

/**
 * @param ofPort what the port says, as it is written
 * @param set what the configuration says, 0 when it says nothing
 * @param load average of the last minute; asked only where there is a limit
 * @returns the load, when it has reached the limit
 */
export function loadAbove(ofPort: string | undefined, set: number, load: () => number): number | undefined {
  const limit = ofPort === undefined ? set : Number.parseInt(ofPort, 10) || 0;
  if (limit <= 0) return undefined;
  const now = load();
  return now >= limit ? now : undefined;
}

/** Every answer waits so long while the machine is busy, ms. */
const PAUSE = 1000;

/** A command, after so many ms; with DelayLA in force after a second at least. */
export function slowed(
  session: Conversation,
  word: string,
  patience: number,
  work: () => MaybeAnswer,
): () => MaybeAnswer {
  if (patience > 0) logProbing(session, word, session.abuse.seen(word));
  const { site, port, services } = session;
  const { options } = site.config;
  const set = options.isSet("DelayLA") ? options.number("DelayLA") : 0;
  const isBusy = loadAbove(port.extra.get("delayla"), set, () => services.load()) !== undefined;
  const wait = isBusy ? Math.max(patience, PAUSE) : patience;
  return wait === 0 ? work : () => session.pause(wait, work);
}
