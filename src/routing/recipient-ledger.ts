/**
 * What an expansion has found out: the recipients as they are now, who is a duplicate of whom, and what of it the queue does
 * not know yet (recipients.ts tells why that is taken in portions).
 */
import type { Recipient, RecipientChange, Rights, Triple } from "../envelope/recipient.ts";
import { statusOfReply } from "../envelope/status.ts";
import type { Reply } from "../mail/reply.ts";
import type { Breaths } from "../sys/breath.ts";
import { LivingLists } from "./alias-loops.ts";
import { sameTriple } from "./local-user.ts";
import type { ExpansionKind } from "./member-wishes.ts";
import { KnownMembers } from "./open-list.ts";
import type { Portion } from "./expansion.ts";
import { TripleIndex } from "./triple-index.ts";

/** Bad lines of files that are reported for one recipient: whoever has more knows where to look. */
const BAD_LINES = 100;

export class RecipientLedger {
  readonly recipients: Recipient[];
  readonly known: KnownMembers;
  readonly #now: number;
  /** Named triples of lists, and of those who go elsewhere in the end → the recipient that stands for them. */
  readonly #named = new Map<string, number>();
  /** Those that something is delivered to. */
  readonly #delivered: TripleIndex;
  readonly #living: LivingLists;
  /** Recipients of the client → bad lines that they led to. */
  readonly #badLines = new Map<number, number>();
  /** Recipients that were taken, what has changed about them since, and which of them turned out to be lists. */
  #taken: number;
  readonly #changed = new Map<number, RecipientChange>();
  readonly #lists = new Map<number, RecipientChange>();
  #last: Triple = { mailer: "", host: "", user: "" };

  /** @param now milliseconds since the epoch */
  constructor(recipients: readonly Recipient[], now: number) {
    this.recipients = [...recipients];
    this.#now = now;
    this.#taken = recipients.length;
    this.#delivered = new TripleIndex(this.recipients);
    this.#living = new LivingLists(this.recipients);
    this.known = new KnownMembers(this.recipients);
  }

  /**
   * Notes who is there already. Call once, first.
   * @returns those of `todo` that are to be placed
   */
  async begin(todo: readonly number[], breaths: Breaths): Promise<number[]> {
    const open = new Set(todo);
    for (let index = 0; index < this.#taken; index++) {
      const { resolved, state, parent, rights } = this.recipients[index];
      if (parent !== undefined && open.has(parent)) {
        // Its list was opened before, and not to the end.
        const isMember = this.known.add(index, parent);
        if (!isMember && open.delete(index)) this.#set(index, { index, state: "duplicate" });
        if (!open.has(index)) this.#living.ends(index);
      }
      if (!open.has(index) && resolved !== undefined && state !== "duplicate") {
        if (state === "expanded") this.#named.set(nameKey(resolved, rights), index);
        else if (this.#delivered.find(resolved, rights) === undefined) this.#delivered.add(index, resolved);
      }
      if (breaths.isDue()) await breaths.take();
    }
    return todo.filter((index) => open.has(index));
  }

  /** How many recipients can be taken. */
  get news(): number {
    return this.recipients.length - this.#taken + this.#changed.size;
  }

  /**
   * What is new since the last time.
   * @param isDone everything has been placed; before that no list counts as expanded
   */
  take(isDone: boolean): Portion {
    const changes = [...this.#changed.values()];
    this.#changed.clear();
    const added: Recipient[] = [];
    const ready = changes.flatMap(({ index, state, resolved }) => (state === "todo" && resolved ? [index] : []));
    for (; this.#taken < this.recipients.length; this.#taken++) {
      const recipient = this.recipients[this.#taken];
      const { state, resolved, status } = recipient;
      if (state === "expanded" && !isDone) {
        this.#lists.set(this.#taken, { index: this.#taken, state, resolved, status });
        added.push({ ...recipient, state: "todo", resolved: undefined, status: undefined });
      } else {
        added.push(recipient);
        if (state === "todo" && resolved !== undefined) ready.push(this.#taken);
      }
    }
    if (isDone) changes.push(...this.#lists.values());
    return { changes, added, ready };
  }

  add(recipient: Recipient): number {
    return this.recipients.push(recipient) - 1;
  }

  /** Parents up to the recipient that the client named, nearest first. */
  ancestorsOf(index: number): number[] {
    const chain: number[] = [];
    for (let up = this.recipients[index].parent; up !== undefined; up = this.recipients[up].parent) chain.push(up);
    return chain;
  }

  /** The recipient that stands for these already: a list, or somebody who has been placed. */
  standsFor(triple: Triple, rights?: Rights): number | undefined {
    return this.#named.get(nameKey(triple, rights)) ?? this.#delivered.find(triple, rights);
  }

  /** A recipient was named by this triple, whatever has become of it. */
  named(index: number, triple: Triple, rights?: Rights): void {
    const { state, resolved } = this.recipients[index];
    // Those who are delivered to are found without a name: there may be very many.
    if (state === "todo" && resolved !== undefined && sameTriple(resolved, triple)) return;
    const key = nameKey(triple, rights);
    if (!this.#named.has(key)) this.#named.set(key, index);
  }

  expanded(index: number, triple: Triple, kind: ExpansionKind = {}): void {
    const status = { action: "expanded", status: "2.0.0", text: "expanded", ...kind, at: this.#now } as const;
    this.#set(index, { index, state: "expanded", resolved: triple, status });
  }

  discarded(index: number): void {
    this.#set(index, { index, state: "discarded" });
  }

  deliverTo(index: number, triple: Triple): void {
    const { rights } = this.recipients[index];
    const before = this.#delivered.find(triple, rights);
    if (before !== undefined && before !== index) return this.duplicate(index, triple, before);
    const resolved = this.#lean(triple, this.recipients[index].given);
    this.#set(index, { index, state: "todo", resolved });
    if (before === undefined) this.#delivered.add(index, resolved);
  }

  duplicate(index: number, triple: Triple, before: number): void {
    this.#set(index, { index, state: "duplicate", resolved: triple });
    this.#living.isSame(index, before);
  }

  /**
   * A recipient that ends here: failed for good, or to be tried again.
   * @param line "/etc/mail/list: line 3" when a file names it
   */
  end(index: number, reply: Reply, line?: string, resolved?: Triple): void {
    if (reply.code < 500) {
      return this.#set(index, { index, state: "deferred", status: statusOfReply(reply, this.#now), resolved });
    }
    if (line === undefined) {
      return this.#set(index, { index, state: "failed", status: statusOfReply(reply, this.#now), resolved });
    }
    // What the line says is not shown, neither to the sender nor in the log: the failure is that of whoever led to it.
    const root = this.ancestorsOf(index).at(-1) ?? index;
    this.recipients[index] = { ...this.recipients[index], given: this.recipients[root].given };
    const bad = (this.#badLines.get(root) ?? 0) + 1;
    this.#badLines.set(root, bad);
    const more = bad === BAD_LINES ? " (no more bad lines are listed)" : "";
    const status = statusOfReply({ ...reply, lines: [`${line}: ${reply.lines.join(" ")}${more}`] }, this.#now);
    const isTold = bad > BAD_LINES || this.known.hasHeard(status.text);
    this.#set(index, isTold ? { index, state: "duplicate" } : { index, state: "failed", status });
    if (isTold) this.#living.ends(index);
  }

  /** The same triple, made of texts that are there already: most members go where the one before went. */
  #lean({ mailer, host, user }: Triple, given: string): Triple {
    const { mailer: lastMailer, host: lastHost } = this.#last;
    const lean = {
      mailer: mailer === lastMailer ? lastMailer : mailer,
      host: host === lastHost ? lastHost : host,
      user: user === given ? given : user,
    };
    this.#last = lean;
    return lean;
  }

  /** Lists that lead to nobody but themselves. */
  deadLists(among: readonly number[]): number[] {
    return among.filter((index) => this.recipients[index].state === "expanded" && !this.#living.isGood(index));
  }

  #set(index: number, change: RecipientChange): void {
    const { state, status, resolved } = change;
    this.recipients[index] = {
      ...this.recipients[index],
      state,
      ...(status === undefined ? undefined : { status }),
      ...(resolved === undefined ? undefined : { resolved }),
    };
    if (index < this.#taken) {
      this.#lists.delete(index);
      (state === "expanded" ? this.#lists : this.#changed).set(index, change);
    }
    if (state !== "expanded" && state !== "duplicate") this.#living.ends(index);
  }
}

function nameKey({ mailer, host, user }: Triple, rights: Rights | undefined): string {
  const isOwned = mailer === "prog" || mailer === "*file*" || mailer === "*include*";
  return `${mailer}\0${host.toLowerCase()}\0${user}${isOwned ? `\0${rights?.user ?? ""}` : ""}`;
}
