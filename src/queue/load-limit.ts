/**
 * QueueLA and QueueFactor (manual §5.6): when the machine has so much to do, only what matters most is delivered, and the rest
 * waits for a queue run. The limit of the priority is QueueFactor / (load - QueueLA + 1): the busier, the smaller. Without
 * QueueLA there is no limit: sendmail's eight for each CPU is about processes, of which it has one for each message.
 */
import type { Options } from "../config/config.ts";

const NEVER = (): boolean => false;

/**
 * @param load the average of the last minute; asked for where there is a limit, for that costs
 * @param most QueueLA of the port that a message came by; default that of the configuration. 0: no limit
 * @returns true for a priority whose message waits
 */
export function keptByLoad(
  options: Pick<Options, "number" | "isSet">,
  load: () => number,
  most = options.isSet("QueueLA") ? options.number("QueueLA") : 0,
): (priority: number) => boolean {
  if (most <= 0) return NEVER;
  const over = load() - most;
  if (over < 0) return NEVER;
  const limit = options.number("QueueFactor") / (over + 1);
  return (priority) => priority > limit;
}
