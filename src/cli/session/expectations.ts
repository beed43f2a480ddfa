/** What a saved session expects of a site, and where the site decides otherwise. */
import type { Testimony } from "../../reception/evidence.ts";
import type { Exchange } from "./play.ts";
import { type Expectation, type Settings, SETTINGS, written } from "./script.ts";
import { answerWords, nameOf } from "./session-text.ts";

/** One exchange that did not go as expected. */
export interface Difference {
  readonly exchange: Exchange;
  readonly changes: readonly Change[];
}

export interface Change {
  readonly line: number;
  readonly expected: string;
  readonly found: string;
  /** Who decided otherwise. */
  readonly testimony?: Testimony;
}

export function differenceOf(exchange: Exchange): Difference | undefined {
  const replies = [...exchange.replies];
  const changes = exchange.expected.flatMap((each) => changeOf(each, exchange, replies) ?? []);
  return changes.length === 0 ? undefined : { exchange, changes };
}

/** @param replies those that no expectation was about yet */
function changeOf(expectation: Expectation, exchange: Exchange, replies: string[]): Change | undefined {
  const { line, text, by } = expectation;
  if (by === undefined) {
    const found = replies.shift();
    if (found !== undefined && begins(found, text)) return undefined;
    return { line, expected: text, found: found ?? "(no reply)" };
  }
  const about = exchange.testimonies.filter((each) => nameOf(each).toLowerCase() === by.toLowerCase());
  if (about.some(({ answer }) => begins(answerWords(answer), text))) return undefined;
  const [testimony] = about;
  const found = testimony === undefined ? "(not asked)" : answerWords(testimony.answer);
  return {
    line,
    expected: `${by}: ${text}`,
    found: `${by}: ${found}`,
    ...(testimony === undefined ? {} : { testimony }),
  };
}

/** Whether a text begins with these words. */
function begins(text: string, words: string): boolean {
  return text === words || (text.startsWith(words) && (words === "" || /[\s,-]/.test(text[words.length])));
}

/** A script of what was said, with what came of it as its expectations. */
export function savedScript(settings: Settings, exchanges: readonly Exchange[]): string {
  const head = SETTINGS.flatMap((name) => (settings.get(name) ?? []).map((value) => `@${name} ${value}`));
  const said = exchanges.flatMap((each) => {
    // What options make is made again; a message that was kept back stands where it stood.
    if (each.kind === "connect") return expectationsOf(each);
    if (each.line === undefined || (each.kind === "unsaid" && !each.said.endsWith("\r\n"))) return [];
    return [saidText(each), ...expectationsOf(each)];
  });
  return `${[...head, ...said].join("\n")}\n`;
}

function saidText({ kind, said }: Exchange): string {
  const text = said.replaceAll("\r\n", "\n").replace(/\n$/, "");
  return kind === "message" || kind === "unsaid" ? text : written(text);
}

function expectationsOf(exchange: Exchange): string[] {
  const { replies, testimonies, said, kind } = exchange;
  const isRefused = testimonies.some(({ answer }) => answer.kind === "refuse" || answer.kind === "defer");
  const goesOn = kind === "command" && /^RCPT\b/i.test(said) && !isRefused;
  const verdicts = new Map<string, string>();
  for (const each of testimonies) {
    if (each.answer.kind === "says" || each.ruleset === "address") continue;
    // What is refused stands in the reply.
    const words = "reply" in each.answer ? each.answer.kind : answerWords(each.answer);
    verdicts.set(nameOf(each), words);
  }
  // The address itself comes first, then what it is an alias of.
  const address = goesOn ? testimonies.find(({ ruleset }) => ruleset === "address") : undefined;
  if (address !== undefined) verdicts.set("address", answerWords(address.answer));
  return [
    ...replies.map((reply) => `= ${remarkable(reply)}`),
    ...[...verdicts].map(([name, words]) => `= ${name}: ${words}`),
  ];
}

/** A refusal as a whole; of everything else its codes: the words may have a time or a queue id in them. */
function remarkable(reply: string): string {
  const codes = /^[0-9]{3}(?:[ -][0-9]\.[0-9]{1,3}\.[0-9]{1,3})?/.exec(reply)?.[0] ?? reply;
  return /^[45]/.test(reply) && !reply.includes("\n") ? reply : codes.replace("-", " ");
}
