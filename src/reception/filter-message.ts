/**
 * A whole message goes through the filters of its session: one after the other is told header, body and end, and what it
 * changes is changed before the next one sees the message.
 */
import { type Answer, type Edit, type FilterConnection } from "../milter/filter.ts";
import { breath, Breaths } from "../sys/breath.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import { FilterEdits } from "./filter-edits.ts";
import type { MessageAtHand } from "./message-at-hand.ts";
import { CONTINUE, macroReader, type Member, type Said, type SessionFilters } from "./session-filters.ts";
import type { Transaction } from "./transaction.ts";

/** So many fields are told before others get their turn. */
const FIELDS_IN_A_ROW = 50;

export async function filterMessage(
  filters: SessionFilters,
  transaction: Transaction,
  message: MessageAtHand,
): Promise<Said> {
  for (const member of filters.members) {
    const said = await new Telling(filters, transaction, message, member).tell();
    if (said.kind !== "continue") return said;
    // Nothing else is there of the body any more.
    if (message.isBroken) return { kind: "tempfail" };
  }
  return CONTINUE;
}

/** One filter hears of one message. */
class Telling {
  readonly #filters: SessionFilters;
  readonly #transaction: Transaction;
  readonly #message: MessageAtHand;
  readonly #member: Member;
  /** It wants to hear no more of this message. */
  #isDone = false;

  constructor(filters: SessionFilters, transaction: Transaction, message: MessageAtHand, member: Member) {
    this.#filters = filters;
    this.#transaction = transaction;
    this.#message = message;
    this.#member = member;
  }

  /** Whether nothing more is to be told: the filter has said so, or it has failed. */
  get #isOver(): boolean {
    return this.#isDone || this.#member.connection === undefined;
  }

  async tell(): Promise<Said> {
    if (this.#isOver) return this.#eoh();
    for (const part of [() => this.#header(), () => this.#eoh(), () => this.#body(), () => this.#end()]) {
      const said = await part();
      if (said.kind !== "continue" || this.#isOver) return said;
    }
    return CONTINUE;
  }

  async #header(): Promise<Said> {
    let told = 0;
    this.#trace("headers, send");
    for (const { name, value } of this.#message.header.shown) {
      if (++told % FIELDS_IN_A_ROW === 0) await breath();
      const said = this.#ask("header", (connection) => connection.header(name, value));
      const answer = isPromise(said) ? await said : said;
      if (answer.kind !== "continue" || this.#isOver) return answer;
    }
    this.#trace("headers, sent");
    return CONTINUE;
  }

  #eoh(): MaybePromise<Said> {
    return this.#ask("eoh", (connection) => connection.eoh(macroReader(this.#transaction.scope)));
  }

  async #body(): Promise<Said> {
    this.#trace("body, send");
    let isSkipped = false;
    for await (const octets of this.#message.contents()) {
      if (octets.length === 0) continue;
      const said = await this.#ask("body", async (connection) => {
        const answer = await connection.body(octets);
        isSkipped = answer.kind === "skip";
        return answer;
      });
      if (said.kind !== "continue" || this.#isOver) return said;
      if (isSkipped) break;
    }
    this.#trace("body, sent");
    return CONTINUE;
  }

  async #end(): Promise<Said> {
    const { log } = this.#filters;
    const edits = new FilterEdits(this.#transaction, this.#message, log, this.#member.filter.settings.name);
    const breaths = new Breaths();
    const apply = async (edit: Edit): Promise<void> => {
      await edits.apply(edit);
      if (breaths.isDue()) await breaths.take();
    };
    return this.#ask("end", async (connection) => {
      const answer = await connection.endOfMessage(macroReader(this.#transaction.scope), apply);
      await edits.finish();
      return answer;
    });
  }

  #ask(
    step: "header" | "eoh" | "body" | "end",
    question: (connection: FilterConnection) => MaybePromise<Answer>,
  ): MaybePromise<Said> {
    return this.#filters.askOne(this.#member, step, this.#transaction.id, (connection) => {
      const answer = question(connection);
      return isPromise(answer) ? answer.then((late) => this.#heard(late)) : this.#heard(answer);
    });
  }

  #heard(answer: Answer): Answer {
    if (answer.kind === "accept") this.#isDone = true;
    return answer;
  }

  #trace(what: string): void {
    const { log } = this.#filters;
    if (this.#member.connection === undefined || !log.enabled("traffic")) return;
    log.write("traffic", this.#transaction.id, `Milter (${this.#member.filter.settings.name}): ${what}`);
  }
}
