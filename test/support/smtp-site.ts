/**
 * The SMTP agent of a whole configuration: an .mc file compiled with the library, its tables, its rulesets; mail goes to
 * ports of loopback. Names and addresses of hosts come from a zone.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../src/config/config.ts";
import type { Report } from "../../src/delivery/agent.ts";
import type { DeliveryEnvironment } from "../../src/delivery/environment.ts";
import { createAgents } from "../../src/delivery/agents.ts";
import { silentLog } from "../../src/log/log.ts";
import { createMailRules } from "../../src/routing/resolve.ts";
import { AnalysisFolder } from "./analysis.ts";
import { type JobValues, testEnvironment, testJob, type Zone } from "./delivery-job.ts";
import { closing } from "./closing.ts";

export interface SmtpSite {
  deliver(values?: JobValues): Promise<Report>;
  /** Now, not only when the test ends. */
  close(): Promise<void>;
  /** What was logged, but for levels above 13. */
  readonly log: string[];
}

/**
 * @param mc lines of the .mc file; `@DIR@` is the folder of the files
 * @param files name → text: tables, keys
 * @param more what deliveries of this configuration have besides
 */
export async function smtpSite(
  mc: readonly string[],
  port: number,
  files: Readonly<Record<string, string>> = {},
  zone: Zone = { "A mx.b.test": ["127.0.0.1"] },
  more: (config: Config) => Partial<DeliveryEnvironment> = () => ({}),
): Promise<SmtpSite> {
  const folder = new AnalysisFolder();
  const own = mkdtempSync(join(folder.folder, "files-"));
  closing.push(() => Promise.resolve(rmSync(folder.folder, { recursive: true, force: true })));
  mkdirSync(own, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(own, name), text, { mode: 0o600 });
  const lines = [...mc, "MAILER(`smtp')", ""].join("\n").replaceAll("@DIR@", own);
  const { config } = await folder.subject(lines, "mc");
  const log: string[] = [];
  const writing = {
    ...silentLog,
    enabled: (level: number) => level < 14,
    write: (level: number, { text }: { text: string }) => void (level < 14 && log.push(text)),
  };
  const agents = createAgents(
    testEnvironment({ config, zone, log: writing, rules: createMailRules(config), ...more(config) }),
  );
  closing.push(() => agents.close());
  const mailer = config.mailers.get("esmtp");
  if (mailer === undefined) throw new Error("no mailer esmtp");
  const ours = { ...mailer, argv: mailer.argv.concat(String(port)) };
  const scope = config.macros.child([["f", "joe@a.test"]]);
  return {
    log,
    close: () => agents.close(),
    deliver: (values = {}) =>
      agents.agentFor(ours).deliver({ ...testJob({ mailer: ours, host: "mx.b.test", ...values }), scope }),
  };
}
