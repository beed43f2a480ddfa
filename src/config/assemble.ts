/** Puts what was read together: the Config that the rest of the server asks. */
import { EMPTY_CLASS, WordSet } from "../rewriting/word-set.ts";
import { createRewriter } from "../rewriting/engine.ts";
import { expandMacros } from "../rewriting/macro-text.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { RuleProgram } from "../rewriting/program.ts";
import type { RulesetTable } from "../rewriting/rulesets.ts";
import { originsOf } from "../source/source-map.ts";
import type { AliasFile, Config, HeaderRule, PortOptions } from "./config.ts";
import type { ConfigEnvironment } from "./environment.ts";
import type { Mailer } from "./mailer.ts";
import type { MapTable } from "./map-table.ts";
import type { Filter } from "./milters.ts";
import type { OptionValues } from "./option-values.ts";
import { commentsAt } from "./version.ts";
import type { QueueGroup } from "./queue-groups.ts";

export interface ConfigParts {
  readonly file: string;
  readonly classFiles: readonly string[];
  /** V. */
  readonly level: number;
  readonly environment: ConfigEnvironment;
  readonly macros: MacroScope;
  readonly classes: Map<string, WordSet>;
  readonly rulesets: RulesetTable;
  readonly mailers: ReadonlyMap<string, Mailer>;
  readonly maps: MapTable;
  readonly options: OptionValues;
  readonly headers: readonly HeaderRule[];
  readonly daemonPorts: readonly PortOptions[];
  readonly clientPorts: readonly PortOptions[];
  readonly queueGroups: ReadonlyMap<string, QueueGroup>;
  readonly filters: ReadonlyMap<string, Filter>;
  readonly milterSettings: ReadonlyMap<string, string>;
  readonly aliasFiles: readonly AliasFile[];
  readonly variables: ReadonlyMap<string, string | undefined>;
  readonly precedences: ReadonlyMap<string, number>;
}

export function assembleConfig(parts: ConfigParts): Config {
  const { classes, macros, maps, options, rulesets, environment } = parts;
  const classWords: Config["classWords"] = (name, create = false) => {
    let words = classes.get(name);
    if (!words && create) classes.set(name, (words = new WordSet()));
    return words ?? EMPTY_CLASS;
  };
  const program: RuleProgram = {
    rulesets,
    map: (name) => maps.find(name),
    classWords,
    operators: options.text("OperatorChars"),
    comments: commentsAt(parts.level),
    blankSub: options.text("BlankSub").slice(0, 1) || " ",
    ...(environment.trace ? { trace: environment.trace } : {}),
  };
  return Object.freeze<Config>({
    file: parts.file,
    texts: [parts.file, ...parts.classFiles],
    ...(environment.sealed && { sealed: environment.sealed }),
    ...(environment.lastGood && { lastGood: environment.lastGood }),
    level: parts.level,
    originOf: originsOf(parts.file),
    rewriter: createRewriter(program),
    traced: (trace) => createRewriter({ ...program, trace }),
    mailers: parts.mailers,
    maps: maps.all,
    marksForwarded: [...maps.all.values()].some(({ mapClass }) => mapClass === "srs"),
    classWords,
    classNames: () => [...classes.keys()],
    macros,
    headers: parts.headers,
    options,
    daemonPorts: parts.daemonPorts,
    clientPorts: parts.clientPorts,
    queueGroups: parts.queueGroups,
    filters: parts.filters,
    milterSettings: parts.milterSettings,
    aliasFiles: parts.aliasFiles,
    environment: parts.variables,
    precedences: parts.precedences,
    rulesets,
    services: (database) => maps.services(database),
    expand: expandMacros,
    close: () => maps.close(),
  });
}
