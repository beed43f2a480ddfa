/**
 * How much may be logged about what strangers wrote: what is odd in an address is worth a line, but not one for each
 * octet that is odd.
 */

/** Lines that may still be written about a question, field or message; whoever writes one counts down. */
export interface NoteBudget {
  left: number;
}

/** Different lines about one question to the rulesets. */
export const NOTES_OF_A_QUESTION = 3;
/** Lines about the header fields of one message. */
const NOTES_OF_A_HEADER = 10;

/** Lines about the addresses that lists and .forward files of one message name. */
export const NOTES_OF_AN_EXPANSION = 20;

/** For the fields of a message: one line about each, some about all of them. */
export class HeaderNotes {
  #left = NOTES_OF_A_HEADER;
  #given = 0;
  #field: NoteBudget = { left: 0 };

  /** Call at the beginning of each field. */
  nextField(): NoteBudget {
    this.#left -= this.#given - this.#field.left;
    this.#given = Math.min(1, this.#left);
    this.#field = { left: this.#given };
    return this.#field;
  }
}

/** Passes a text on once, and only as many different ones as the budget allows. */
export function limited(note: (text: string) => void, budget: NoteBudget): (text: string) => void {
  let before: string | undefined;
  return (text) => {
    if (budget.left <= 0 || text === before) return;
    budget.left--;
    before = text;
    note(text);
  };
}
