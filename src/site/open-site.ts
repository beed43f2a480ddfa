/** From a configuration file and the settings of a command line to a site: nothing else is needed to build one. */
import { openAuthenticator } from "../logins/open-authenticator.ts";
import { withOrigins } from "../cf/message-origins.ts";
import type { CommandLineSetting, ConfigEnvironment } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import { openNames } from "../dns/names.ts";
import { trustingResolver, trustsAd } from "../dns/trusting-resolver.ts";
import type { MailRules } from "../routing/mail-rules.ts";
import type { Diagnostic } from "../source/diagnostic.ts";
import type { Trace } from "../rewriting/trace.ts";
import { originsOf } from "../source/source-map.ts";
import type { SealedFiles } from "../sys/sealed-file.ts";
import { openAliasDatabases } from "./alias-databases.ts";
import { type Attachment, Site, type SiteParts } from "./site.ts";
import { environmentIn, type SiteSurroundings } from "./surroundings.ts";

export type OpenedSite<Agents extends Attachment> =
  | {
      readonly kind: "opened";
      readonly site: Site<Agents>;
      readonly messages: readonly string[];
      /** 0, or the status of errors in the file: a server does not start with them, commands do what they can. */
      readonly exit: number;
    }
  | {
      readonly kind: "failed";
      readonly messages: readonly string[];
      readonly diagnostics: readonly Diagnostic[];
      readonly exit: number;
    };

/** How to open a site. */
export interface SiteSource {
  readonly file: string;
  /** -O, -o and -M of the command line. */
  readonly settings: readonly CommandLineSetting[];
  /** The letter of -b, which rules ask for as {opMode}. */
  readonly opMode: string;
  /** Files that may not be read here, or not for long. */
  readonly sealed?: SealedFiles;
  /** The engine is the interpreter, which tells this what it does. */
  readonly trace?: Trace;
  readonly witness?: SiteParts["witness"];
  /** The configuration is that of another machine. */
  readonly missingTablesAreEmpty?: boolean;
}

/** @param attach makes the delivery agents of the site, which are closed with it */
export async function openSite<Agents extends Attachment>(
  { file, settings, opMode, sealed, trace, witness, missingTablesAreEmpty = false }: SiteSource,
  surroundings: SiteSurroundings,
  attach: (parts: SiteParts, rules: MailRules) => Agents,
): Promise<OpenedSite<Agents>> {
  const { machine, resolver, clock, log } = surroundings;
  const system = environmentIn(surroundings);
  const { users } = system;
  const environment: ConfigEnvironment = {
    ...system,
    settings,
    opMode,
    ...(sealed && { sealed }),
    ...(trace && { trace }),
    missingTablesAreEmpty,
  };
  const { config, diagnostics, exit, refusal, messages: plain } = await loadConfig(file, environment);
  const messages = plain.length === 0 ? [] : withOrigins(plain, file, originsOf(file));
  if (config === undefined) return { kind: "failed", messages, diagnostics, exit };
  users.choose(config.options.text("MailboxDatabase"));
  const resolverOptions = config.options.text("ResolverOptions");
  const parts: SiteParts = {
    config,
    users,
    hosts: openNames(machine, trustsAd(resolverOptions) ? trustingResolver(resolver) : resolver, { clock }),
    aliasDatabases: openAliasDatabases(config, users, surroundings, missingTablesAreEmpty),
    ...(surroundings.statistics === undefined ? {} : { statistics: surroundings.statistics }),
    authenticator: openAuthenticator(config, clock, (text) => log.write(1, { priority: "err", text })),
    report: (text) => log.write(9, { priority: "info", text }),
    witness,
  };
  return { kind: "opened", site: new Site(parts, attach), messages, exit: refusal };
}
