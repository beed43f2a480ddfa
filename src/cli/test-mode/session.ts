/** One dialogue of test mode: its state, and the table of what the first character of a line asks for. */
import { asShown } from "../../cf/messages.ts";
import type { Config } from "../../config/config.ts";
import type { ConfigEnvironment } from "../../config/environment.ts";
import type { MacroScope } from "../../rewriting/macro-scope.ts";
import type { RewriteContext } from "../../rewriting/rewriter.ts";
import { AddressParser } from "../../routing/parse-address.ts";
import { LANGUAGE_VERSION } from "../../config/version.ts";
import type { DebugLevels } from "../debug-levels.ts";
import type { Output } from "../output.ts";
import { define } from "./define.ts";
import { list } from "./list.ts";
import { runRulesets } from "./rulesets.ts";
import { show } from "./show.ts";
import { slashCommand } from "./slash-commands.ts";
import type { TestTrace } from "./test-trace.ts";

export type Outcome = void | "quit";
type Command = (session: TestSession, line: string) => Outcome | Promise<Outcome>;

const COMMANDS: Readonly<Record<string, Command>> = {
  "#": () => undefined,
  "?": (session) => session.say(`Sendmail ${LANGUAGE_VERSION} -- HELP not implemented`),
  ".": define,
  "=": list,
  "-": setDebug,
  $: show,
  "/": slashCommand,
};

export class TestSession {
  readonly config: Config;
  readonly levels: DebugLevels;
  readonly trace: TestTrace;
  readonly parser: AddressParser;
  /** What /parse and /try take the address for. */
  role: "sender" | "recipient" = "recipient";
  part: "envelope" | "header" = "envelope";
  exit: number;
  /** Name servers and hosts file for /mx and /canon. */
  readonly world: Pick<ConfigEnvironment, "machine" | "resolver">;
  readonly #output: Output;

  constructor(
    config: Config,
    world: Pick<ConfigEnvironment, "machine" | "resolver">,
    levels: DebugLevels,
    trace: TestTrace,
    output: Output,
    exit: number,
  ) {
    this.config = config;
    this.world = world;
    this.levels = levels;
    this.trace = trace;
    this.parser = new AddressParser(config);
    this.exit = exit;
    this.#output = output;
    this.setRole(this.part, this.role);
  }

  /** Macros as typed commands see and set them: those of the configuration itself. */
  get scope(): MacroScope {
    return this.config.macros;
  }

  get context(): RewriteContext {
    return { scope: this.scope, message: (text) => this.say(asShown(text)), deferred: false };
  }

  say(text: string): void {
    this.#output.line(text);
  }

  setRole(part: "envelope" | "header", role: "sender" | "recipient"): void {
    this.part = part;
    this.role = role;
    this.scope.set("addr_type", `${part[0]} ${role[0]}`);
  }

  /** A failing look-up or limit shows in the exit status, unless something failed before. */
  noteStatus(status: number): void {
    if (status !== 0 && this.exit === 0) this.exit = status;
  }

  run(line: string): Outcome | Promise<Outcome> {
    const text = line.replace(/\r$/, "").replace(/^[ \t\v\f]+/, "");
    if (text === "") return undefined;
    return (COMMANDS[text[0]] ?? runRulesets)(this, text);
  }
}

/** -d: debug levels; alone it sets all categories to 1. */
function setDebug(session: TestSession, line: string): void {
  if (line === "-") return session.say("Usage: -d{debug arguments}");
  if (line[1] !== "d") return session.say(`Unknown "-" command ${line}`);
  session.levels.set(line.slice(2).trim());
}
