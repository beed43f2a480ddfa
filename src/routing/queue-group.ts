/**
 * In which queue group a recipient waits (manual §4.4): what the ruleset queuegroup selects for it, else Q= of its mailer, else
 * the group of QueueDirectory. Groups that no Q line describes do not count.
 */
import type { Config } from "../config/config.ts";
import { DEFAULT_QUEUE_GROUP, type QueueGroup } from "../config/queue-groups.ts";
import type { Recipient } from "../envelope/recipient.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { MailRules } from "./mail-rules.ts";

export interface GroupChoice {
  readonly config: Pick<Config, "queueGroups" | "mailers">;
  readonly rules: Pick<MailRules, "select">;
}

/** The name of the group, as its Q line has it. */
export function queueGroupOf(
  { config, rules }: GroupChoice,
  { resolved }: Pick<Recipient, "resolved">,
  scope: MacroScope,
): MaybePromise<string> {
  if (config.queueGroups.size === 1 || resolved === undefined) return DEFAULT_QUEUE_GROUP.name;
  const mailer = config.mailers.get(resolved.mailer);
  return whenReady(rules.select("queuegroup", [resolved.user], scope), (selected = "") => {
    const group = groupNamed(config, selected) ?? groupNamed(config, mailer?.queueGroup ?? "") ?? DEFAULT_QUEUE_GROUP;
    return group.name;
  });
}

/** The group of that name, in any letter case. */
export function groupNamed({ queueGroups }: Pick<Config, "queueGroups">, name: string): QueueGroup | undefined {
  const group = queueGroups.get(name);
  if (group !== undefined || name === "") return group;
  const wanted = name.toLowerCase();
  return [...queueGroups.values()].find((each) => each.name.toLowerCase() === wanted);
}
