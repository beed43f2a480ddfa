/**
 * Reads a configuration file and builds the Config.
 *
 * The lines are applied one after the other, because the language is defined that way: a rule takes the values that
 * macros have at its line, OperatorChars counts for the rules below it, messages come in the order of the lines.
 */
import type { ConfigLine, OptionLine } from "../cf/ast.ts";
import { ldapAliasArguments } from "../maps/ldap-schema.ts";
import { readConfigFile } from "../cf/config-file.ts";
import { ConfigMessages } from "../cf/messages.ts";
import { parseLine, parseMapDeclaration } from "../cf/parse-line.ts";
import { unquote } from "../cf/quoting.ts";
import { valueForm } from "../cf/line-columns.ts";
import { readLines, withoutComment, type LogicalLine } from "../cf/read-lines.ts";
import { RuleReader } from "../cf/rules.ts";
import { expandMacros, expandWhileReading, readOperators, unmarkLiterals } from "../rewriting/macro-text.ts";
import { MACRO } from "../rewriting/tokens.ts";
import { MacroScope } from "../rewriting/macro-scope.ts";
import { RulesetTable } from "../rewriting/rulesets.ts";
import type { Diagnostic } from "../source/diagnostic.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import { assembleConfig } from "./assemble.ts";
import { ClassLines, readLineName } from "./class-lines.ts";
import type { AliasFile, Config, HeaderRule } from "./config.ts";
import type { ConfigEnvironment } from "./environment.ts";
import { checkWhole } from "./final-checks.ts";
import { readHeaderLine } from "./headers.ts";
import { MailerTable } from "./mailers.ts";
import { MapTable } from "./map-table.ts";
import { readFilter, type Filter } from "./milters.ts";
import { addInterfaces, completePredefined, definePredefined, shortenHostName } from "./predefined.ts";
import { DEFAULT_QUEUE_GROUP, readQueueGroup, type QueueGroup } from "./queue-groups.ts";
import type { OptionName } from "./options/table.ts";
import { OptionSetter } from "./set-option.ts";
import { notActedOn } from "./settings.ts";
import { isTrue } from "./option-values.ts";
import { commentsAt } from "./version.ts";

export interface LoadedConfig {
  /** Absent when the file cannot be read or a value in it stops everything. */
  readonly config?: Config;
  /** What is wrong, with exact places, for our own commands. */
  readonly diagnostics: readonly Diagnostic[];
  /** What is read and has no effect here. */
  readonly notes: readonly Diagnostic[];
  /** The same as sendmail prints it, line by line. */
  readonly messages: readonly string[];
  /** 0, or the status that sendmail would end with because of the configuration. */
  readonly exit: ExitCode;
  /** The same for a server: what is wrong with settings that nothing acts on does not keep it from starting. */
  readonly refusal: ExitCode;
}

/** @param file path of the cf file */
export async function loadConfig(file: string, environment: ConfigEnvironment): Promise<LoadedConfig> {
  const printed: string[] = [];
  const messages = new ConfigMessages(file, (line) => {
    printed.push(line);
    environment.print?.(line);
  });
  const outcome = (config?: Config): LoadedConfig => ({
    ...(config ? { config } : {}),
    diagnostics: messages.diagnostics,
    notes: messages.notes,
    messages: printed,
    exit: messages.exit,
    refusal: messages.refusal,
  });
  const reader = new ConfigReader(messages, environment);
  await reader.applyCommandLine();
  if (messages.stopped) return outcome();
  const text = readConfigFile(file, messages, environment.sealed);
  if (text === undefined) return outcome();
  for (const line of readLines(text)) {
    await reader.apply(line);
    if (messages.stopped) return outcome();
  }
  await reader.finish();
  return outcome(reader.config(file));
}

/** Macro of an old file → the option that took its place. */
const OLD_MACROS: Readonly<Record<string, OptionName>> = {
  e: "SmtpGreetingMessage",
  l: "UnixFromLine",
  o: "OperatorChars",
};

class ConfigReader {
  readonly #messages: ConfigMessages;
  readonly #environment: ConfigEnvironment;
  readonly #macros = new MacroScope();
  readonly #classes: ClassLines;
  readonly #rulesets = new RulesetTable();
  readonly #rules: RuleReader;
  readonly #options: OptionSetter;
  readonly #mailers: MailerTable;
  readonly #maps: MapTable;
  readonly #headers: HeaderRule[] = [];
  /** The group of QueueDirectory exists without a Q line. */
  readonly #queueGroups = new Map<string, QueueGroup>([[DEFAULT_QUEUE_GROUP.name, DEFAULT_QUEUE_GROUP]]);
  readonly #filters = new Map<string, Filter>();
  readonly #filterNames = new Set<string>();
  readonly #aliasFiles: AliasFile[] = [];
  readonly #variables = new Map<string, string | undefined>();
  readonly #precedences = new Map<string, number>();
  /** V: 0 until a V line says otherwise. */
  #level = 0;

  constructor(messages: ConfigMessages, environment: ConfigEnvironment) {
    this.#messages = messages;
    this.#environment = environment;
    this.#rules = new RuleReader(this.#rulesets, this.#macros, messages);
    this.#maps = new MapTable(
      messages,
      environment,
      (name) => this.#options.values.text(name),
      (name) => this.#classes.get("w").has(name),
    );
    this.#classes = new ClassLines(this.#macros, this.#maps, messages, () => this.#options.values, environment.sealed);
    this.#mailers = new MailerTable(this.#rulesets, this.#queueGroups, messages, environment);
    this.#options = new OptionSetter(messages, environment, {
      defineMacro: (text) => this.#defineMacro(text, false),
      addAliasFile: (mapClass, args) => this.#addAliasFile(mapClass, args),
      isAliasClass: (name) => this.#maps.isClass(name),
      rulesRead: () => this.#rules.begun,
    });
    const { machine, clock } = environment;
    definePredefined(machine, this.#macros, (name) => this.#classes.get(name), new Date(clock.now()));
    if (environment.opMode !== undefined) this.#macros.set("opMode", environment.opMode);
  }

  /** -M, -O and -o: before the file, and what they set wins over it (macros: the file wins). */
  async applyCommandLine(): Promise<void> {
    for (const { kind, text } of this.#environment.settings ?? []) {
      const value = this.#translate(text);
      if (kind === "macro") this.#defineMacro(value, false);
      else {
        const line = parseLine(`O${value}`);
        if (line.kind === "option") await this.#options.apply(line, true);
      }
      if (this.#messages.stopped) return;
    }
  }

  async apply(line: LogicalLine): Promise<void> {
    const comments = this.#level >= 3;
    this.#messages.enter(line, comments);
    const source = withoutComment(line.text, comments);
    if (source === "") return;
    const text = this.#translate(source);
    const node = parseLine(text);
    const done = this.#applyNode(node, text);
    if (done) await done;
  }

  /** Source to value form; a dollar at the end is just a dollar. */
  #translate(source: string): string {
    if (!/[$\x80-\xff]/.test(source)) return source;
    const { text, problems, places } = valueForm(source);
    if (problems.length > 0) {
      this.#messages.focus(0, "source");
      problems.forEach((problem, index) => this.#messages.error(problem, { offset: places[index] }));
      this.#messages.focus(0);
    }
    return text;
  }

  #applyNode(node: ConfigLine, text: string): Promise<void> | void {
    const messages = this.#messages;
    switch (node.kind) {
      case "macro":
        this.#defineMacro(node.body, true);
        return this.#oldMacro(node.body[0] ?? "");
      case "class":
        return this.#classes.addWords(node.body);
      case "class-file":
        return this.#classes.readFile(node.body);
      case "trusted":
        for (const word of node.words) this.#classes.get("t").add(word);
        return;
      case "ruleset":
        return this.#rules.startRuleset(this.#filledIn(node.body));
      case "rule": {
        this.#expandOperators();
        const operators = this.#options.values.text("OperatorChars");
        return this.#rules.addRule(node.body, { operators, comments: commentsAt(this.#level) });
      }
      case "mailer":
        return this.#mailers.add(node);
      case "option":
        return this.#applyOption(node, text);
      case "header": {
        const fill = (name: string): string => this.#filledIn(name);
        const header = readHeaderLine(node, text.slice(1), this.#rulesets, messages, fill);
        if (header) this.#headers.push(header);
        return;
      }
      case "map": {
        const body = expandWhileReading(node.body, this.#macros);
        return this.#maps.declare(
          parseMapDeclaration(readOperators(unmarkLiterals(body), this.#macros)),
          body === node.body ? body : undefined,
        );
      }
      case "precedence":
        this.#precedences.set(node.name.toLowerCase(), Number.parseInt(node.value, 10) || 0);
        return;
      case "version":
        return this.#setVersion(node.level, node.rest, text);
      case "environment":
        this.#variables.set(node.name.trim(), node.value);
        return;
      case "queue-group": {
        messages.focus(1);
        const group = readQueueGroup(node, this.#options.values.text("QueueDirectory"), messages);
        if (group) this.#queueGroups.set(group.name, group);
        return;
      }
      case "filter":
        return this.#addFilter(node);
      case "unknown":
        return messages.error(`unknown configuration line "${text}"`);
    }
  }

  /** Messages about the name have their place; all others are about the value. */
  async #applyOption(node: OptionLine, text: string): Promise<void> {
    this.#messages.focus(node.form === "letter" ? 1 : text.search(/(?<=^O\s*)\S/));
    await this.#options.apply(node, false, text.length - node.value.length);
  }

  /** @param quoting true for D lines: quotes and backslashes in the value are read */
  #defineMacro(body: string, quoting: boolean): void {
    const { name, end } = readLineName(body, this.#messages);
    if (name === undefined) return;
    const value = body.slice(end);
    this.#macros.set(name, quoting ? unquote(value) : value);
  }

  /** Before level 7, macros were what is an option now. */
  #oldMacro(name: string): void {
    const option = this.#level < 7 && Object.hasOwn(OLD_MACROS, name) ? OLD_MACROS[name] : undefined;
    if (option !== undefined) this.#options.values.set(option, this.#macros.get(name) ?? "");
  }

  /** The name of a ruleset with the values of its macros. */
  #filledIn(text: string): string {
    return readOperators(expandWhileReading(text, this.#macros), this.#macros);
  }

  #addAliasFile(mapClass: string, given: string): void {
    const short = mapClass.toLowerCase() === "ldap" && given.trim() === "";
    const args = short ? expandWhileReading(ldapAliasArguments(), this.#macros) : unmarkLiterals(given);
    this.#aliasFiles.push({ mapClass, args });
    this.#maps.declare({ name: `Alias${this.#aliasFiles.length - 1}`, mapClass, args });
  }

  async #addFilter(node: ConfigLine & { kind: "mailer" | "queue-group" | "filter" }): Promise<void> {
    const exists = (name: string): boolean => this.#filterNames.has(name.toLowerCase());
    const filter = await readFilter(node, exists, this.#messages, this.#environment);
    this.#messages.focus(1);
    this.#messages.note(`nothing acts on this filter (${notActedOn("filter equate", "S")}): ${node.name}`);
    // A name is taken even when its line was wrong.
    this.#filterNames.add(node.name.toLowerCase());
    if (filter) this.#filters.set(filter.name, filter);
  }

  #setVersion(level: string, rest: string, text: string): void {
    const begin = text.length - rest.length;
    if (level === "") {
      return this.#messages.error(`invalid argument to V line: "${rest.slice(0, 20)}"`, { offset: begin });
    }
    // As an int of the C language: absurd numbers wrap around.
    this.#level = Number(BigInt.asIntN(32, BigInt(level.slice(0, 30))));
    shortenHostName(this.#level, this.#macros);
    const vendor = /^\/([A-Za-z]*)/.exec(rest)?.[1];
    if (vendor !== undefined && vendor.toLowerCase() !== "berkeley") {
      this.#messages.error(`invalid V line vendor code: "${vendor}"`, {
        offset: begin + rest.indexOf("/") + 1,
      });
    }
  }

  /** OperatorChars may hold macros: they take the values they have when the first text is cut into tokens. */
  #expandOperators(): void {
    const { values } = this.#options;
    const operators = values.text("OperatorChars");
    if (operators.includes(MACRO)) values.set("OperatorChars", expandMacros(operators, this.#macros));
  }

  /** What is checked and completed when the last line is read. */
  async finish(): Promise<void> {
    const messages = this.#messages;
    const values = this.#options.values;
    messages.enter(undefined);
    checkWhole(this.#level, values, messages);
    this.#mailers.completeFlags(this.#level);
    this.#maps.declareHost(this.#level);
    this.#declareAliasMaps();
    const unqualified = completePredefined(this.#macros, (name) => this.#classes.get(name));
    // Who starts a server on a machine without a full name knows; test mode says all that the original says.
    if (unqualified !== undefined && this.#environment.testMode) messages.warn(unqualified);
    if (!this.#mailers.find("local")) messages.warn("No local mailer defined", { exit: EX.SOFTWARE });
    this.#expandOperators();
    const probe = values.isSet("DontProbeInterfaces") ? values.text("DontProbeInterfaces") : "false";
    if (!isTrue(probe)) addInterfaces(this.#environment.machine, probe, (name) => this.#classes.get(name));
    let mode = values.text("DeliveryMode");
    if (this.#environment.testMode) mode = await this.#enterTestMode();
    this.#macros.set("deliveryMode", mode[0] ?? "i");
  }

  /** Rules and test mode can ask for aliases, too: the map `aliases` asks what the service switch names. */
  #declareAliasMaps(): void {
    const members = this.#aliasFiles.map((_, index) => `Alias${index}`).join(" ");
    for (const [name, mapClass, args] of [
      ["aliases.files", "sequence", members],
      ["aliases", "switch", "aliases"],
    ]) {
      if (!this.#maps.find(name)) this.#maps.declare({ name, mapClass, args });
    }
  }

  /**
   * Test mode never delivers: nothing is held back, and no delivery mode applies.
   * @returns the mode that the command line asked for
   */
  async #enterTestMode(): Promise<string> {
    const mode = this.#options.isSticky("DeliveryMode") ? this.#options.values.text("DeliveryMode") : "";
    for (const text of ["cF", "d"]) {
      const line = parseLine(`O${text}`);
      if (line.kind === "option") await this.#options.apply(line, true);
    }
    return mode;
  }

  config(file: string): Config {
    return assembleConfig({
      file,
      level: this.#level,
      environment: this.#environment,
      macros: this.#macros,
      classes: this.#classes.all,
      classFiles: this.#classes.files,
      rulesets: this.#rulesets,
      mailers: this.#mailers.all,
      maps: this.#maps,
      options: this.#options.values,
      headers: this.#headers,
      daemonPorts: this.#options.daemonPorts,
      clientPorts: this.#options.clientPorts,
      queueGroups: this.#queueGroups,
      filters: this.#filters,
      milterSettings: this.#options.milter,
      aliasFiles: this.#aliasFiles,
      variables: this.#variables,
      precedences: this.#precedences,
    });
  }
}
