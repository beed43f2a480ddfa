/**
 * An SMTP conversation read a second time, in another way: all octets of the client at once, with the server's replies beside
 * them. Where commands end and messages begin follows from RFC 5321 §4.1.1.4 and RFC 3030 §2 and from what was answered; what
 * the session made of the same octets has to be the same.
 */

export interface SpokenReply {
  readonly code: number;
  readonly text: string;
}

/** A message whose last octet the client has sent. */
export interface RereadMessage {
  readonly text: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly answer: SpokenReply;
}

/** Octets of a command line with its CRLF. */
const LONGEST_LINE = 2048;

/**
 * Replies as they were written.
 * @throws when they are not as RFC 5321 §4.2 wants them
 */
export function readReplies(output: string): readonly SpokenReply[] {
  const replies: SpokenReply[] = [];
  let lines: string[] = [];
  for (const line of output.split("\r\n").slice(0, -1)) {
    const [, code, mark, text] = /^([2-5][0-5][0-9])([ -])([\t\x20-\x7e]*)$/.exec(line) ?? [];
    if (code === undefined) throw new Error(`no reply line: ${JSON.stringify(line)}`);
    lines.push(text);
    if (mark === "-") continue;
    replies.push({ code: Number(code), text: lines.join("\n") });
    lines = [];
  }
  if (lines.length > 0 || !output.endsWith("\r\n")) throw new Error("the last reply has no end");
  return replies;
}

/**
 * Whether two servers would see the end of these octets at different places.
 * @param isCounted octets of BDAT: a dot at the beginning of a line is no sign there, and is stuffed when it goes on; one that
 *   comes behind NUL octets is not
 */
function isAmbiguous(raw: string, isCounted: boolean): boolean {
  if (/\r(?!\n)|(?<!\r)\n/.test(raw)) return true;
  const hidden = isCounted ? /^\0+\./ : /^(?:\0+\.\0*|\.\0+)$/;
  return raw.split("\r\n").some((line) => hidden.test(line));
}

class Rereader {
  readonly messages: RereadMessage[] = [];
  readonly #input: string;
  readonly #replies: readonly SpokenReply[];
  #at = 0;
  #said = 0;
  #isOver = false;
  #sender = "";
  #recipients: string[] = [];
  /** Octets of the chunks so far. */
  #chunks: string | undefined;

  constructor(input: string, replies: readonly SpokenReply[]) {
    this.#input = input;
    this.#replies = replies;
  }

  /** @returns how many replies had a reason; all of them, when nothing is wrong */
  read(): number {
    this.#reply("the greeting");
    while (!this.#isOver) this.#command();
    return this.#said;
  }

  #reply(to: string): SpokenReply {
    const reply = this.#replies[this.#said++];
    if (reply === undefined) throw new Error(`no answer to ${JSON.stringify(to)}`);
    if (reply.code === 421 || reply.code === 221) this.#isOver = true;
    return reply;
  }

  #command(): void {
    const newline = this.#input.indexOf("\n", this.#at);
    const end = newline < 0 ? this.#input.length : newline;
    if (end - this.#at >= LONGEST_LINE) {
      if (this.#reply("a line that is too long").code !== 421) throw new Error("a line that is too long was read");
      return;
    }
    if (newline < 0) {
      this.#isOver = true;
      return;
    }
    const line = this.#input.slice(this.#at, end).replace(/\r$/, "");
    this.#at = newline + 1;
    const [, word, argument] = /^\s*([^ \t]*)[ \t]*(.*)$/s.exec(line) ?? ["", "", ""];
    const verb = word.toUpperCase();
    const chunk = verb === "BDAT" ? /^([0-9]{1,15})([ \t]+LAST)?$/i.exec(argument.trim()) : null;
    if (chunk !== null && !this.#wouldHangUp()) return this.#chunk(Number(chunk[1]), chunk[2] !== undefined);
    const reply = this.#reply(line);
    if (verb === "BDAT") this.#isOver = true;
    else if (verb === "DATA" && reply.code === 354) this.#data();
    else if (reply.code === 250) this.#said250(verb, argument);
  }

  /** The session may end for other reasons than the chunk. */
  #wouldHangUp(): boolean {
    return this.#replies[this.#said]?.code === 421;
  }

  #said250(verb: string, argument: string): void {
    if (verb === "MAIL") this.#sender = argument;
    else if (verb === "RCPT") this.#recipients.push(argument);
    else if (verb === "RSET" || verb === "EHLO" || verb === "HELO") this.#forget();
  }

  #forget(): void {
    this.#sender = "";
    this.#recipients = [];
    this.#chunks = undefined;
  }

  #data(): void {
    const rest = `\r\n${this.#input.slice(this.#at)}`;
    const end = rest.indexOf("\r\n.\r\n");
    if (end < 0) {
      this.#isOver = true;
      return;
    }
    const raw = rest.slice(2, end + 2);
    this.#at += end + 3;
    const lines = raw.split("\r\n").map((line) => (line.startsWith(".") ? line.slice(1) : line));
    this.#finish(lines.join("\r\n"), isAmbiguous(raw, false));
  }

  #chunk(count: number, isLast: boolean): void {
    if (this.#input.length - this.#at < count) {
      this.#isOver = true;
      return;
    }
    const octets = this.#input.slice(this.#at, this.#at + count);
    this.#at += count;
    const all = (this.#chunks ?? "") + octets;
    const next = this.#replies[this.#said];
    if (!isLast && next?.code === 250) {
      this.#reply("BDAT");
      this.#chunks = all;
    } else if (isLast && this.#recipients.length > 0) this.#finish(all, isAmbiguous(all, true));
    else {
      if (this.#reply("BDAT").code < 400) throw new Error("a chunk of no message was taken");
      this.#forget();
    }
  }

  #finish(text: string, isUnsure: boolean): void {
    const answer = this.#reply("the end of a message");
    const isCutOff = /^5\.6\.(?:0|11) /.test(answer.text);
    if (isCutOff) this.#isOver = true;
    if (isCutOff !== isUnsure && answer.code < 400) throw new Error("a message whose end is not sure was taken");
    this.messages.push({ text, sender: this.#sender, recipients: this.#recipients, answer });
    this.#forget();
  }
}

export function reread(
  input: string,
  replies: readonly SpokenReply[],
): { readonly messages: readonly RereadMessage[]; readonly used: number } {
  const reader = new Rereader(input, replies);
  const used = reader.read();
  return { messages: reader.messages, used };
}
