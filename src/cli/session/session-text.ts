/** What a session looks like on paper: replies at the left margin, as on the wire; all that is known beside them is indented. */
import { explanationLines } from "../../analysis/explain-text.ts";
import type { Answered, Testimony } from "../../reception/evidence.ts";
import { printable } from "../../rewriting/tokens.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { Exchange } from "./play.ts";

export interface Manner {
  /** Replies, and nothing else. */
  readonly quiet: boolean;
  /** Commands are shown, too: nobody has typed them here. */
  readonly echoes: boolean;
  /** Every key that no table has, rulesets that say nothing, what rules say that let pass, and of explanations every rule. */
  readonly all: boolean;
  /** Lines of the log. */
  readonly log: boolean;
}

const CAUSES: Readonly<Record<NonNullable<Exchange["cause"]>, string>> = {
  own: "the server's own answer: no ruleset refuses this",
  "no TLS": "there is no TLS here: what follows is said in clear",
  earlier: "as it was refused before",
};

/** What each mail filter did is told even where the log would not have it. */
const OF_FILTERS = /^(?:Milter|milter=)/;

function logLines(text: string, { log }: Manner): string[] {
  const line = printable(text);
  return OF_FILTERS.test(text) ? [`        ${line}`] : log ? [`    log: ${line}`] : [];
}

/** Width of lines that list things. */
const WIDTH = 100;

export function exchangeLines(exchange: Exchange, manner: Manner): string[] {
  const replies = exchange.replies.flatMap((reply) => reply.split("\n"));
  if (manner.quiet) return replies;
  return [
    ...(manner.echoes || exchange.line === undefined ? saidLines(exchange) : []),
    ...replies,
    ...exchange.testimonies
      .filter((each) => manner.all || saysSomething(each))
      .flatMap((each) => testimonyLines(each, manner)),
    ...(exchange.cause === undefined ? [] : [`    ${CAUSES[exchange.cause]}`]),
    ...macroLines("macros", exchange.macros, "    "),
    ...exchange.log.flatMap((text) => logLines(text, manner)),
    ...(exchange.explanation === undefined
      ? []
      : explanationLines(exchange.explanation, manner.all).map((line) => `    | ${line}`)),
  ];
}

function saidLines({ kind, said, line }: Exchange): string[] {
  switch (kind) {
    case "connect":
      return ["(connects)"];
    case "login":
      return [`(has logged in: ${said})`];
    case "unsaid":
      return [`(not said: ${/\r\n/.test(said) ? `the message of line ${line}` : printable(said)})`];
    case "message": {
      const command = /^BDAT[^\r]*/i.exec(said)?.[0];
      if (command !== undefined) return [`> ${printable(command)}`, `(${said.length - command.length - 2} octets)`];
      return [`(${said.length} octets of a message)`];
    }
    default:
      return [`> ${printable(said)}`];
  }
}

/** "refuse 550 5.7.1 Relaying denied", "mailer esmtp, host example.com., user joe@example.com": what expectations compare. */
export function answerWords(answer: Answered): string {
  switch (answer.kind) {
    case "goes to": {
      const { mailer, host, user } = answer;
      return `mailer ${mailer}${host === "" ? "" : `, host ${printable(host)}`}, user ${printable(user)}`;
    }
    case "says":
      return answer.text === "" ? "says nothing" : `says ${printable(answer.text)}`;
    case "quarantine":
      return `quarantine ${printable(answer.reason ?? "")}`;
    default:
      return answer.reply === undefined ? answer.kind : `${answer.kind} ${printable(answer.reply)}`;
  }
}

/** By whom an answer is, for people and for expectations. */
export function nameOf({ ruleset, judge }: Testimony): string {
  return ruleset ?? judge ?? "";
}

export function testimonyLines(testimony: Testimony, { all }: Pick<Manner, "all">): string[] {
  const { asked, answer, why, rule, macros, judge, ruleset } = testimony;
  const about = asked.length === 0 ? "" : ` ${asked.map((text) => printable(text)).join(" $| ")}`;
  const asker = judge === undefined || ruleset === undefined || judge === ruleset ? "" : ` (for ${judge})`;
  return [
    `    ${nameOf(testimony)}${about}${asker}: ${answerWords(answer)}`,
    ...(why === undefined ? [] : [`        because of ${printable(why)}`]),
    ...(rule === undefined ? [] : ruleLines(rule, answer, all)),
    ...lookupLines(testimony, all),
    ...macroLines("sets", macros, "        "),
  ];
}

/** Where the rule stands; what it says, where somebody is refused by it. */
function ruleLines({ at, text, origin }: NonNullable<Testimony["rule"]>, answer: Answered, all: boolean): string[] {
  const line = `        by ${at}${origin === undefined ? "" : `, from ${origin}`}`;
  const isYes = answer.kind === "ok" || answer.kind === "goes to" || answer.kind === "says";
  return isYes && !all ? [line] : [line, `            ${text}`];
}

/** What tables know, each on a line; what they do not, together. */
function lookupLines({ lookups, absent = [] }: Testimony, all: boolean): string[] {
  const lines = new Set<string>();
  const missing = new Map<string, Set<string>>();
  for (const { map, key, answer, value = "", reason = "" } of lookups) {
    const asked = `"${printable(key)}"`;
    if (answer === "missing") missing.set(map, (missing.get(map) ?? new Set()).add(asked));
    else if (answer === "found") lines.add(`        ${map} has ${asked}: "${printable(value)}"`);
    else
      lines.add(
        `        ${map} ${answer === "later" ? `does not answer ${asked}: ${printable(reason)}` : "is no map"}`,
      );
  }
  for (const map of absent) {
    missing.delete(map);
    lines.add(`        ${map} knows nothing: its table is not there`);
  }
  const nothing = [...missing].flatMap(([map, keys]) => listed(`${map} has no`, someOf([...keys], all), "        "));
  return [...lines, ...nothing];
}

/** Keys that are shown of those that a table does not have. */
const MOST_KEYS = 3;

function someOf(keys: readonly string[], all: boolean): readonly string[] {
  if (all || keys.length <= MOST_KEYS + 1) return keys;
  return [...keys.slice(0, MOST_KEYS), `and ${keys.length - MOST_KEYS} more keys (--all)`];
}

/** A ruleset that selects nothing, and no table knew anything. */
function saysSomething({ answer, lookups }: Testimony): boolean {
  return answer.kind !== "says" || answer.text !== "" || lookups.some(({ answer: found }) => found !== "missing");
}

function macroLines(head: string, macros: Exchange["macros"], indent: string): string[] {
  const shown = Object.entries(macros).map(([name, value]) => {
    const macro = name.length === 1 ? `$${name}` : `{${name}}`;
    return value === null ? `${macro} cleared` : `${macro}=${printable(value)}`;
  });
  return shown.length === 0 ? [] : listed(`${head}:`, shown, indent);
}

/** "head a, b, c", in lines that are not too long. */
function listed(head: string, words: readonly string[], indent: string): string[] {
  const lines: string[] = [];
  let line = `${indent}${head}`;
  for (const [index, word] of words.entries()) {
    const text = index === words.length - 1 ? word : `${word},`;
    if (line.length + text.length + 1 > WIDTH && line.trim() !== head) {
      lines.push(line);
      line = `${indent}   `;
    }
    line += ` ${text}`;
  }
  return [...lines, line];
}

/** One line of JSON for each exchange. */
export function exchangeJson({ testimonies, expected: _own, ...exchange }: Exchange): string {
  return asciiJson({ ...exchange, evidence: testimonies });
}
