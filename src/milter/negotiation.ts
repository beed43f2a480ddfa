/** What a server offers to a filter, what the filter makes of it, and what holds then. */
import {
  ADD_WITH_PARAMETERS,
  allBits,
  CHUNK_1024,
  CHUNK_256,
  EDIT_BITS,
  LEADING_SPACE,
  MACRO_STAGES,
  OLDEST_VERSION,
  REJECTED_RECIPIENTS,
  SET_MACRO_LISTS,
  SKIP,
  STEP_VERSIONS,
  UNANSWERED_BITS,
  UNWANTED_BITS,
  VERSION,
} from "./bits.ts";
import type { Said } from "./answers.ts";
import type { Negotiation } from "./commands.ts";
import type { Edit, MacroLists, Negotiated, Offer, Step } from "./filter.ts";

const KINDS = Object.keys(EDIT_BITS) as Edit["kind"][];
const KB = 1024;

const STEP_BITS = allBits(UNWANTED_BITS) | allBits(UNANSWERED_BITS) | SKIP | REJECTED_RECIPIENTS | LEADING_SPACE;

/** What SMFIC_OPTNEG says. */
export function offeredBits({ edits = new Set(KINDS), chunk = 64 }: Offer): Negotiation {
  let actions = SET_MACRO_LISTS;
  for (const kind of edits) actions |= EDIT_BITS[kind];
  if (edits.has("add-recipient")) actions |= ADD_WITH_PARAMETERS;
  let protocol = STEP_BITS;
  if (chunk >= 256) protocol |= CHUNK_256;
  if (chunk >= 1024) protocol |= CHUNK_1024;
  return { version: VERSION, actions, protocol: protocol >>> 0 };
}

/** Throws RangeError when the filter wants what it was not offered. */
export function agreed(offer: Offer, said: Extract<Said, { kind: "negotiation" }>): Negotiated {
  const offered = offeredBits(offer);
  const { version, actions, protocol, lists } = said;
  if (version < OLDEST_VERSION) throw new RangeError(`version ${version} of the protocol (at least ${OLDEST_VERSION})`);
  demand("actions", actions, offered.actions);
  demand("protocol steps", protocol, offered.protocol);
  const spoken = Math.min(version, VERSION);
  const stepsOf = (table: Readonly<Partial<Record<Step, number>>>): Step[] =>
    (Object.keys(table) as Step[]).filter((step) => (protocol & table[step]!) !== 0);
  const unknown = (Object.keys(STEP_VERSIONS) as Step[]).filter((step) => spoken < STEP_VERSIONS[step]!);
  return {
    version: spoken,
    edits: new Set(KINDS.filter((kind) => asksFor(kind, actions))),
    unwanted: new Set([...stepsOf(UNWANTED_BITS), ...unknown]),
    unanswered: new Set(stepsOf(UNANSWERED_BITS)),
    rejectedRecipients: (protocol & REJECTED_RECIPIENTS) !== 0,
    leadingSpace: (protocol & LEADING_SPACE) !== 0,
    skip: (protocol & SKIP) !== 0,
    chunk: (protocol & CHUNK_1024 ? 1024 : protocol & CHUNK_256 ? 256 : 64) * KB - 1,
    macros: Object.fromEntries(
      MACRO_STAGES.map((stage) => [stage, lists.get(stage) ?? offer.macros[stage]]),
    ) as unknown as MacroLists,
  };
}

function asksFor(kind: Edit["kind"], actions: number): boolean {
  const bits = EDIT_BITS[kind] | (kind === "add-recipient" ? ADD_WITH_PARAMETERS : 0);
  return (actions & bits) !== 0;
}

function demand(what: string, wanted: number, offered: number): void {
  const more = (wanted & ~offered) >>> 0;
  if (more !== 0) throw new RangeError(`${what} 0x${more.toString(16)} that were not offered`);
}
