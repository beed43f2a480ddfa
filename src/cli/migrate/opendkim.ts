/**
 * An opendkim.conf as lines of an .mc file: what it says about signing, setting by setting. Keys and tables stay where they are, or are
 * copied by the commands that are shown; docs/dkim.md is the same in words.
 */
import { dirname, isAbsolute, join } from "node:path";
import { EX } from "../../sys/sysexits.ts";
import { CommandError } from "../database-target.ts";
import type { Leftover } from "./migrated-site.ts";
import { textOf } from "./text-lines.ts";

export interface MigratedFilter {
  /** Of the .mc file, without their line ends. */
  readonly lines: readonly string[];
  /** For a shell, before the .mc file is compiled. */
  readonly commands: readonly string[];
  readonly leftovers: readonly Leftover[];
}

interface Setting {
  readonly name: string;
  readonly value: string;
  readonly file: string;
  readonly line: number;
}

const KEYS = "/etc/mail/dkim";
/** Files that name each other without end. */
const DEEPEST = 8;

/** @throws CommandError when a file cannot be read */
export function migrateOpendkim(file: string): MigratedFilter {
  const draft = new Draft(settingsOf(file, 0));
  for (const setting of draft.all.values()) (SETTINGS[setting.name.toLowerCase()] ?? unknown)(draft, setting);
  signing(draft);
  const lines = [
    ...[...draft.definitions].map(([name, value]) => `define(\`${name}', \`${value}')dnl`),
    ...draft.features,
  ];
  return { lines, commands: draft.commands, leftovers: draft.leftovers };
}

/** `Name value` each; what begins with # is a comment. The last one of a name counts. */
function settingsOf(file: string, depth: number): readonly Setting[] {
  const text = textOf(file);
  if (text === undefined) throw new CommandError(`rulemail migrate: cannot read ${file}`, EX.NOINPUT);
  return text.split("\n").flatMap((raw, index): readonly Setting[] => {
    const [, name, value = ""] = /^(\S+)(?:\s+(.*))?$/.exec(raw.replace(/#.*/, "").trim()) ?? [];
    if (name === undefined) return [];
    if (name.toLowerCase() !== "include") return [{ name, value: value.trim(), file, line: index + 1 }];
    if (depth >= DEEPEST)
      throw new CommandError(
        `rulemail migrate: ${file}:${index + 1}: files include each other without end`,
        EX.DATAERR,
      );
    return settingsOf(isAbsolute(value) ? value : join(dirname(file), value), depth + 1);
  });
}

class Draft {
  /** By their names in lower case. */
  readonly all: ReadonlyMap<string, Setting>;
  readonly definitions = new Map<string, string>();
  readonly features: string[] = [];
  readonly commands: string[] = [];
  readonly leftovers: Leftover[] = [];

  constructor(settings: readonly Setting[]) {
    this.all = new Map(settings.map((each) => [each.name.toLowerCase(), each]));
  }

  value(name: string): string {
    return this.all.get(name)?.value ?? "";
  }

  leave({ name, value, file, line }: Setting, text: string): void {
    this.leftovers.push({ file, line, text: `${name} ${value}: ${text}` });
  }
}

type Carry = (draft: Draft, setting: Setting) => void;

/** It is so here, or has no meaning without a process of its own. */
const nothing: Carry = () => undefined;

const leave =
  (text: string): Carry =>
  (draft, setting) =>
    draft.leave(setting, text);

/** One value needs nothing, another one is told. */
const only =
  (usual: RegExp, text: string): Carry =>
  (draft, setting) =>
    usual.test(setting.value) ? undefined : draft.leave(setting, text);

const unknown: Carry = leave("not known here");

function words(value: string): readonly string[] {
  return value.split(/[\s,]+/).filter(Boolean);
}

/** A list of names of fields, written in the file itself. */
const names =
  (macro: string, prefix = ""): Carry =>
  (draft, setting) => {
    const list = words(setting.value);
    if (list.length === 0 || list.some((word) => !/^[+-]?[!-9;-~]+$/.test(word) || /[*/:]/.test(word)))
      return draft.leave(setting, `write the names of the fields into ${macro}`);
    const before = prefix === "" ? [] : words(draft.definitions.get(macro) ?? "");
    draft.definitions.set(macro, [...before, ...list.map((word) => `${prefix}${word}`)].join(" "));
  };

/** What is done with a message that cannot be signed. */
const failure: Carry = (draft, setting) => {
  const action = setting.value.toLowerCase();
  if (action.startsWith("a")) draft.definitions.set("confDKIM_FAILURE", "unsigned");
  else if (!action.startsWith("t")) draft.leave(setting, "a message that cannot be signed waits, or leaves unsigned");
};

const HOSTS =
  "mail is signed of this machine, of logins, and of who may relay (RELAY_DOMAIN, access table); else Local_sign_mail";
const RULES = "a matter of the ruleset Local_sign_mail, which knows {daemon_name} and other macros";
const VERIFYING = "what a signature is worth is decided by FEATURE(`dmarc') and check_auth";

const OF_A_PROCESS = words(
  "autorestart autorestartcount autorestartrate background basedirectory changerootdirectory dnstimeout enablecoredumps fixcrlf " +
    "logresults logwhy milterdebug multiplesignatures pidfile signaturealgorithm socket softwareheader subdomains syslog " +
    "syslogfacility syslogname syslogsuccess temporarydirectory umask userid",
);

const SETTINGS: Readonly<Record<string, Carry>> = {
  // read together: signing()
  ...Object.fromEntries(
    ["domain", "selector", "keyfile", "keytable", "signingtable", "mode"].map((name) => [name, nothing]),
  ),
  ...Object.fromEntries(OF_A_PROCESS.map((name) => [name, nothing])),
  canonicalization: only(/^relaxed\/relaxed$/i, "signatures are relaxed/relaxed"),
  signheaders: names("confDKIM_HEADERS"),
  omitheaders: names("confDKIM_HEADERS", "-"),
  oversignheaders: names("confDKIM_OVERSIGN"),
  signaturettl: (draft, { value }) => {
    if (Number(value) > 0) draft.definitions.set("confDKIM_EXPIRE", `${Number(value)}s`);
  },
  authservid: (draft, { value }) => {
    if (value !== "" && value.toUpperCase() !== "HOSTNAME") draft.definitions.set("confAUTH_SERV_ID", value);
  },
  "on-default": failure,
  "on-internalerror": failure,
  "on-signatureerror": failure,
  bodylengths: only(/^(?:no|false|0)$/i, "l= is never written"),
  maximumsignedbytes: leave("l= is never written: bodies are signed whole"),
  senderheaders: only(/^from$/i, "the domain is that of From"),
  requiresafekeys: only(
    /^(?:yes|true|1)$/i,
    "keys of a group: DontBlameSendmail=GroupReadableKeyFile; of everybody: never",
  ),
  minimumkeybits: only(/^(?:0|1024)$/, "keys below 1024 bits are never used, others are"),
  internalhosts: only(/^(?:(?:127\.0\.0\.1|::1|localhost)[\s,]*)+$/i, HOSTS),
  externalignorelist: leave(HOSTS),
  peerlist: leave(`${HOSTS}; whose mail is not looked at: sender_checks`),
  mta: leave(RULES),
  macrolist: leave(RULES),
  exemptdomains: leave(RULES),
  dontsignmailto: leave(RULES),
  resignmailto: leave(RULES),
  trustanchorfile: leave("DNSSEC is the resolver's business: ResolverOptions +trustad"),
  nameservers: leave("the servers of resolv.conf are asked"),
  removeoldsignatures: leave("signatures of others stay"),
  "on-badsignature": leave(VERIFYING),
  "on-nosignature": leave(VERIFYING),
  "on-dnserror": leave(`${VERIFYING}; its third argument is about DNS`),
  "on-keynotfound": leave(VERIFYING),
  "on-security": leave(VERIFYING),
};

/** Mode, and which keys sign. */
function signing(draft: Draft): void {
  const mode = draft.value("mode") || "sv";
  if (mode.includes("v")) draft.definitions.set("confSENDER_CHECKS", "dkim");
  if (!mode.includes("s")) return;
  const [keyTable, signingTable] = [draft.all.get("keytable"), draft.all.get("signingtable")];
  if (keyTable !== undefined) return tables(draft, keyTable, signingTable);
  const [domain, selector, key] = ["domain", "selector", "keyfile"].map((name) => draft.value(name));
  draft.features.push("FEATURE(`dkim_sign')dnl");
  const at = draft.all.get("domain") ?? draft.all.get("keyfile");
  if (at === undefined) return;
  if (domain === "" || selector === "" || key === "" || /[:/]/.test(domain))
    return draft.leave(
      at,
      `needs Domain, Selector and KeyFile, each as it is: put the keys into ${KEYS}/DOMAIN/SELECTOR.private`,
    );
  for (const each of words(domain)) draft.commands.push(`install -D -m 600 ${key} ${KEYS}/${each}/${selector}.private`);
}

function tables(draft: Draft, keyTable: Setting, signingTable: Setting | undefined): void {
  if (signingTable === undefined)
    return draft.leave(keyTable, "there is no SigningTable: nothing says who gets which key");
  const forms = [
    [keyTable, /^(?:file:)?\/\S+$/],
    [signingTable, /^(?:(?:re)?file:)?\/\S+$/],
  ] as const;
  const wrong = forms.filter(([{ value }, form]) => !form.test(value));
  for (const [setting] of wrong) draft.leave(setting, "only files are read (file:, refile:): write it as one");
  if (wrong.length === 0)
    draft.features.push(
      `FEATURE(\`dkim_sign', \`table ${keyTable.value.replace(/^file:/, "")} ${signingTable.value}')dnl`,
    );
}
