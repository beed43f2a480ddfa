/** What mail.local writes into a mailbox: the `From ` line, the text with `>From ` where it could be mistaken for one, an empty line. */
import { ctimeDate } from "../../mail/date.ts";
import { LineShaper } from "../../mail/lines.ts";
import { MessageOctets } from "../../rights/message-octets.ts";

/** Octets of a sender that are shown at most. */
const LONGEST = 1_000;

export class MailboxMessage {
  readonly octets = new MessageOctets();
  readonly #shaper = new LineShaper({ eol: "\n", escapeFrom: true });
  /** The first line, as far as it has come: a `From ` line there is a separator of where the text comes from. */
  #start: Buffer | undefined = Buffer.alloc(0);

  /**
   * @param sender latin1; "" for nobody
   * @param now when it comes, ms since the epoch
   */
  constructor(sender: string, now: number) {
    const shown = sender.slice(0, LONGEST).replace(/[\0-\x1f\x7f]/g, "?") || "MAILER-DAEMON";
    this.octets.push(Buffer.from(`From ${shown} ${ctimeDate(now)}\n`, "latin1"));
  }

  /** @throws what the file system says when a large message has no space */
  push(chunk: Buffer): void {
    const text = this.#start === undefined ? chunk : this.#afterSeparator(Buffer.concat([this.#start, chunk]));
    if (text !== undefined) this.octets.push(this.#shaper.shape(text));
  }

  /** The text is complete. */
  end(): void {
    const start = this.#start;
    this.#start = undefined;
    if (start !== undefined && !isSeparator(start)) this.octets.push(this.#shaper.shape(start));
    this.octets.push(Buffer.concat([this.#shaper.end(), Buffer.from("\n")]));
  }

  /** @returns undefined while it cannot be known what the first line is */
  #afterSeparator(start: Buffer): Buffer | undefined {
    const end = start.indexOf(0x0a);
    if (end < 0 && (start.length < FROM.length || isSeparator(start))) {
      this.#start = start;
      return undefined;
    }
    this.#start = undefined;
    return isSeparator(start) ? start.subarray(end + 1) : start;
  }
}

const FROM = Buffer.from("From ");

function isSeparator(line: Buffer): boolean {
  return line.subarray(0, FROM.length).equals(FROM);
}
