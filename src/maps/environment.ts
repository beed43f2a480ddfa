/** What a map is made from: its K line, and the parts of the server that map classes ask. */
import type { NameSources } from "../dns/names.ts";
import type { Resolver } from "../dns/resolver.ts";
import type { LookupMap } from "../rewriting/lookup-map.ts";
import type { Location } from "../source/location.ts";
import type { Clock } from "../sys/clock.ts";
import type { Machine } from "../sys/machine.ts";
import type { LastGood } from "../sys/last-good.ts";
import type { SealedFiles } from "../sys/sealed-file.ts";
import type { MailboxDatabase } from "../sys/users.ts";

/** `Kname class arguments` (manual §5.12). */
export interface MapDeclaration {
  /** As written; sendmail does not tell letter case apart in map names. */
  readonly name: string;
  readonly mapClass: string;
  /** Raw text after the class: flags, then what the class wants (a file, a pattern, members ...). */
  readonly args: string;
  readonly at: Location;
  /**
   * The K line of the same name before this one, if there was one. sendmail reads the second on top of the first:
   * flags of the first that the second does not set stay in force.
   */
  readonly earlier?: MapDeclaration;
}

export interface MapEnvironment {
  readonly resolver: Resolver;
  /**
   * Sources of host names with the options that bear on them (service switch, HasWildcardMX, DontExpandCnames); without
   * this they are made from resolver, machine and services.
   */
  names?(): NameSources;
  /** The options that bear on questions about host names, when the sources are made from the rest. */
  nameOptions?(): Partial<NameSources>;
  readonly machine: Machine;
  readonly users: MailboxDatabase;
  readonly clock: Clock;
  /** Files that may not be read here, and that somebody else has read. */
  readonly sealed?: SealedFiles | undefined;
  /** Files with secrets as they were before. */
  readonly lastGood?: LastGood | undefined;
  /** Maps declared so far, by name: the members of sequence and switch. */
  map(name: string): LookupMap | undefined;
  /**
   * What the service switch file says about a database ("hosts", "aliases", "passwd" or any other line of the file).
   * Empty when it has no such line; for "hosts" then ["files", "dns"].
   */
  services(database: string): readonly string[];
  /** True when the name is one of ours (class w): the host map and bestmx prefer ourselves. */
  isLocalHost(name: string): boolean;
  /** Option LDAPDefaultSpec, as it is when asked: flags of all maps of class ldap. */
  ldapDefaultSpec?(): string;
  /** Names of the option DontBlameSendmail, as written. */
  readonly dontBlame: ReadonlySet<string>;
  /** A table file that is not there is an empty table, with or without -o: for those who look at a configuration elsewhere. */
  readonly missingTablesAreEmpty?: boolean;
  /** Where the class syslog and warnings about stale or foreign databases go. */
  log(priority: LogPriority, text: string): void;
}

export type LogPriority = "emerg" | "alert" | "crit" | "err" | "warning" | "notice" | "info" | "debug";
