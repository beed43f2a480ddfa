/**
 * Octets from a server → its replies (RFC 5321 §4.2.1). A reply ends with the first line whose code is not followed by a
 * hyphen. Lines without a code are no part of a reply: some programs print a warning before they begin to talk.
 *
 *     "250-mx.test\r\n250 SIZE\r\n"  →  "250-mx.test\n250 SIZE"
 */

/** Octets of one reply that are kept; what follows is read and dropped. */
const KEPT = 64 * 1024;
/** A peer that goes on for so long without ending a reply is given up. */
const LONGEST = 1024 * 1024;

const DIGIT_0 = 48;
const DIGIT_9 = 57;
const HYPHEN = 45;
const BLANK = 32;

export class ReplyReader {
  /** A line without its end. */
  #line = "";
  /** Lines of a reply whose last one is still to come. */
  #reply = "";
  /** Octets since the last whole reply. */
  #size = 0;

  /** True when a reply has begun whose end is still to come. */
  get hasBegun(): boolean {
    return this.#reply !== "" || isDigit(this.#line.charCodeAt(0));
  }

  /** The replies that these octets complete, octets as latin1, lines joined by \n; undefined when it is too much. */
  read(chunk: Buffer): string[] | undefined {
    const replies: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      this.#size += end + 1 - from;
      this.#keep(chunk.toString("latin1", from, end));
      from = end + 1;
      const whole = this.#endLine();
      if (whole !== undefined) replies.push(whole);
      else if (this.#size > LONGEST) return undefined;
    }
    if (from < chunk.length) {
      this.#size += chunk.length - from;
      this.#keep(chunk.toString("latin1", from));
    }
    return this.#size > LONGEST ? undefined : replies;
  }

  #keep(text: string): void {
    const room = KEPT - this.#reply.length - this.#line.length;
    // The code at the beginning of a line says where the reply ends: that much is always kept.
    const needed = Math.max(room, 4 - this.#line.length);
    this.#line += text.length > needed ? text.slice(0, Math.max(0, needed)) : text;
  }

  /** The reply that ends with this line, if one does. */
  #endLine(): string | undefined {
    const line = this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line;
    this.#line = "";
    if (!hasCode(line)) return undefined;
    const more = line.charCodeAt(3) === HYPHEN;
    const reply =
      this.#reply === "" ? line : this.#reply.length < KEPT || !more ? `${this.#reply}\n${line}` : this.#reply;
    this.#reply = more ? reply : "";
    if (more) return undefined;
    this.#size = 0;
    return reply;
  }
}

/** @param code NaN for none */
function isDigit(code: number): boolean {
  return code >= DIGIT_0 && code <= DIGIT_9;
}

/** Three digits, and then nothing, a blank or a hyphen. */
function hasCode(line: string): boolean {
  for (let at = 0; at < 3; at++) if (!isDigit(line.charCodeAt(at))) return false;
  const next = line.charCodeAt(3);
  return line.length === 3 || next === BLANK || next === HYPHEN;
}

/**
 * What a reply says, by its code (RFC 5321 §4.2.1): "nonsense" is one that is no answer to any command of mail, or whose
 * lines contradict each other.
 */
export type ReplyKind = "yes" | "go on" | "later" | "never" | "nonsense";

const KINDS: Readonly<Record<string, ReplyKind>> = { "2": "yes", "3": "go on", "4": "later", "5": "never" };

export function replyKind(reply: string): ReplyKind {
  const kind = KINDS[reply[0]] ?? "nonsense";
  if (!reply.includes("\n")) return kind;
  const [first] = reply;
  for (let end = reply.indexOf("\n"); end >= 0; end = reply.indexOf("\n", end + 1)) {
    if (reply[end + 1] !== first) return "nonsense";
  }
  return kind;
}

/** 421: the server ends the conversation (RFC 5321 §3.8). */
export function isClosing(reply: string): boolean {
  return reply.startsWith("421");
}

/** 4xx or 5xx. */
export function isRefusal(reply: string): boolean {
  const kind = replyKind(reply);
  return kind === "later" || kind === "never";
}
