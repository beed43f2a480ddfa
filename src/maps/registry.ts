/**
 * The table of map classes, and how a K line becomes a map. A new class is a file beside this one and a row here.
 *
 * Opening a map reads its K line only; files and connections are opened at the first look-up, so that a server starts
 * although a table is not built yet, and a look-up that needs it is a temporary failure.
 */
import type { LookupMap } from "../rewriting/lookup-map.ts";
import { type Diagnostic, diagnostic } from "../source/diagnostic.ts";
import { arithClass } from "./arith.ts";
import { arpaClass } from "./arpa.ts";
import { bestmxClass } from "./bestmx.ts";
import { btreeClass, cdbClass, dbmClass, hashClass, implicitClass } from "./database.ts";
import { dequoteClass } from "./dequote.ts";
import { dnsClass } from "./dns.ts";
import type { MapDeclaration, MapEnvironment } from "./environment.ts";
import { FlaggedMap } from "./flagged-map.ts";
import { parseFlags } from "./flags.ts";
import { hostClass } from "./host.ts";
import { ldapClass } from "./ldap.ts";
import { macroClass } from "./macro.ts";
import type { MapClass } from "./map-class.ts";
import { nullClass } from "./null.ts";
import { pgsqlClass } from "./pgsql.ts";
import { programClass } from "./program.ts";
import { regexClass } from "./regex.ts";
import { sequenceClass } from "./sequence.ts";
import { socketClass } from "./socket.ts";
import { srsClass } from "./srs.ts";
import { stabClass } from "./stab.ts";
import { switchClass } from "./switch.ts";
import { syslogClass } from "./syslog.ts";
import { textClass } from "./text.ts";
import { unavailableClass } from "./unavailable.ts";
import { userClass } from "./user.ts";

const CLASSES: ReadonlyMap<string, MapClass> = new Map<string, MapClass>([
  ["arith", arithClass],
  ["arpa", arpaClass],
  ["bestmx", bestmxClass],
  ["btree", btreeClass],
  ["cdb", cdbClass],
  ["dbm", dbmClass],
  ["dequote", dequoteClass],
  ["dns", dnsClass],
  ["hash", hashClass],
  ["host", hostClass],
  ["implicit", implicitClass],
  ["ldap", ldapClass],
  ["macro", macroClass],
  ["null", nullClass],
  ["pgsql", pgsqlClass],
  ["program", programClass],
  ["regex", regexClass],
  ["sequence", sequenceClass],
  ["socket", socketClass],
  ["srs", srsClass],
  ["stab", stabClass],
  ["switch", switchClass],
  ["syslog", syslogClass],
  ["text", textClass],
  ["user", userClass],
  // Known, but what they ask cannot be reached.
  ["nis", unavailableClass()],
  ["nisplus", unavailableClass()],
  ["userdb", unavailableClass()],
]);

/** Names of the classes that exist, in alphabetic order. */
export function mapClassNames(): readonly string[] {
  return [...CLASSES.keys()].toSorted();
}

/**
 * Makes the map of a K line.
 * @returns no map when its class does not exist (rules then find it undefined); a map that finds nothing when the rest
 *   of the line is wrong. Diagnostics are in sendmail's words, without file and line.
 */
export function openMap(
  declaration: MapDeclaration,
  environment: MapEnvironment,
): { map?: LookupMap; diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const problem = (text: string): void => void diagnostics.push(diagnostic("error", text, declaration.at));
  const { name, mapClass } = declaration;
  const kind = CLASSES.get(mapClass);
  if (kind === undefined) {
    problem(`readcf: map ${name}: class ${mapClass} not available`);
    return { diagnostics };
  }
  const flags = parseFlags(declaration.args, kind.flags, name, inForce(declaration, kind, environment), problem);
  const bare = kind.open({ declaration, flags, environment, problem });
  return { map: new FlaggedMap(name, mapClass, kind, flags, bare), diagnostics };
}

/** Defaults of the class, then the flags of earlier K lines of this name. */
function inForce(
  { earlier, name }: MapDeclaration,
  kind: MapClass,
  environment: MapEnvironment,
): Iterable<readonly [string, string]> {
  const read = (text: string, below: Iterable<readonly [string, string]>): Iterable<readonly [string, string]> =>
    parseFlags(text, kind.flags, name, below, alreadyReported).entries();
  if (earlier !== undefined) return read(earlier.args, inForce(earlier, kind, environment));
  const defaults = Object.entries(kind.defaults ?? {});
  return kind.defaultFlags === undefined ? defaults : read(kind.defaultFlags(environment), defaults);
}

function alreadyReported(): void {
  // The earlier line was diagnosed when it was opened itself, an option when it was set.
}
