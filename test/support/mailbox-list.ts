/**
 * What a list of addresses means (RFC 5322 §3.4 with the obsolete forms of §4.4), for tests that compare two spellings
 * of one. Written from the grammar, and not from our own readers.
 */

export interface MeantMailbox {
  readonly group: string;
  readonly name: string;
  readonly local: string;
  readonly domain: string;
  readonly comments: readonly string[];
}

interface Token {
  readonly kind: "word" | "comment" | "literal" | "special";
  readonly text: string;
  /** White space or a comment stands before it. */
  readonly apart: boolean;
}

const SPECIALS = ",:;<>@.)";

function tokensOf(field: string): Token[] {
  const value = field.replace(/\r\n(?=[ \t])/g, "");
  const tokens: Token[] = [];
  let apart = false;
  let at = 0;
  const add = (kind: Token["kind"], text: string): void => {
    tokens.push({ kind, text, apart });
    apart = kind === "comment";
  };
  while (at < value.length) {
    const char = value[at];
    const encoded = /^=\?[^?\s]+\?[bq]\?[^?\s]*\?=(?=[\s,;:<>()@"]|$)/i.exec(char === "=" ? value.slice(at) : "");
    if (/\s/.test(char)) {
      apart = true;
      at++;
    } else if (char === '"') {
      let text = "";
      for (at++; at < value.length && value[at] !== '"'; at++) text += value[at] === "\\" ? value[++at] : value[at];
      at++;
      add("word", text);
    } else if (char === "(") {
      const start = at;
      let depth = 0;
      do {
        if (value[at] === "\\") at++;
        else if (value[at] === "(") depth++;
        else if (value[at] === ")") depth--;
        at++;
      } while (depth > 0 && at < value.length);
      add("comment", value.slice(start, at).replace(/\s+/g, " "));
    } else if (char === "[" && tokens.at(-1)?.text === "@") {
      const end = value.indexOf("]", at) + 1 || value.length;
      add("literal", value.slice(at, end).replace(/\s+/g, ""));
      at = end;
    } else if (encoded) {
      add("word", encoded[0]);
      at += encoded[0].length;
    } else if (SPECIALS.includes(char)) {
      add("special", char);
      at++;
    } else {
      let text = "";
      for (; at < value.length && !/[\s"()]/.test(value[at]) && !SPECIALS.includes(value[at]); at++) {
        text += value[at] === "\\" ? value[++at] : value[at];
      }
      add("word", text);
    }
  }
  return tokens;
}

function is(token: Token | undefined, special: string): boolean {
  return token?.kind === "special" && token.text === special;
}

/** The mailboxes of a field value, in order. */
export function meaningOf(field: string): MeantMailbox[] {
  const found: MeantMailbox[] = [];
  let group = "";
  let part: Token[] = [];
  let angle = false;
  const close = (): void => {
    if (part.some(({ kind }) => kind !== "comment")) found.push(mailbox(part, group));
    part = [];
  };
  for (const token of tokensOf(field)) {
    if (is(token, "<")) angle = true;
    if (is(token, ">")) angle = false;
    if (!angle && is(token, ",")) close();
    else if (!angle && is(token, ":")) {
      group = phrase(part);
      part = [];
    } else if (!angle && is(token, ";")) {
      close();
      group = "";
    } else part.push(token);
  }
  close();
  return found;
}

function mailbox(tokens: readonly Token[], group: string): MeantMailbox {
  const comments = tokens.filter(({ kind }) => kind === "comment").map(({ text }) => text);
  const words = tokens.filter(({ kind }) => kind !== "comment");
  const open = words.findLastIndex((token) => is(token, "<"));
  const close = words.findIndex((token, index) => index > open && is(token, ">"));
  let address = open < 0 ? words : words.slice(open + 1, close < 0 ? undefined : close);
  const name = open < 0 ? "" : phrase(words.slice(0, open));
  if (is(address[0], "@")) address = address.slice(address.findIndex((token) => is(token, ":")) + 1);
  const at = address.findLastIndex((token) => is(token, "@"));
  const text = (part: readonly Token[]): string => part.map((token) => token.text).join("");
  return { group, name, local: text(address.slice(0, at)), domain: text(address.slice(at + 1)), comments };
}

/** Words with one blank where there was white space. */
function phrase(tokens: readonly Token[]): string {
  return tokens
    .filter(({ kind }) => kind !== "comment")
    .map(({ text, apart }, index) => (apart && index > 0 ? " " : "") + text.replace(/\s+/g, " "))
    .join("");
}
