/**
 * The shape of a row of the option table: all that is known about one option in one place.
 *
 * Rows are data, written down by topic in the files around; `table.ts` joins them. A default that does not fit its type
 * does not compile.
 */
import type { ConfigMessages } from "../../cf/messages.ts";
import type { MaybePromise } from "../../sys/maybe-promise.ts";
import type { FileUse } from "../../sys/safe-file.ts";
import type { PortOptions } from "../daemon-ports.ts";
import type { ConfigEnvironment } from "../environment.ts";
import type { Setting } from "../setting.ts";
import type { TimeUnit } from "../times.ts";

/** A time as it is written: "5m", or a number in the unit of the option. */
export type WrittenTime = `${number}` | `${number}${TimeUnit}`;

/** Type, value when nothing sets it, and what values there are where the check holds to it. */
type Value =
  | { readonly type: "flag"; readonly initial: boolean }
  /** `least`: a number that is smaller, and not 0, gets a warning. */
  | { readonly type: "number"; readonly initial: number; readonly range?: { readonly least: number } }
  | { readonly type: "octal"; readonly initial: `0${number}` }
  /** `unit` is that of a time without unit. */
  | { readonly type: "time"; readonly initial: WrittenTime; readonly unit: TimeUnit }
  /** `range`: words or letters. `path`: what must be there for who acts on it; `file`: one that can be read. */
  | {
      readonly type: "text";
      readonly initial: string;
      readonly range?: readonly string[];
      readonly path?: FileUse | "file" | "folder" | "its folder";
    };

export type OptionRow = Setting &
  Value & {
    readonly name: string;
    /** Letter of the old one-letter form, or the number that -d37 shows for names without letter. */
    readonly code?: string | number;
    /** May be set by anybody on the command line without losing privileges. */
    readonly safe?: true;
    /** A line does not take the place of those before. */
    readonly adds?: true;
    /** Its name may have a suboption after a dot. */
    readonly suboptions?: true;
    /** The original does not know it. Takes no part in abbreviations. */
    readonly extension?: true;
    /** Looks at a value when it is set; an option without check keeps any text. */
    readonly check?: Check;
  };

export type OptionType = OptionRow["type"];

/** The default as it would be written in a configuration. */
export function writtenDefault(row: OptionRow): string {
  return String(row.initial);
}

/** @returns the text to keep, or undefined when the option stays as it was */
export type Check = (value: string, context: CheckContext) => MaybePromise<string | undefined>;

/** What options change beside their own value. */
export interface OptionEffects {
  /** `name value` of option M. */
  defineMacro(text: string): void;
  /** Member "class:args" of AliasFile; the class is known. */
  addAliasFile(mapClass: string, args: string): void;
  /** A map class of AliasFile, in any letter case. */
  isAliasClass(name: string): boolean;
  /** True when a rule has been cut into tokens: OperatorChars comes too late. */
  rulesRead(): boolean;
}

export interface CheckContext {
  readonly row: OptionRow;
  /** What earlier lines made of the option; undefined when this is the first. */
  readonly before: string | undefined;
  readonly messages: ConfigMessages;
  readonly environment: ConfigEnvironment;
  readonly effects: OptionEffects;
  /** Ports so far. */
  readonly daemonPorts: PortOptions[];
  readonly clientPorts: PortOptions[];
  /** Milter.macros.STAGE and Milter.LogLevel, by suboption in lower case. */
  readonly milter: Map<string, string>;
  readonly suboption: string | undefined;
  /** Where the suboption stands, counted from the value. */
  readonly subAt: number;
  /** The text of an option that another builds on. */
  readonly text: (name: "DefaultUser" | "DontBlameSendmail") => string;
  readonly trace: (text: string) => void;
  /** @param offset index of the time in the value */
  readonly time: (value: string, unit: TimeUnit, offset?: number) => void;
  readonly setTimeout: (name: string, value: string) => void;
}
