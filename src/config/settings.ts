/**
 * All settings by kind and name, and which of them this server reads, checks and keeps without acting on them: for `-bO`,
 * `-bC`, docs/options.md, and a test that compares it with what the code asks for.
 */
import { FILTER_EQUATES, MAILER_EQUATES, PORT_EQUATES, PORT_MODIFIERS, QUEUE_EQUATES } from "./equates.ts";
import { MAILER_FLAGS } from "./mailer-flags.ts";
import { OPTIONS } from "./options/table.ts";
import { TIMEOUTS } from "./options/timeouts.ts";
import { NOT_YET } from "./reasons.ts";
import type { Setting } from "./setting.ts";

export type SettingKind =
  | "option"
  | "timeout"
  | "mailer flag"
  | "mailer equate"
  | "queue equate"
  | "filter equate"
  | "port equate"
  | "port modifier";

type Settings = ReadonlyMap<string, Setting>;

function byName(rows: Readonly<Record<string, Setting>>): Settings {
  return new Map(Object.entries(rows));
}

export const SETTINGS: Readonly<Record<SettingKind, Settings>> = {
  option: new Map(OPTIONS.map((row) => [row.name, row])),
  timeout: new Map(TIMEOUTS.map((row) => [row.name, row])),
  "mailer flag": byName(MAILER_FLAGS),
  "mailer equate": byName(MAILER_EQUATES),
  "queue equate": byName(QUEUE_EQUATES),
  "filter equate": byName(FILTER_EQUATES),
  "port equate": byName(PORT_EQUATES),
  "port modifier": byName(PORT_MODIFIERS),
};

/** Why a setting has no effect; undefined when it has one, or when no such thing is known. */
export function notActedOn(kind: SettingKind, name: string): string | undefined {
  return SETTINGS[kind].get(name)?.notActedOn;
}

/** What happens because nothing acts on a setting that protects; undefined for all other settings. */
export function withoutProtection(kind: SettingKind, name: string): string | undefined {
  return SETTINGS[kind].get(name)?.without;
}

/** Whether the reason is one cause behind several settings, and not only that nobody got to it. */
export function isSharedCause(reason: string): boolean {
  return (
    reason !== NOT_YET &&
    Object.values(SETTINGS).some((rows) => [...rows.values()].filter((row) => row.notActedOn === reason).length > 1)
  );
}
