/**
 * A site: one configuration in force, and everything that is opened for it. Sessions, messages and deliveries keep the
 * site that they began with (promise 5 of docs/architecture.md): each takes a use of it and gives it back at its end.
 * After a reload the old site is retired; whoever ends last closes its maps, agents and connections.
 */
import type { Authenticator } from "../auth/authenticator.ts";
import { dontBlameOf, mimeLimitsOf } from "../config/policies.ts";
import type { Config } from "../config/config.ts";
import { readSenderChecks, type SenderCheckSettings } from "../config/sender-checks.ts";
import type { NameSources } from "../dns/names.ts";
import { type HeaderPlan, planHeader } from "../envelope/header-plan.ts";
import { Statistics } from "../log/statistics.ts";
import type { MimeLimits } from "../mail/mime-limits.ts";
import type { AliasDatabase } from "../maps/alias-source.ts";
import { type Aliases, createAliases } from "../routing/aliases.ts";
import type { LocalNames } from "../routing/local-user.ts";
import { createMailRules } from "../routing/resolve.ts";
import type { MailRules } from "../routing/mail-rules.ts";
import type { MailboxDatabase } from "../sys/users.ts";
import { readSessionSettings, type SessionSettings } from "./session-settings.ts";

/** What a site is made of. */
export interface SiteParts {
  readonly config: Config;
  readonly users: MailboxDatabase;
  /** DNS and hosts file, as this configuration asks them. */
  readonly hosts: NameSources;
  /** In the order of AliasFile: what newaliases rebuilds. */
  readonly aliasDatabases: readonly AliasDatabase[];
  readonly statistics?: Statistics;
  /** Who knows passwords; absent: AUTH is not offered. */
  readonly authenticator?: Authenticator | undefined;
  /** Hears what rulesets report while they are asked about mail. */
  readonly report: (text: string) => void;
  /** Stands between mail and the rulesets: for those who want to know what is asked; absent: nobody. */
  readonly witness?: ((rules: MailRules) => MailRules) | undefined;
}

/** What stands above a site but lives as long as it: its delivery agents. */
export interface Attachment {
  close(): Promise<void> | void;
}

export class Site<Agents extends Attachment = Attachment> implements LocalNames {
  readonly config: Config;
  readonly rules: MailRules;
  readonly aliases: Aliases;
  readonly aliasDatabases: readonly AliasDatabase[];
  readonly users: MailboxDatabase;
  readonly hosts: NameSources;
  /** DontBlameSendmail: the names in force. */
  readonly dontBlame: ReadonlySet<string>;
  readonly session: SessionSettings;
  /** What is found out about senders; undefined: nothing. */
  readonly senderChecks: SenderCheckSettings | undefined;
  readonly headerPlan: HeaderPlan;
  readonly mimeLimits: MimeLimits;
  /** What mail comes and goes. */
  readonly statistics: Statistics;
  readonly authenticator: Authenticator | undefined;
  readonly agents: Agents;
  #closed: Promise<void> | undefined;
  #uses = 0;
  #retired = false;

  /** @param attach makes what is closed together with the site */
  constructor(parts: SiteParts, attach: (parts: SiteParts, rules: MailRules) => Agents) {
    const { config } = parts;
    this.config = config;
    const rules = createMailRules(config, parts.report);
    this.rules = parts.witness?.(rules) ?? rules;
    this.aliases = createAliases(parts.aliasDatabases);
    this.aliasDatabases = parts.aliasDatabases;
    this.users = parts.users;
    this.hosts = parts.hosts;
    this.dontBlame = dontBlameOf(config.options);
    this.session = readSessionSettings(config);
    this.senderChecks = readSenderChecks(config);
    this.headerPlan = planHeader(config);
    this.mimeLimits = mimeLimitsOf(config);
    this.statistics = parts.statistics ?? new Statistics();
    this.authenticator = parts.authenticator;
    this.agents = attach(parts, this.rules);
  }

  /** Keeps the site open; the function that is returned gives the use back, once. */
  use(): () => void {
    this.#uses++;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      if (--this.#uses === 0 && this.#retired) void this.close();
    };
  }

  /** How many sessions, messages and deliveries hold the site. */
  get uses(): number {
    return this.#uses;
  }

  /** No longer in force: whoever gives the last use back closes the site. */
  retire(): void {
    this.#retired = true;
    if (this.#uses === 0) void this.close();
  }

  /** Closes everything now, whoever still holds the site: for the end of the program. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await this.agents.close();
    } finally {
      for (const database of this.aliasDatabases) database.close();
      this.authenticator?.close();
      this.config.close();
    }
  }
}
