/** The table of options: its order, and what does not compile. */
import { expect, test } from "@jest/globals";
import type { Options } from "../../../src/config/config.ts";
import { OptionValues } from "../../../src/config/option-values.ts";
import type { OptionRow } from "../../../src/config/options/row.ts";
import { optionByLetter, optionByName, optionCode, OPTIONS } from "../../../src/config/options/table.ts";
import { TIMEOUTS } from "../../../src/config/options/timeouts.ts";

test("no name, letter or number stands for two options", () => {
  // Options that the original does not know have no letter or number.
  const codes = OPTIONS.map(({ code }) => code).filter((code) => code !== undefined);
  for (const keys of [OPTIONS.map(({ name }) => name.toLowerCase()), codes]) {
    expect(keys.length).toBe(new Set(keys).size);
  }
  const timeouts = TIMEOUTS.map(({ name }) => name);
  expect(timeouts.length).toBe(new Set(timeouts).size);
});

test("the order is that of the original: letters, then numbers, then what only this server knows", () => {
  const codes = OPTIONS.map(optionCode);
  expect(codes.filter((code) => code.length === 1).join("")).toBe("78AaBbCcdEeFfGHhIiJjkKLlmnOopPqQRrSsTtUuVvwXxYyZz");
  const numbers = OPTIONS.flatMap(({ code }) => (typeof code === "number" ? [code] : []));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(OPTIONS.at(-1)?.extension).toBe(true);
  expect(OPTIONS.findIndex(({ code }) => typeof code === "number")).toBe(
    codes.filter((code) => code.length === 1).length,
  );
});

test.each([
  ["priv", "PrivacyOptions"],
  ["queued", "QueueDirectory"],
  ["MAXHOPCOUNT", "MaxHopCount"],
  ["dane", "DANE"],
])("%s is %s", (typed, name) => {
  const found = optionByName(typed);
  expect(found.kind === "found" ? found.row.name : found.kind).toBe(name);
});

test.each([
  ["p", ["PrivacyOptions", "PostmasterCopy"]],
  ["q", ["QueueFactor", "QueueDirectory"]],
  ["connection", ["ConnectionCacheSize", "ConnectionCacheTimeout"]],
])("%s may mean two, and the first two are told", (typed, matches) => {
  expect(optionByName(typed)).toEqual({ kind: "ambiguous", matches });
});

test("an extension has no abbreviation, and an empty letter is no option", () => {
  expect(optionByName("DAN").kind).toBe("unknown");
  expect(optionByLetter("")).toBeUndefined();
});

test("a default is what nobody has set, typed", () => {
  const values: Options = new OptionValues();
  expect([values.flag("SendMimeErrors"), values.number("MaxHopCount"), values.time("AliasWait")]).toEqual([
    true,
    25,
    600_000,
  ]);
  expect([values.number("TempFileMode"), values.timeout("queuereturn.dsn"), values.isSet("Timeout.rcpt")]).toEqual([
    0o600,
    432_000_000,
    false,
  ]);
});

// What is checked here is that the next lines do not compile: `npm run types` fails when one of them does.
export function misspelt(values: OptionValues): readonly unknown[] {
  return [
    // @ts-expect-error no such option
    values.text("MaxHopCuont"),
    // @ts-expect-error a flag, not a number
    values.number("SendMimeErrors"),
    // @ts-expect-error a number, not a time
    values.time("MaxHopCount"),
    // @ts-expect-error no such timeout
    values.timeout("qeuereturn"),
    // @ts-expect-error no such timeout
    values.isSet("Timeout.recpt"),
  ];
}
const meaning = "of no option";
export const WRONG: readonly OptionRow[] = [
  // @ts-expect-error a flag is true or false
  { name: "A", type: "flag", initial: "true", meaning },
  // @ts-expect-error a number has no text
  { name: "B", type: "number", initial: "10", meaning },
  // @ts-expect-error a time has a unit
  { name: "C", type: "time", initial: "10m", meaning },
  // @ts-expect-error no unit is called x
  { name: "D", type: "time", initial: "10x", unit: "m", meaning },
  // @ts-expect-error every option has a meaning
  { name: "E", type: "text", initial: "" },
  // @ts-expect-error who acts on an option does not say what happens without
  { name: "F", type: "text", initial: "", meaning, without: "nothing is protected" },
];
