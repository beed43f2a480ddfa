/** Option CollectReports: what is counted for reports to others. */
import type { Config } from "./config.ts";

function counted({ options }: Pick<Config, "options">): readonly string[] {
  return options.text("CollectReports").split(" ");
}

/** Messages, by what is known of their senders. */
export function countsDmarc(config: Pick<Config, "options">): boolean {
  return counted(config).includes("dmarc");
}

/** Sessions with other hosts. */
export function countsTls(config: Pick<Config, "options">): boolean {
  return counted(config).includes("tls");
}
