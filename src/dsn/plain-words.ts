/**
 * What happened, and what the reader can do, in words for people who know nothing of mail servers: one paragraph for each kind
 * of outcome in a report. The table says which words belong to which status (RFC 3463); the first row that fits counts.
 *
 *     Your message has not reached <joe@b.test>: nobody there has this address. Look for typing
 *     errors in it, or ask for the right address in another way; sending it again does not help.
 */
import type { RecipientStatus } from "../envelope/status.ts";
import type { ReportedRecipient, ReportPlan } from "./decide.ts";

/** The end of the first sentence, and advice. */
interface Words {
  readonly what: string;
  readonly advice: string;
}

interface Row extends Words {
  /** RFC 3463 codes, anchored. */
  readonly status: RegExp;
  /** What else has to be so. */
  readonly also?: (status: RecipientStatus) => boolean;
}

const isProgram = ({ diagnostic, exit }: RecipientStatus): boolean =>
  diagnostic?.type.toLowerCase() === "x-unix" || (diagnostic === undefined && exit !== undefined);

const FAILED: readonly Row[] = [
  {
    status: /^5\.4\.7/,
    what: "it could not be there in the time that was asked for",
    advice: "If it may arrive later, send it again without this wish.",
  },
  {
    status: /^4\.4\.7/,
    what: "it was tried again and again, without success, and is given up now",
    advice:
      "What was said at the last attempt stands below. Send it again later, or reach the recipient in another way.",
  },
  {
    status: /^5\.1\.[16]$/,
    what: "nobody there has this address",
    advice:
      "Look for typing errors in it, or ask for the right address in another way; sending it again does not help.",
  },
  {
    status: /^5\.1\.10$/,
    what: "this domain takes no mail",
    advice: "Look for typing errors behind the @; the recipient may have another address.",
  },
  {
    status: /^5\.(?:1\.2|4\.4)$/,
    what: "the part of the address behind the @ does not exist, or no mail can be sent there",
    advice: "Look for typing errors in it, or ask for the right address in another way.",
  },
  {
    status: /^5\.1\.3$/,
    what: "what was written is not a mail address",
    advice: "Correct the address and send the message again.",
  },
  {
    status: /^5\.1\.[78]$/,
    what: "your own address, as the sender, was refused",
    advice: "Look at the settings of your mail program, or show this message to whoever runs your mail.",
  },
  {
    status: /^5\.2\.1$/,
    what: "this mailbox takes no mail any more",
    advice: "Ask the recipient in another way which address to use.",
  },
  {
    status: /^5\.2\.2$/,
    what: "the mailbox is full",
    advice: "Tell the recipient in another way, and send it again when there is room.",
  },
  {
    status: /^5\.(?:2\.3|3\.4)$/,
    what: "it is larger than what is taken there",
    advice: "Send it in smaller parts, or leave large files where the recipient can fetch them.",
  },
  {
    status: /^5\.2\.4$/,
    what: "the list of recipients there cannot be read",
    advice: "Show this message to whoever looks after the list.",
  },
  {
    status: /^5\.4\.6$/,
    what: "it was sent round in a circle",
    advice: "Nothing is wrong with your message; show this report to whoever runs the mail of the recipient's domain.",
  },
  {
    status: /^5\.6\.7$/,
    what: "an address in it has letters that a server on the way cannot handle",
    advice: "Use addresses with the letters a to z only, your own one too; many people have one for such cases.",
  },
  {
    status: /^5\.6\./,
    what: "a server on the way cannot handle its contents",
    advice: "Send it in another form: as plain text, or without what is attached.",
  },
  {
    status: /^5\.7\.(?:2[0-9]|30)$/,
    what: "the other side could not be convinced that it comes from you",
    advice: "Send it from the servers of your own domain, or show this message to whoever runs your mail.",
  },
  {
    status: /^5\.7\.(?:10|4)$|^5\.7\.5/,
    what: "it could not be sent there as safely as is demanded",
    advice: "Show this message to whoever runs your mail.",
  },
  {
    status: /^5\.7\./,
    what: "it was refused by a rule there",
    advice:
      "The reason that was given stands below. If you think that it is wrong, show this message to the recipient, in another way, or to whoever runs your mail.",
  },
  {
    status: /^5\./,
    also: isProgram,
    what: "the program that was to take it there did not",
    advice: "What the program said stands below; whoever runs the mail of the recipient can do something about it.",
  },
  {
    status: /^5\.5\./,
    what: "two servers on the way did not understand each other",
    advice: "Nothing is wrong with your message; show this report to whoever runs your mail.",
  },
];

const OTHER_FAILURE: Words = {
  what: "it was refused for good",
  advice: "The reason that was given stands below. Sending it again helps only when the reason is gone.",
};

const WAIT = "There is nothing that you have to do: it is tried again, and you hear of it should that not help.";

const DELAYED: readonly Row[] = [
  { status: /^4\.2\.2$/, what: "the mailbox is full", advice: WAIT },
  { status: /^4\.2\./, what: "the mailbox takes no mail at the moment", advice: WAIT },
  { status: /^4\.7\./, what: "the other side wants to see it again later before it takes it", advice: WAIT },
  { status: /^4\.(?:4\.3|1\.2)$/, what: "nobody could say where mail for this domain goes", advice: WAIT },
  { status: /^4\.4\./, what: "the other side cannot be reached at the moment", advice: WAIT },
  { status: /^4\.3\./, what: "a server has no room, or something to be put right, at the moment", advice: WAIT },
];

const OTHER_DELAY: Words = { what: "it was asked to come back later", advice: WAIT };

/** What a report is about, and the paragraph for it. */
export type Kind = "failed" | "delayed" | "delivered" | "relayed" | "expanded" | "list";

export function kindOf({ action, toList }: RecipientStatus): Kind {
  return action === "expanded" && toList === true ? "list" : action;
}

function wordsFor(status: RecipientStatus): Words {
  const [rows, other] = status.action === "failed" ? [FAILED, OTHER_FAILURE] : [DELAYED, OTHER_DELAY];
  return rows.find((row) => row.status.test(status.status) && row.also?.(status) !== false) ?? other;
}

const GOOD: Readonly<Record<Exclude<Kind, "failed" | "delayed">, (names: string) => string>> = {
  delivered: (names) => `Your message is in the mailbox of ${names}. Whether it has been read is not known.`,
  relayed: (names) =>
    `Your message is on its way to ${names}: it has been handed to a server that will not tell when it arrives.`,
  expanded: (names) =>
    `Your message to ${names} goes to several people now. You will not hear of each who gets it, only of failures.`,
  list: (names) =>
    `Your message has reached the list ${names}, which sends it on in its own name. You will not hear of its members.`,
};

/** Names in one paragraph. */
const MOST_NAMES = 3;
/** Paragraphs in one report: a list whose members fail in ten ways has its details below. */
const MOST_PARAGRAPHS = 4;
const WIDTH = 76;

/**
 * The paragraphs, as lines with an empty one between them.
 * @param name how a recipient is called: as the reader has written him
 */
export function plainWords(plan: ReportPlan, name: (recipient: ReportedRecipient) => string): string[] {
  const { kind, failed, delayed, delivered } = plan;
  const paragraphs = new Map<string, { readonly names: Set<string>; readonly text: (names: string) => string }>();
  for (const each of [...failed, ...delayed, ...delivered]) {
    const { key, text } = paragraphOf(each.status);
    const known = paragraphs.get(key);
    if (known !== undefined) known.names.add(name(each));
    else paragraphs.set(key, { names: new Set([name(each)]), text });
  }
  const texts = [...paragraphs.values()].map(({ names, text }) => text(listOf([...names])));
  const shown = texts.slice(0, MOST_PARAGRAPHS);
  if (texts.length > shown.length) shown.push("What became of the other recipients stands below.");
  const own = kind === "notice" ? [] : [FOR_POSTMASTERS[kind]];
  return [...own, ...shown].flatMap((text, at) => [...(at === 0 ? [] : [""]), ...wrapped(text)]);
}

const FOR_POSTMASTERS: Readonly<Record<Exclude<ReportPlan["kind"], "notice">, string>> = {
  "double-bounce":
    "You get this as the postmaster: the message below has no sender who could be told. Nobody else hears of it; mostly there is nothing to do, unless many come, or its recipient is one of yours.",
  "postmaster-copy": "You get this as the postmaster; the sender of the message has been told in these words:",
};

function paragraphOf(status: RecipientStatus): { readonly key: string; readonly text: (names: string) => string } {
  const kind = kindOf(status);
  if (kind !== "failed" && kind !== "delayed") return { key: kind, text: GOOD[kind] };
  const { what, advice } = wordsFor(status);
  const verb = kind === "failed" ? "has not reached" : "has not yet reached";
  return { key: `${kind} ${what}`, text: (names) => `Your message ${verb} ${names}: ${what}. ${advice}` };
}

/** "a", "a and b", "a, b, c and 12 others" */
function listOf(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES);
  const more = names.length - shown.length;
  if (more > 0) shown.push(more === 1 ? "one other" : `${more} others`);
  const last = shown.pop() ?? "";
  return shown.length === 0 ? last : `${shown.join(", ")} and ${last}`;
}

/** Words longer than a line stay whole: they are addresses. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
