/**
 * Queue ids: `5AKJLerx012345`, fourteen letters and digits that tell when the message came.
 *
 *     year month day hour minute second   one character each, base 60 (0-9 A-Z a-x)
 *     number in that second               two characters, base 60
 *     process                             six digits
 *
 * sendmail puts the process id at the end. In a container that is the same number after every restart, so here it
 * is drawn at random when the process starts. The count never goes back: a second that is used up borrows from the
 * next one, and a clock that was set back does not lead to an id that was there before: neither while the process runs nor,
 * as the first second is behind whatever was written to the queue before, afterwards.
 */
import { randomInt } from "node:crypto";
import type { Clock } from "../sys/clock.ts";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx";
const PER_SECOND = 60 * 60;

/** What whoever makes ids beside has to know: the last two arguments of a QueueIds. */
export interface LentIds {
  readonly processNumber: number;
  /** Ms since the epoch. */
  readonly after: number;
}

export class QueueIds {
  readonly #clock: Clock;
  readonly #process: string;
  readonly #isTaken: (id: string) => boolean;
  #second = 0;
  #stamp = "";
  #firstStamp = "";
  #number: number;
  /** Process numbers of those who make ids beside, and from which id on. */
  readonly #others: { readonly from: string; readonly process: string }[] = [];

  /**
   * @param isTaken ids that are in the queue from before
   * @param processNumber 0 to 999999
   * @param after ms since the epoch: the first id tells a later second
   */
  constructor(
    clock: Clock,
    isTaken: (id: string) => boolean = () => false,
    processNumber = randomInt(1_000_000),
    after = 0,
  ) {
    this.#clock = clock;
    this.#isTaken = isTaken;
    this.#process = String(processNumber).padStart(6, "0");
    this.#number = PER_SECOND;
    this.#second = Math.floor(after / 1000);
  }

  /** True for an id that was given out here. */
  isOurs(id: string): boolean {
    if (this.#firstStamp !== "" && id >= this.#firstStamp && id.endsWith(this.#process)) return true;
    return this.#others.some(({ from, process }) => id >= from && id.endsWith(process));
  }

  /** Lets another thread make ids: none of them is one of ours, or was there before. */
  lend(): LentIds {
    const known = new Set([this.#process, ...this.#others.map(({ process }) => process)]);
    let process = this.#process;
    while (known.has(process)) process = String(randomInt(1_000_000)).padStart(6, "0");
    const after = Math.max(this.#second, Math.floor(this.#clock.now() / 1000) - 1) * 1000;
    this.#others.push({ from: stampOf(after / 1000 + 1), process });
    return { processNumber: Number(process), after };
  }

  next(): string {
    for (;;) {
      const now = Math.floor(this.#clock.now() / 1000);
      if (now > this.#second) this.#begin(now);
      else if (this.#number >= PER_SECOND) this.#begin(this.#second + 1);
      const number = this.#number++;
      const id = `${this.#stamp}${DIGITS[Math.floor(number / 60)]}${DIGITS[number % 60]}${this.#process}`;
      if (!this.#isTaken(id)) return id;
    }
  }

  #begin(second: number): void {
    this.#second = second;
    this.#number = 0;
    this.#stamp = stampOf(second);
    this.#firstStamp ||= this.#stamp;
  }
}

function stampOf(second: number): string {
  const date = new Date(second * 1000);
  return [
    (date.getUTCFullYear() - 1900) % 60,
    date.getUTCMonth(),
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ]
    .map((value) => DIGITS[value])
    .join("");
}
