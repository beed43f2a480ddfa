/** An SMTP reply (RFC 5321 §4.2) with its enhanced status code (RFC 3463). */
export interface Reply {
  /** Three digits, 200 to 599. */
  readonly code: number;
  /** "5.7.1"; absent for replies that carry none (220, 221 texts, 354). */
  readonly enhanced?: string;
  /** One entry per line, without code, CR or LF. */
  readonly lines: readonly string[];
  /** Lines `050` in front of it, for a client that has said VERB (sendmail's; no RFC has them). */
  readonly told?: readonly string[];
  /** The exit status that says the same to a program that submits (sysexits), where the code does not tell. */
  readonly exit?: number;
}

export function reply(code: number, enhanced: string | undefined, ...lines: string[]): Reply {
  return enhanced === undefined ? { code, lines } : { code, enhanced, lines };
}

/** "550 5.7.1 Relaying denied": the reply on one line, as logs show it. */
export function replyText({ code, enhanced, lines }: Reply): string {
  return `${code}${enhanced === undefined ? "" : ` ${enhanced}`} ${lines.join(" ")}`;
}

/** Replies about a mailbox name it: "550 5.1.1 <a@b>... User unknown"; the others speak about us or the session. */
export function aboutMailbox(shown: string, answer: Reply): Reply {
  const { code } = answer;
  if (code !== 450 && code !== 550 && code !== 553) return answer;
  const [first, ...rest] = answer.lines;
  return { ...answer, lines: [`${shown}... ${first}`, ...rest] };
}
