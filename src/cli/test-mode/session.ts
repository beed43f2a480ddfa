/** One dialogue of test mode: its state, and how it answers. What can be typed is in commands.ts. */
import { asShown } from "../../cf/messages.ts";
import type { Config } from "../../config/config.ts";
import type { ConfigEnvironment } from "../../config/environment.ts";
import type { MacroScope } from "../../rewriting/macro-scope.ts";
import type { RewriteContext } from "../../rewriting/rewriter.ts";
import { EX, type ExitCode } from "../../sys/sysexits.ts";
import { AddressParser } from "../../routing/parse-address.ts";
import type { DebugLevels } from "../debug-levels.ts";
import type { Output } from "../output.ts";
import { tellResolved } from "./parse-trace.ts";
import type { TestTrace } from "./test-trace.ts";
import { TracedScope } from "./traced-scope.ts";

/** What a typed line leads to, beside what it prints. */
export type Outcome = void | "quit";

/** Messages that are more than a remark about an address → what test mode ends with. */
const EXITS: readonly (readonly [RegExp, ExitCode])[] = [
  [/\(8-bit character\)$|^8-bit character /, EX.USAGE],
  [/^rewrite: |^Infinite loop |^Unknown ruleset |^expand: |^buildaddr: /, EX.SOFTWARE],
  [/ macro\/class|^Macro\/class name |^Unbalanced \{|^Unable to assign /, EX.SOFTWARE],
  [/^invalid ruleset name: |^bad ruleset /, EX.SOFTWARE],
  // Maps that cannot be used. What the machine refused has a status of its own.
  [/^(?:\w+ map "[^"]*"|ldap_init\/ldap_bind failed to .*): .*: [A-Z][a-z /]+$/, EX.OSERR],
  [/^(?:text|hash|btree|dbm|cdb|implicit|socket) map "/, EX.SOFTWARE],
  [/^(?:User|Switch) map |^prog_map_lookup\(|^field \(-?[0-9]+\) out of range, /, EX.SOFTWARE],
];

export class TestSession {
  readonly config: Config;
  readonly levels: DebugLevels;
  readonly trace: TestTrace;
  readonly parser: AddressParser;
  /** What /parse and /try take the address for. */
  role: "sender" | "recipient" = "recipient";
  part: "envelope" | "header" = "envelope";
  exit: number;
  /** A person types, at a terminal. */
  typed = false;
  /** -v: what is typed is shown again, behind the prompt that does not come before. */
  readonly verbose: boolean;
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
    this.parser = new AddressParser(config, { trace, resolved: (tokens) => tellResolved(this, tokens) });
    this.exit = exit;
    this.verbose = config.options.flag("Verbose");
    this.#output = output;
    this.setRole(this.part, this.role);
  }

  /** Macros as typed commands see and set them: those of the configuration itself. */
  get scope(): MacroScope {
    const { macros } = this.config;
    return this.trace.level(35) < 9 ? macros : new TracedScope(macros, (line) => this.say(line));
  }

  get context(): RewriteContext {
    return { scope: this.scope, message: (text) => this.complain(text), deferred: false };
  }

  /**
   * A message of the rewriting engine or about what was typed. Serious ones show in the exit status.
   * @param before what stands on the line already
   */
  complain(text: string, before = ""): void {
    this.say(before + asShown(text));
    const exit = EXITS.find(([form]) => form.test(text))?.[1] ?? EX.OK;
    if (exit === EX.SOFTWARE && this.exit === EX.OK && this.trace.level(54) >= 1)
      this.say(`syserr: ExitStat = ${exit}`);
    if (this.exit === EX.OK) this.noteStatus(exit);
  }

  say(text: string): void {
    this.#output.line(text);
  }

  /** The beginning of a line. */
  print(text: string): void {
    this.#output.print(text);
  }

  setRole(part: "envelope" | "header", role: "sender" | "recipient"): void {
    this.part = part;
    this.role = role;
    this.scope.set("addr_type", `${part[0]} ${role[0]}`);
  }

  /** The first failure shows in the exit status. One that may go away gives way to that of another address, not to a message. */
  noteStatus(status: number): void {
    if (status !== EX.OK && (this.exit === EX.OK || this.exit === EX.TEMPFAIL)) this.exit = status;
  }
}
