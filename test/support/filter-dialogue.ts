/** A dialogue with a scripted filter, for tests of what is said in it. */
import type { Edit, FilterConnection, MacroLists, Offer } from "../../src/milter/filter.ts";
import { openFilter } from "../../src/milter/open-filter.ts";
import { type Scenario, scriptedFilter, type ScriptedFilter } from "./scripted-filter.ts";

export const NO_MACROS: MacroLists = { connect: [], helo: [], envfrom: [], envrcpt: [], data: [], eoh: [], eom: [] };
export const noMacros = (): undefined => undefined;
export const TAKE: (edit: Edit) => void = () => undefined;

const opened: (() => unknown)[] = [];

/** A filter with that script, and a connection to it; `closeDialogues` ends both. */
export async function dialogue(
  scenario: Scenario = {},
  offer: Partial<Offer> = {},
): Promise<{ filter: ScriptedFilter; connection: FilterConnection }> {
  const filter = await scriptedFilter(scenario);
  opened.push(() => filter.close());
  const connection = await openFilter(filter.settings, { macros: NO_MACROS, ...offer });
  opened.push(() => connection.close(false));
  return { filter, connection };
}

/** For afterEach. */
export async function closeDialogues(): Promise<void> {
  for (const close of opened.splice(0).toReversed()) await close();
}

/** Says MAIL and RCPT. */
export async function begin(connection: FilterConnection): Promise<void> {
  await connection.mail(noMacros, "<a@x.example>", []);
  await connection.rcpt(noMacros, "<b@y.example>", []);
}

/** Resolves when the filter has heard that. */
export async function heard(filter: ScriptedFilter, line: string): Promise<void> {
  while (!filter.transcript.includes(line)) await new Promise((go) => setImmediate(go));
}
