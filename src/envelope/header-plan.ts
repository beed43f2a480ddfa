/** The H lines of one configuration, sorted by what they are for (manual §5.5). */
import type { Config, HeaderRule } from "../config/config.ts";

export interface HeaderPlan {
  /** Always added, on top: Received:. */
  readonly trace: readonly HeaderRule[];
  /** Added at the end when the message has no such field. */
  readonly defaults: readonly HeaderRule[];
  /** `HName: $>ruleset`, by the name of the field in lower case. */
  readonly checks: ReadonlyMap<string, HeaderRule>;
  /** `H*: $>ruleset`, for fields without a check of their own. */
  readonly otherChecks: HeaderRule | undefined;
}

export function planHeader(config: Pick<Config, "headers">): HeaderPlan {
  const templates = config.headers.filter((rule) => rule.template !== undefined);
  const checks = config.headers.filter((rule) => rule.check !== undefined);
  return {
    trace: templates.filter((rule) => rule.name.toLowerCase() === "received"),
    defaults: templates.filter((rule) => !/^(received|return-path)$/i.test(rule.name)),
    checks: new Map(checks.map((rule) => [rule.name.toLowerCase(), rule])),
    otherChecks: checks.find((rule) => rule.name === "*"),
  };
}
