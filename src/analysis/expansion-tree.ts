/**
 * Who gets mail for an address, as a tree: aliases, `.forward` files and lists with their members, each with the line that
 * names it and what becomes of it. It is the work of a delivery (routing/recipients.ts), watched; nothing is kept.
 */
import type { Recipient } from "../envelope/recipient.ts";
import type { ExpansionContext, OpenedList } from "../routing/expansion.ts";
import type { AliasOrigins } from "../routing/expansion-lines.ts";
import { expandRecipients } from "../routing/recipients.ts";

export interface ExpandedAddress {
  readonly given: string;
  /** "/etc/mail/aliases: line 3"; absent for what was asked. */
  readonly origin?: string;
  /** What it stands for, when it was opened. */
  readonly list?: OpenedList;
  readonly outcome: "list" | "deliverable" | "duplicate" | "discarded" | "refused" | "later";
  /** "mailer local, user ann", or what was said about it; "" for the others. */
  readonly text: string;
  /** "a -> b -> a": it names one of its own ancestors. */
  readonly circle?: string;
  readonly members: readonly ExpandedAddress[];
}

export async function expandedAddress(
  context: Omit<ExpansionContext, "watch">,
  given: string,
  originOf: AliasOrigins,
): Promise<ExpandedAddress> {
  const origins = new Map<number, string>();
  const lists = new Map<number, OpenedList>();
  const ways = new Map<number, string>();
  const watch = {
    placed: (index: number, origin: string | undefined) => void (origin && origins.set(index, origin)),
    opened: (index: number, list: OpenedList) => void lists.set(index, list),
    circle: (index: number, way: string) => void ways.set(index, way),
  };
  const asked: Recipient = { given, state: "todo" };
  const { changes, added } = await expandRecipients({ ...context, watch }, [asked], [0]);
  const all: readonly Recipient[] = [{ ...asked, ...changes.find(({ index }) => index === 0) }, ...added];
  const members = new Map<number | undefined, number[]>();
  all.forEach(({ parent }, index) => {
    const siblings = members.get(parent);
    if (siblings === undefined) members.set(parent, [index]);
    else siblings.push(index);
  });
  const lines = new Map<string, string | undefined>();
  const aliasLine = (name: string): string | undefined => {
    if (!lines.has(name)) lines.set(name, originOf(name));
    return lines.get(name);
  };
  const tree = (index: number): ExpandedAddress => {
    const { parent } = all[index];
    const above = parent === undefined ? undefined : lists.get(parent);
    const origin = origins.get(index) ?? (above?.kind === "alias" ? aliasLine(above.name) : undefined);
    const list = lists.get(index);
    const circle = ways.get(index);
    return {
      given: all[index].given,
      ...(origin === undefined ? {} : { origin }),
      ...(list === undefined ? {} : { list }),
      ...outcomeOf(all[index], list),
      ...(circle === undefined ? {} : { circle }),
      members: (members.get(index) ?? []).map(tree),
    };
  };
  return tree(0);
}

function outcomeOf(
  { state, status, resolved }: Recipient,
  list: OpenedList | undefined,
): Pick<ExpandedAddress, "outcome" | "text"> {
  switch (state) {
    case "failed":
      return { outcome: "refused", text: [status?.status, status?.text].filter(Boolean).join(" ") };
    case "deferred":
      return { outcome: "later", text: status?.text ?? "" };
    case "duplicate":
      return { outcome: "duplicate", text: "" };
    case "discarded":
      return { outcome: "discarded", text: "" };
    default: {
      if (list !== undefined || resolved === undefined) return { outcome: "list", text: "" };
      const { mailer, host, user } = resolved;
      return { outcome: "deliverable", text: `mailer ${mailer}, ${host === "" ? "" : `host ${host}, `}user ${user}` };
    }
  }
}

const LIST_NOUNS = { alias: "alias", forward: "forwards as", include: "list" } as const;

/**
 * The tree in lines, members below their lists:
 *
 *     staff: alias staff
 *       ann: mailer local, user ann (/etc/mail/aliases: line 3)
 */
export function* expansionLines(address: ExpandedAddress, indent = ""): Generator<string, void, undefined> {
  const { given, origin, list, outcome, text, circle, members } = address;
  const what = list === undefined ? "" : `${LIST_NOUNS[list.kind]} ${list.name}`;
  const said = outcome === "duplicate" ? "named before" : outcome === "discarded" ? "discarded" : text;
  const words = [
    circle === undefined ? what : `circle ${circle}`,
    said,
    origin === undefined ? "" : `(${origin})`,
  ].filter(Boolean);
  yield `${indent}${given}: ${words.join(" ")}`;
  for (const member of members) yield* expansionLines(member, `${indent}  `);
}

/** Whether somebody in the tree is refused, or cannot be told now. */
export function worstOutcome({ outcome, members }: ExpandedAddress): "refused" | "later" | undefined {
  if (outcome === "refused") return "refused";
  const below = members.map(worstOutcome);
  if (below.includes("refused")) return "refused";
  return outcome === "later" || below.includes("later") ? "later" : undefined;
}
