/** The ARC sets of a message: for each hop that sealed it three fields with the same instance number (RFC 8617 §4.2). */
import type { HeaderField } from "../../mail/header.ts";
import type { SignableHeader } from "../dkim/signable-header.ts";
import { parseTagList, type TagList } from "../dkim/tag-list.ts";

export interface ArcSet {
  readonly seal: TaggedField;
  readonly message: TaggedField;
  readonly results: HeaderField;
  /** cv= of the seal: what its hop found out about the chain before it. */
  readonly validation: string;
}

export interface TaggedField {
  readonly field: HeaderField;
  readonly tags: TagList;
}

/** RFC 8617 §4.2.1 */
export const MOST_INSTANCES = 50;

export type ArcSets =
  /** From i=1 on; none when the message was never sealed. */
  | { readonly kind: "sets"; readonly sets: readonly ArcSet[] }
  | {
      readonly kind: "broken";
      readonly reason: string;
      /** The highest number that any field has. */
      readonly highest: number;
      /** Somebody has said so before, on top of all. */
      readonly ended: boolean;
    };

interface Found {
  readonly instance: number;
  readonly field: HeaderField;
  readonly tags?: TagList;
}

export const SEAL = "arc-seal";
export const MESSAGE_SIGNATURE = "arc-message-signature";
export const RESULTS = "arc-authentication-results";

/** Structure only (RFC 8617 §5.2, steps 1 to 3); no signature is looked at. */
export function arcSetsOf(header: SignableHeader): ArcSets {
  const kinds = [SEAL, MESSAGE_SIGNATURE, RESULTS].map((name) => header.all(name));
  const [seals, messages, results] = kinds;
  if (kinds.every((fields) => fields.length === 0)) return { kind: "sets", sets: [] };
  if (kinds.some((fields) => fields.length > MOST_INSTANCES)) {
    return broken(`more than ${MOST_INSTANCES} sets`, MOST_INSTANCES, false);
  }
  const read = [...seals.map(readTagged), ...messages.map(readTagged), ...results.map(readResults)];
  const good = read.filter((each) => typeof each !== "string");
  const highest = Math.max(0, ...good.map(({ instance }) => instance));
  const ended = good.some(({ instance, tags }) => instance === highest && tags?.get("cv")?.value === "fail");
  const fault = read.find((each) => typeof each === "string");
  if (fault !== undefined) return broken(fault, highest, ended);
  if (ended) return broken(`the chain had failed before i=${highest} was sealed`, highest, ended);
  return joined(good, highest);
}

/** Each number from 1 on exactly once among the fields of each kind. */
function joined(found: readonly Found[], highest: number): ArcSets {
  const sets: ArcSet[] = [];
  for (let instance = 1; instance <= highest; instance++) {
    const [seal, message, results] = [SEAL, MESSAGE_SIGNATURE, RESULTS].map((name) =>
      found.filter((each) => each.instance === instance && each.field.name.toLowerCase() === name),
    );
    if (![seal, message, results].every(({ length }) => length === 1)) {
      return broken(`the set of i=${instance} is not complete, or has a field twice`, highest, false);
    }
    const validation = seal[0].tags?.get("cv")?.value ?? "";
    if (validation !== (instance === 1 ? "none" : "pass")) {
      return broken(`cv= of i=${instance} is not as it must be`, highest, false);
    }
    sets.push({ seal: tagged(seal[0]), message: tagged(message[0]), results: results[0].field, validation });
  }
  return { kind: "sets", sets };
}

function broken(reason: string, highest: number, ended: boolean): ArcSets {
  return { kind: "broken", reason, highest, ended };
}

function tagged({ field, tags }: Found): TaggedField {
  return { field, tags: tags ?? new Map() };
}

function readTagged(field: HeaderField): Found | string {
  const tags = parseTagList(field.value);
  if (typeof tags === "string") return `${field.name}: ${tags}`;
  const instance = numberOf(tags.get("i")?.value ?? "");
  return instance === undefined ? `${field.name}: no instance number` : { instance, field, tags };
}

/** `i=1; mx.example.org; spf=pass ...` (RFC 8617 §4.1.1) */
const RESULTS_START = /^[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]+)[ \t\r\n]*;/;

function readResults(field: HeaderField): Found | string {
  const instance = numberOf(RESULTS_START.exec(field.value)?.[1] ?? "");
  return instance === undefined ? `${field.name}: no instance number in front` : { instance, field };
}

/** What stands behind the instance number. */
export function withoutInstance(field: HeaderField): string {
  return field.value.replace(RESULTS_START, "").trim();
}

function numberOf(text: string): number | undefined {
  const number = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= MOST_INSTANCES ? number : undefined;
}
