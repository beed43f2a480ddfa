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

export class QueueIds {
  readonly #clock: Clock;
  readonly #process: string;
  readonly #isTaken: (id: string) => boolean;
  #second = 0;
  #stamp = "";
  #firstStamp = "";
  #number: number;

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
    return this.#firstStamp !== "" && id >= this.#firstStamp && id.endsWith(this.#process);
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
    const date = new Date(second * 1000);
    this.#stamp = [
      (date.getUTCFullYear() - 1900) % 60,
      date.getUTCMonth(),
      date.getUTCDate(),
      date.getUTCHours(),
      date.getUTCMinutes(),
      date.getUTCSeconds(),
    ]
      .map((value) => DIGITS[value])
      .join("");
    this.#firstStamp ||= this.#stamp;
  }
}
