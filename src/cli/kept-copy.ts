/**
 * A message on its way to the server, kept until it is known what becomes of it: what is to come again later waits in the client
 * queue meanwhile, as mail does that the original's submission program cannot hand over now.
 *
 * Most messages are taken at once: a small one is kept in memory, and what writes to the client queue is loaded for others only.
 */
import type { SubmissionAnswer, SubmissionFacts } from "../control/protocol.ts";
import type { MessageToLeave, Outcome } from "./client-submission.ts";

/** Octets that are kept in memory. */
const IN_MEMORY = 1 << 20;

export class KeptCopy {
  readonly #facts: SubmissionFacts;
  #chunks: Buffer[] = [];
  #size = 0;
  #spooled: MessageToLeave | undefined;
  /** Why it is kept no more. */
  #lost: Outcome | undefined;

  constructor(facts: SubmissionFacts) {
    this.#facts = facts;
  }

  /** The same octets, each kept before it goes on. */
  async *through(input: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of input) {
      await this.#keep(chunk);
      yield chunk;
    }
  }

  async #keep(chunk: Buffer): Promise<void> {
    if (this.#lost !== undefined) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > IN_MEMORY) await this.#spool();
  }

  /** Hands what is in memory to the client queue. */
  async #spool(): Promise<MessageToLeave | undefined> {
    const { MessageToLeave } = await import("./client-submission.ts");
    const opened = this.#spooled ?? MessageToLeave.open(this.#facts);
    const chunks = this.#chunks;
    this.#chunks = [];
    if ("kind" in opened) {
      this.#lost = opened;
      return undefined;
    }
    this.#spooled = opened;
    for (const chunk of chunks) {
      this.#lost = await opened.write(chunk);
      if (this.#lost !== undefined) return undefined;
    }
    return opened;
  }

  /**
   * Leaves it in the client queue.
   * @param later for these recipients; undefined: for all that were named
   * @param why what the server said
   */
  async leave(later: readonly string[] | undefined, why: string): Promise<Outcome> {
    const message = this.#lost === undefined ? await this.#spool() : undefined;
    if (message === undefined) return this.#lost!;
    this.#spooled = undefined;
    return message.commit({ later, deferred: why });
  }

  /** It is needed no more. */
  discard(): void {
    this.#chunks = [];
    this.#spooled?.discard();
    this.#spooled = undefined;
  }
}

/** Whom the message is to be kept for: "all" that were named, or some; undefined: for nobody. */
export function deferredBy({ reply, later }: SubmissionAnswer): readonly string[] | "all" | undefined {
  if (later !== undefined && later.length > 0) return later;
  return isLater(reply) ? "all" : undefined;
}

/** What the caller hears when the message was kept for some: that they wait, and what is wrong with the others. */
export function answerAfterKeeping(answer: SubmissionAnswer): SubmissionAnswer {
  const { reply, refused = [], later, told = [] } = answer;
  const all = isLater(reply);
  const waits = (address: string, code: number): boolean => code < 500 && (all || later?.includes(address) === true);
  return {
    ...answer,
    reply: all ? { code: 250, enhanced: "2.0.0", lines: ["queued"] } : reply,
    refused: refused.filter((each) => !waits(each.address, each.reply.code)),
    told: [...told, ...(later ?? []).map((address) => ({ address, text: `Deferred: ${reasonOf(answer, address)}` }))],
  };
}

/** What was said about this recipient, or about all of them: "451 4.3.2 Please try again later". */
export function reasonOf({ reply, refused = [] }: SubmissionAnswer, address?: string): string {
  const { code, enhanced, lines } = refused.find((each) => each.address === address)?.reply ?? reply;
  return [code, ...(enhanced === undefined ? [] : [enhanced]), lines.join(" ")].join(" ");
}

function isLater({ code }: SubmissionAnswer["reply"]): boolean {
  return code >= 400 && code < 500;
}
