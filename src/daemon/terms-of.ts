/**
 * What a configuration lets the root side do (rights/terms.ts), read out of it with root's rights: at the start by the server
 * itself, at a reload by a short-lived process of the root helper's (`rulemail --worker terms`).
 */
import { isIPv6 } from "node:net";
import type { Config, PortOptions } from "../config/config.ts";
import { dontBlameOf } from "../config/policies.ts";
import type { Mailer } from "../config/mailer.ts";
import { standInFor } from "../config/stand-in.ts";
import { storeOf } from "../delivery/local-agent.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { TaskUser } from "../rights/task.ts";
import type { MailboxTerm, PortTerm, ProgramTerm, Terms, UserTerm } from "../rights/terms.ts";
import { defaultUser, namedUser } from "../routing/default-user.ts";
import { wordsOf } from "./program-templates.ts";
import { hostOf, isLocal } from "../smtpd/listen.ts";
import type { MailboxDatabase } from "../sys/users.ts";
import { keyFiles } from "./key-files.ts";

/** What a template keeps (MailboxTerm). */
const KEPT: readonly (readonly [name: string, value: string])[] = [
  ["u", "$u"],
  ["h", "$h"],
  // A home folder begins with its slash.
  ["z", "/$z"],
];

/** Flag of a mailer whose program is not given other ids. */
const KEEPS_IDS = "S";
const ROOT: ReadonlySet<string | number> = new Set([0, "root"]);

/** @param runAs whom the server becomes, or has become */
export async function termsOf(config: Config, users: MailboxDatabase, runAs: TaskUser): Promise<Terms> {
  const { options, texts } = config;
  const scope = config.macros.child(KEPT.map(([name, value]) => [name, value]));
  const template = (text: string): string => config.expand(text, scope).replaceAll("/$z", "$z");
  const mailers = [...config.mailers.values()].map((each) => standInFor(each)?.mailer ?? each);
  return {
    users: userTerm(options.text("MailboxDatabase")),
    mailboxes: mailers.flatMap((mailer) => mailboxesOf(mailer, scope, (text, macros) => config.expand(text, macros))),
    forwardPath: options.text("ForwardPath").split(":").filter(Boolean).map(template),
    identities: await identitiesOf(config, mailers, users),
    dontBlame: [...dontBlameOf(options)],
    programs: mailers.flatMap((mailer) => programOf(config, mailer)),
    ports: config.daemonPorts.filter((port) => !isLocal(port)).map(portTerm),
    files: [...new Set([...texts, ...(await keyFiles(config))])],
    safeFileEnvironment: options.text("SafeFileEnvironment"),
    runAs: { user: runAs.user, uid: runAs.uid, gid: runAs.gid },
  };
}

export function portTerm(port: PortOptions): PortTerm {
  const isSix = port.family === "inet6" || isIPv6(port.address);
  return { host: hostOf(port), port: port.port, family: isSix ? 6 : 4 };
}

/** As sys/mailbox-database.ts reads the option. */
function userTerm(database: string): UserTerm {
  const path = /^passwd:(\/.+)$/s.exec(database)?.[1];
  return path === undefined ? { kind: "passwd" } : { kind: "file", path };
}

/** With a detail and without one: `$?h.$h$.` says where each goes. */
function mailboxesOf(
  mailer: Mailer,
  scope: MacroScope,
  expand: (text: string, macros: MacroScope) => string,
): MailboxTerm[] {
  if (mailer.path.toUpperCase() !== "[LOCAL]") return [];
  const found = new Map<string, MailboxTerm>();
  for (const macros of [scope, scope.child([["h", undefined]])]) {
    const store = storeOf(mailer, (text) => expand(text, macros));
    if ("action" in store) continue;
    const path = store.path.replaceAll("/$z", "$z");
    found.set(`${store.kind}:${path}`, { kind: store.kind, path });
  }
  return [...found.values()];
}

/** Root's rights has a program that U= gives them, or F=S without U=. */
function programOf(config: Config, mailer: Mailer): ProgramTerm[] {
  const { path, flags, user, nice, root } = mailer;
  if (!path.startsWith("/")) return [];
  const asRoot = user === undefined ? flags.has(KEEPS_IDS) : ROOT.has(user.uid);
  const words = asRoot ? wordsOf(config, mailer) : [];
  return [{ path, asRoot, words, nice, root: root === undefined ? "" : config.expand(root, config.macros) }];
}

/** A user that is not known now is none that anything can be done as. */
async function identitiesOf(
  config: Config,
  mailers: readonly Mailer[],
  users: MailboxDatabase,
): Promise<readonly TaskUser[]> {
  const asked = [
    () => defaultUser(config, users),
    ...mailers.flatMap(({ user }) => (user === undefined ? [] : [() => namedUser(users, user.uid, user.gid)])),
  ];
  const found = new Map<string, TaskUser>();
  for (const ask of asked) {
    try {
      const { user, uid, gid } = await ask();
      found.set(`${user} ${uid} ${gid}`, { user, uid, gid });
    } catch {
      // Mail for it waits, and says why.
    }
  }
  return [...found.values()];
}
