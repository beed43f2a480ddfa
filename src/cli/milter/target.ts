/** Which filter is meant, and what it is told: from words of a command line, or from a configuration. */
import { ConfigMessages } from "../../cf/messages.ts";
import type { Config } from "../../config/config.ts";
import { readFilter } from "../../config/milters.ts";
import type { FilterSettings, MacroLists } from "../../milter/filter.ts";
import { settingsOf } from "../../reception/filter-plan.ts";
import { reportAll } from "../../source/report.ts";
import { readText } from "../../mc/library.ts";
import { EX } from "../../sys/sysexits.ts";
import { CommandError } from "../database-target.ts";
import { analysisEnvironment, readConfiguration } from "../read-configuration.ts";

/** What filters are told of where there is no configuration: sendmail's lists. */
export const STANDARD_MACROS: MacroLists = {
  connect: ["j", "_", "{daemon_name}", "{if_name}", "{if_addr}"],
  helo: ["{tls_version}", "{cipher}", "{cipher_bits}", "{cert_subject}", "{cert_issuer}"],
  envfrom: [
    "i",
    "{auth_type}",
    "{auth_authen}",
    "{auth_ssf}",
    "{auth_author}",
    "{mail_mailer}",
    "{mail_host}",
    "{mail_addr}",
  ],
  envrcpt: ["{rcpt_mailer}", "{rcpt_host}", "{rcpt_addr}"],
  data: [],
  eoh: [],
  eom: ["{msg_id}"],
};
/** Of an option that is given twice the last one counts. */
export function lastOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "object" ? value.at(-1) : value;
}

/** A .cf or .mc file, read. Throws CommandError with what is wrong. Whoever gets it closes it. */
export async function openConfiguration(file: string): Promise<Config> {
  const { subject, problems } = await readConfiguration(file, analysisEnvironment({ anyName: true }));
  if (subject) return subject.config;
  throw new CommandError(`rulemail milter: ${file} cannot be used\n${reportAll(problems, readText)}`, EX.CONFIG);
}

/**
 * A filter by its socket: `inet:8891@localhost`, `/run/filter.sock`, or all that an X line says: `S=inet:8891@localhost, T=R:2m`.
 * Throws CommandError with what is wrong.
 */
export async function filterAt(word: string): Promise<FilterSettings> {
  const said: string[] = [];
  const messages = new ConfigMessages("filter", (line) => said.push(line));
  const equates = /(?:^|[\s,])S\s*=/.test(word) ? word : `S=${word}`;
  const line = { kind: "filter", name: "filter", equates } as const;
  const filter = await readFilter(line, () => false, messages, analysisEnvironment({ anyName: true }));
  if (filter) return { ...settingsOf(filter), name: word };
  const why = said.map((each) => each.replace(/^.*?Xfilter: /, "")).join("; ");
  throw new CommandError(`rulemail milter: ${word}: ${why} (wanted: inet:PORT@HOST or unix:/PATH)`, EX.USAGE);
}
