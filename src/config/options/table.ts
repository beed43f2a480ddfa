/**
 * The table of options: every name that an O line may hold.
 *
 * The order matters: an abbreviation that fits two names is refused with the first two of this order. Usual builds of the
 * original know these names; what only special builds know is unknown here as there.
 */
import { ADDRESS_OPTIONS } from "./addresses.ts";
import { AUTH_OPTIONS } from "./auth.ts";
import { DELIVERY_OPTIONS } from "./delivery.ts";
import { LIMIT_OPTIONS } from "./limits.ts";
import { MESSAGE_OPTIONS } from "./message.ts";
import { NAME_OPTIONS } from "./names.ts";
import { PROGRAM_OPTIONS } from "./program.ts";
import { QUEUE_OPTIONS } from "./queue.ts";
import { REPORT_OPTIONS } from "./reports.ts";
import { defaultGroup, RIGHTS_OPTIONS } from "./rights.ts";
import type { OptionRow, OptionType } from "./row.ts";
import { SENDER_REPORT_OPTIONS } from "./sender-reports.ts";
import { SENDER_OPTIONS } from "./senders.ts";
import { SERVER_OPTIONS } from "./server.ts";
import { SIGNING_OPTIONS } from "./signing.ts";
import { TIMEOUT_OPTIONS } from "./timeouts.ts";
import { TLS_OPTIONS } from "./tls.ts";

const rows = [
  ...ADDRESS_OPTIONS,
  ...AUTH_OPTIONS,
  ...DELIVERY_OPTIONS,
  ...LIMIT_OPTIONS,
  ...MESSAGE_OPTIONS,
  ...NAME_OPTIONS,
  ...PROGRAM_OPTIONS,
  ...QUEUE_OPTIONS,
  ...REPORT_OPTIONS,
  ...RIGHTS_OPTIONS,
  ...SENDER_OPTIONS,
  ...SENDER_REPORT_OPTIONS,
  ...SERVER_OPTIONS,
  ...SIGNING_OPTIONS,
  ...TIMEOUT_OPTIONS,
  ...TLS_OPTIONS,
];

type AnyRow = (typeof rows)[number];
type NameOf<Type extends OptionType> = Extract<AnyRow, { readonly type: Type }>["name"];

/** An option that exists: a misspelt one does not compile. */
export type OptionName = AnyRow["name"];
export type NumberOption = NameOf<"number" | "octal">;
export type FlagOption = NameOf<"flag">;
export type TimeOption = NameOf<"time">;

/** A row of an option that has a long name. */
export type NamedOption = OptionRow & { readonly name: OptionName };
/** One that has only a letter. */
export type LetterOption = OptionRow & { readonly name: "" };

/** First those with a letter, in this order; then by number; extensions last. */
const LETTERS = "78AaBbCcdEeFfGHhIiJjkKLlmnOopPqQRrSsTtUuVvwXxYyZz";

function place({ code }: OptionRow): number {
  if (code === undefined) return Infinity;
  return typeof code === "string" ? LETTERS.indexOf(code) : code;
}

export const OPTIONS: readonly NamedOption[] = rows
  .map((row) => ({ row, at: place(row) }))
  .toSorted((a, b) => a.at - b.at)
  .map(({ row }) => row);

const byLetter: ReadonlyMap<unknown, NamedOption> = new Map(OPTIONS.map((row) => [row.code, row]));
const byName: ReadonlyMap<string, NamedOption> = new Map(OPTIONS.map((row) => [row.name.toLowerCase(), row]));
const rowOf: ReadonlyMap<OptionName, NamedOption> = new Map(OPTIONS.map((row) => [row.name, row]));

/** Option g has a letter, but no long name: the group of DefaultUser. */
const DEFAULT_GROUP: LetterOption = {
  name: "",
  code: "g",
  type: "text",
  initial: "",
  check: defaultGroup,
  meaning: "group of DefaultUser",
};
/** Option M defines a macro. */
export const DEFINE_MACRO: LetterOption = {
  name: "",
  code: "M",
  type: "text",
  initial: "",
  meaning: "defines a macro",
};

/** The row of an option. */
export function optionRow(name: OptionName): NamedOption {
  const row = rowOf.get(name);
  if (!row) throw new Error(`no option is called ${name}`);
  return row;
}

export function optionByLetter(letter: string): NamedOption | LetterOption | undefined {
  if (letter === "g") return DEFAULT_GROUP;
  if (letter === "M") return DEFINE_MACRO;
  return byLetter.get(letter);
}

export type OptionSearch =
  | { readonly kind: "found"; readonly row: NamedOption; readonly abbreviated: boolean }
  | { readonly kind: "ambiguous"; readonly matches: readonly [string, string] }
  | { readonly kind: "unknown" };

/** An option by its long name, in any letter case, or by an abbreviation that fits no other. */
export function optionByName(name: string): OptionSearch {
  const wanted = name.toLowerCase();
  const exact = byName.get(wanted);
  if (exact) return { kind: "found", row: exact, abbreviated: false };
  const matches = OPTIONS.filter((row) => !row.extension && row.name.toLowerCase().startsWith(wanted));
  if (matches.length === 0) return { kind: "unknown" };
  if (matches.length > 1) return { kind: "ambiguous", matches: [matches[0].name, matches[1].name] };
  return { kind: "found", row: matches[0], abbreviated: true };
}

/** "A" or "0xa1", as -d37 shows it. */
export function optionCode({ code = 0 }: OptionRow): string {
  return typeof code === "string" ? code : `0x${code.toString(16)}`;
}
