/** A site of Postfix: main.cf, master.cf and the tables that they name become a site.mc and tables of ours. */
import { join } from "node:path";
import { EX } from "../../../sys/sysexits.ts";
import { CommandError } from "../../database-target.ts";
import type { PlannedFile } from "../../setup/planned-file.ts";
import type { MigratedSite } from "../migrated-site.ts";
import { Draft, type Part, type TableName } from "./draft.ts";
import { readMainCf } from "./main-cf.ts";
import { carryServices } from "./master-cf.ts";
import { carrySettings } from "./settings.ts";

export interface PostfixPlace {
  /** /etc/postfix */
  readonly from: string;
  readonly to: string;
  readonly home: string;
}

/** Tables that makemap builds; the others are lists, and aliases. */
const BUILT: readonly TableName[] = ["access", "authinfo", "genericstable", "mailertable", "virtusertable"];
/** Written also when nothing stands in them: site.mc reads them. */
const ALWAYS: ReadonlySet<TableName> = new Set([
  "access",
  "aliases",
  "local-host-names",
  "mailertable",
  "virtusertable",
]);
const LISTS: readonly TableName[] = ["aliases", "local-host-names", "relay-domains", "virtual-domains"];
const SECRET = 0o600;

export function postfixSite({ from, to, home }: PostfixPlace): MigratedSite {
  const main = readMainCf(from);
  if (main === undefined) throw new CommandError(`rulemail migrate: there is no main.cf in ${from}`, EX.NOINPUT);
  const draft = new Draft(main);
  carrySettings(draft);
  carryServices(draft, from);
  const files: PlannedFile[] = [
    { path: join(to, "site.mc"), text: Buffer.from(siteMc(draft, from, to, home), "latin1"), mode: 0o644 },
  ];
  const isThere = (name: TableName): boolean => ALWAYS.has(name) || draft.tableLines(name).length > 0;
  for (const name of [...LISTS, ...BUILT].filter(isThere)) {
    const lines = draft.tableLines(name);
    const text = [`# from ${from}, by rulemail migrate`, ...lines, ""].join("\n");
    files.push({ path: join(to, name), text: Buffer.from(text, "latin1"), mode: name === "authinfo" ? SECRET : 0o644 });
  }
  return {
    folder: to,
    files,
    tables: BUILT.filter(isThere),
    leftovers: draft.leftovers,
    moved: [],
    expectations: draft.expectations,
  };
}

const HEADINGS: readonly (readonly [Part, string])[] = [
  ["names", "names of this host; domains whose users are here stand in local-host-names"],
  ["files", "files"],
  ["local", "local delivery"],
  ["ports", "ports"],
  ["tls", "TLS and logins"],
  ["next", "mail for others"],
  ["recipients", "recipients: virtusertable, mailertable, aliases"],
  ["senders", "senders"],
  ["access", "who may do what: the table access"],
  ["limits", "limits"],
  ["filters", "mail filters"],
];

function siteMc(draft: Draft, from: string, to: string, home: string): string {
  draft.add("names", "define(`confDONT_PROBE_INTERFACES', `True')");
  draft.define("names", "confCW_FILE", `-o ${to}/local-host-names`);
  draft.add("names", "FEATURE(`use_cw_file')");
  draft.define("files", "MAIL_SETTINGS_DIR", `${to}/`);
  draft.define("files", "QUEUE_DIR", `${home}/queue`);
  draft.define("files", "ALIAS_FILE", `implicit:-o ${to}/aliases`);
  draft.define("files", "confPID_FILE", `${home}/rulemail.pid`);
  draft.define("files", "confCR_FILE", `-o ${to}/relay-domains`);
  draft.add("files", "undefine(`STATUS_FILE')");
  draft.add("files", "undefine(`HELP_FILE')");
  draft.add("recipients", "FEATURE(`mailertable')");
  draft.add("recipients", "FEATURE(`virtusertable')");
  draft.add("recipients", `VIRTUSER_DOMAIN_FILE(\`-o ${to}/virtual-domains')`);
  draft.add("senders", "FEATURE(`always_add_domain')");
  if (draft.tableLines("genericstable").length > 0) draft.add("senders", "FEATURE(`genericstable')");
  draft.define("limits", "confPRIVACY_FLAGS", [...draft.privacy].join(","));
  const sections = HEADINGS.flatMap(([part, heading]) => {
    const lines = inOrder(part, draft.linesOf(part));
    return lines.length === 0 ? [] : [`dnl --- ${heading}`, ...lines.map((line) => `${line}dnl`), ""];
  });
  const mailers = ["local", "smtp", ...draft.mailers].map((name) => `MAILER(\`${name}')dnl`);
  const head = [
    `dnl from ${from}, by rulemail migrate; it is yours now`,
    "VERSIONID(`from Postfix')dnl",
    "OSTYPE(`linux')dnl",
    "",
  ];
  return [...head, ...sections, ...mailers, ""].join("\n");
}

/** access_db stands in front of what reads it, no_default_msa in front of ports. */
function inOrder(part: Part, lines: readonly string[]): readonly string[] {
  if (part === "access") return ["FEATURE(`access_db')", "FEATURE(`blocklist_recipients')", ...lines];
  return part === "ports" ? ["FEATURE(`no_default_msa')", ...lines] : lines;
}
