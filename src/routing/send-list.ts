/**
 * The work of recipients.ts: who is placed next, and what his address means. Lists are open one after the other, in the order
 * in which they were met, and each member is placed as it is read: nothing is kept of a list but its members.
 */
import type { Recipient, Triple } from "../envelope/recipient.ts";
import type { Reply } from "../mail/reply.ts";
import { Breaths } from "../sys/breath.ts";
import type { User } from "../sys/users.ts";
import {
  type Destination,
  destination,
  destinationText,
  eachDestination,
  eachLineMember,
  type Member,
} from "./alias-list.ts";
import { isNobody, LOOP, nearestUser } from "./alias-loops.ts";
import { defaultUser } from "./default-user.ts";
import { readForward } from "./forward.ts";
import { type IncludeAnswer, type IncludeFailure, openInclude } from "./include.ts";
import { locate, sameTriple } from "./local-user.ts";
import { type Direct, directRefusalOf, type MemberSource } from "./member-source.ts";
import { NOTES_OF_AN_EXPANSION, type NoteBudget } from "./note-budget.ts";
import { lookAhead, memberWishes } from "./member-wishes.ts";
import { type MemberList, membersOf, type OpenList } from "./open-list.ts";
import { RecipientLedger } from "./recipient-ledger.ts";
import { resolveRerouted } from "./rerouted.ts";
import type { ExpansionContext, Portion } from "./expansion.ts";
import { directRefusal } from "./refusal.ts";

/** A user whose .forward was opened. */
interface Forwarded {
  readonly triple: Triple;
  members: number;
  /** Members that send it back to him, over others. */
  circles: number;
}

/** So long a portion may take, ms. */
const PATIENCE = 1_000;

/** How often a list is begun again that somebody writes to while it is read. */
const MOST_BEGINNINGS = 4;

export class SendList {
  readonly #context: ExpansionContext;
  readonly #ledger: RecipientLedger;
  readonly #breaths = new Breaths();
  readonly #notes: NoteBudget = { left: NOTES_OF_AN_EXPANSION };
  /** Recipients to place and lists to read, in this order. */
  #queue: (number | OpenList)[] = [];
  #todo: readonly number[] = [];
  #head = 0;
  #isDone = false;
  /** The list whose member is being placed, and for files where it stands: "/home/joe/.forward: line 3". */
  #open: OpenList | undefined;
  #origin: string | undefined;
  readonly #beginnings = new Map<number, number>();
  readonly #forwarded = new Map<number, Forwarded>();
  /** Recipients of the client → the first circle that was met below them: "a -> b -> a". */
  readonly #circles = new Map<number, string>();

  constructor(context: ExpansionContext, recipients: readonly Recipient[]) {
    this.#context = context;
    this.#ledger = new RecipientLedger(recipients, context.now);
  }

  /** @param todo who is to be placed. Call once, first. */
  async begin(todo: readonly number[]): Promise<void> {
    this.#todo = todo;
    this.#queue = await this.#ledger.begin(todo, this.#breaths);
  }

  /**
   * Goes on until so many recipients can be taken, or to the end. A list is read as far as that takes.
   * @returns whether there is more
   */
  async go(most: number): Promise<boolean> {
    const { news } = this.#ledger;
    const until = performance.now() + PATIENCE;
    while (!this.#isDone && this.#ledger.news < most) {
      // Look-ups may be slow: those who were placed need not wait for them.
      if (most !== Infinity && this.#ledger.news > news && performance.now() > until) break;
      await this.#step();
      if (this.#breaths.isDue()) await this.#breaths.take();
    }
    return !this.#isDone;
  }

  take(): Portion {
    return this.#ledger.take(this.#isDone);
  }

  /** Places one recipient or member, or sees that nobody is left. */
  async #step(): Promise<void> {
    const next = this.#queue[this.#head];
    if (typeof next !== "object") {
      this.#open = undefined;
      this.#origin = undefined;
      if (next === undefined) return this.#finish();
      this.#head++;
      return this.#place(next);
    }
    const answer = await next.members.next();
    if (answer.kind === "member") return this.#placeMember(next, answer.member);
    // It is let go, with all that it has in memory.
    this.#queue[this.#head++] = next.parent;
    this.#origin = next.origin;
    if (answer.kind === "changed") this.#beginAgain(next.parent);
    else if (answer.kind !== "end") this.#unread(next.parent, answer);
  }

  #finish(): void {
    const sentBack = this.#circles.size > 0 ? [...this.#forwarded] : [];
    this.#forwarded.clear();
    for (const [index, { triple, members, circles }] of sentBack) {
      // A user whose .forward names only people that send it back to him keeps his copy.
      if (circles > 0 && members === circles)
        this.#addMember(index, { kind: "address", text: triple.user, final: true });
    }
    if (this.#head < this.#queue.length) return;
    for (const index of this.#ledger.deadLists(this.#todo)) {
      const way = this.#circles.get(index);
      // The original calls that a loop, too; the log knows better.
      if (way === undefined) this.#context.warn(`${this.#recipient(index).given}: its lists have no members`);
      this.#endLoop(index, LOOP, way);
    }
    this.#isDone = true;
  }

  async #placeMember(list: OpenList, { target, line }: Member): Promise<void> {
    if (this.#ledger.known.has(list.parent, destinationText(target))) return;
    const { path } = list.source;
    this.#open = list;
    this.#origin = line === undefined || path === undefined ? undefined : `${path}: line ${line}`;
    const index = this.#newMember(list.parent, target, list.source);
    const forwarded = this.#forwarded.get(list.parent);
    if (forwarded !== undefined) forwarded.members++;
    this.#context.watch?.placed?.(index, this.#origin);
    await this.#place(index);
  }

  /** A member that is placed later. */
  #addMember(parent: number, target: Destination): void {
    this.#queue.push(this.#newMember(parent, target, undefined));
  }

  #newMember(parent: number, target: Destination, source: MemberSource | undefined): number {
    const expanded = this.#recipient(parent);
    const { rights: own, owner: before } = expanded;
    const rights = source === undefined ? undefined : (source.rights ?? own);
    const owner = source?.listOwner ?? before;
    return this.#ledger.add({
      given: destinationText(target),
      state: "todo",
      parent,
      ...(rights === undefined ? undefined : { rights }),
      ...(owner === undefined ? undefined : { owner }),
      ...memberWishes(expanded),
    });
  }

  #recipient(index: number): Recipient {
    return this.#ledger.recipients[index];
  }

  async #place(index: number): Promise<void> {
    const recipient = this.#recipient(index);
    const ancestors = this.#ledger.ancestorsOf(index);
    const limit = this.#context.config.options.number("MaxAliasRecursion");
    if (ancestors.length > limit) {
      const text = `${LOOP.lines[0]} (${ancestors.length} aliases deep; ${limit} max)`;
      return this.#endLoop(index, { ...LOOP, lines: [text] }, this.#wayTo(index, ancestors));
    }
    // Only what an alias, a .forward or a list names can be a program, a file or a list; never what a client says.
    const target: Destination =
      recipient.parent === undefined
        ? { kind: "address", text: recipient.given, final: false }
        : destination(recipient.given);
    if (target.kind === "address") return this.#placeAddress(index, ancestors, target.text, target.final);
    const refusal = this.#directRefusal(recipient, target.kind);
    if (refusal !== undefined) return this.#end(index, refusal);
    if (target.kind === "include") return this.#include(index, ancestors, target.text);
    const mailer = target.kind === "program" ? "prog" : "*file*";
    return this.#ledger.deliverTo(index, { mailer, host: "", user: target.text });
  }

  async #placeAddress(index: number, ancestors: readonly number[], text: string, final: boolean): Promise<void> {
    const { rules, scope } = this.#context;
    const recipient = this.#recipient(index);
    const resolution =
      recipient.resolved !== undefined && recipient.state === "todo"
        ? ({ kind: "triple", triple: recipient.resolved, canonical: text } as const)
        : ((await resolveRerouted(this.#context, recipient, this.#notes)) ??
          (await rules.resolve(text, scope, this.#notes)));
    if (resolution.kind === "discard") return this.#ledger.discarded(index);
    if (resolution.kind !== "triple") return this.#end(index, this.#withoutText(resolution.reply));
    const { triple } = resolution;
    const direct = recipient.parent === undefined ? directRefusal(triple) : undefined;
    if (direct !== undefined) return this.#end(index, direct);
    const before = this.#ledger.standsFor(triple);
    // An alias that names itself means the user of that name; one that does so over others too, if there is such a user.
    const self = this.#selfAmong(ancestors, triple);
    if (self < 0 && before !== undefined && before !== index) return this.#ledger.duplicate(index, triple, before);
    if (self > 0) {
      this.#noteCircle(index, ancestors, self);
      if (await isNobody(this.#context, triple)) {
        const user = await nearestUser(
          this.#context,
          ancestors.map((each) => this.#recipient(each)),
        );
        return user === undefined
          ? this.#ledger.duplicate(index, triple, before ?? ancestors[self])
          : this.#placeTriple(index, user, true);
      }
    }
    await this.#placeTriple(index, triple, final || self >= 0);
    if (self < 0) this.#ledger.named(index, triple);
  }

  /** The nearest ancestor that has this triple, -1 for none. */
  #selfAmong(ancestors: readonly number[], triple: Triple): number {
    return ancestors.findIndex((each) => {
      const { resolved } = this.#recipient(each);
      return resolved !== undefined && sameTriple(resolved, triple);
    });
  }

  #noteCircle(index: number, ancestors: readonly number[], self: number): void {
    const forwarded = this.#forwarded.get(ancestors[0]);
    if (forwarded !== undefined) forwarded.circles++;
    const root = ancestors.at(-1)!;
    const way = this.#wayTo(index, ancestors.slice(0, self + 1));
    this.#context.watch?.circle?.(index, way);
    if (!this.#circles.has(root)) this.#circles.set(root, way);
  }

  /** "a -> b -> a" */
  #wayTo(index: number, ancestors: readonly number[]): string {
    const names = [...ancestors.toReversed(), index].map((each) => this.#recipient(each).given);
    return names.join(" -> ");
  }

  async #placeTriple(index: number, named: Triple, final: boolean): Promise<void> {
    const answer = await locate(this.#context, named, final, this.#context.scope);
    switch (answer.kind) {
      case "alias":
        return this.#expandAlias(index, named, answer.triple, answer.value);
      case "user":
        return this.#placeUser(index, answer.triple, answer.user, final || answer.final === true);
      case "deliver":
        return this.#ledger.deliverTo(index, answer.triple);
      case "unknown":
        return this.#end(index, { code: 550, enhanced: "5.1.1", lines: ["User unknown"] }, answer.triple);
      case "error":
      case "tempfail":
        return this.#end(index, this.#withoutText(answer.reply), named);
      case "discard":
        return this.#ledger.discarded(index);
    }
  }

  async #expandAlias(index: number, named: Triple, found: Triple, value: string): Promise<void> {
    if (eachDestination(value).next().done === true) {
      return this.#end(index, { code: 550, enhanced: "5.2.4", lines: [`Alias ${found.user} names nobody`] }, named);
    }
    const listOwner = await this.#context.aliases.ownerOf(found.user);
    const source = { name: found.user, mayNamePrograms: true };
    const members = eachMemberOf(value);
    this.#context.watch?.opened(index, { kind: "alias", name: found.user }, value);
    return this.#expand(index, named, membersOf(members), listOwner === undefined ? source : { ...source, listOwner });
  }

  async #placeUser(index: number, triple: Triple, user: User, final: boolean): Promise<void> {
    if (final) return this.#ledger.deliverTo(index, triple);
    const forward = await readForward(this.#context, user, triple);
    switch (forward.kind) {
      case "refused":
        this.#context.warn(`forward ${forward.path}: ${forward.reason}`);
        return this.#ledger.deliverTo(index, triple);
      case "none":
        return this.#ledger.deliverTo(index, triple);
      case "tempfail":
        return this.#end(index, { code: 451, enhanced: "4.2.0", lines: [forward.reason] }, triple);
      case "found": {
        const { path, mayNamePrograms, text } = forward;
        // Only comments: the user forwards nothing, and nothing may be lost.
        if (eachLineMember(text).next().done === true) return this.#ledger.deliverTo(index, triple);
        this.#forwarded.set(index, { triple, members: 0, circles: 0 });
        this.#context.watch?.opened(index, { kind: "forward", name: path });
        const rights = { user: user.name, uid: user.uid, gid: user.gid };
        const source = { path, name: triple.user, owner: user, mayNamePrograms, rights };
        return this.#expand(index, triple, membersOf(eachLineMember(text)), source);
      }
    }
  }

  async #include(index: number, ancestors: readonly number[], path: string): Promise<void> {
    const { config, users, files, dontBlame } = this.#context;
    const { rights: given } = this.#recipient(index);
    const triple: Triple = { mailer: "*include*", host: "", user: path };
    const self = this.#selfAmong(ancestors, triple);
    if (self >= 0) this.#noteCircle(index, ancestors, self);
    const before = self >= 0 ? ancestors[self] : this.#ledger.standsFor(triple, given);
    if (before !== undefined && before !== index) return this.#ledger.duplicate(index, triple, before);
    let answer: IncludeAnswer;
    let owner: User | undefined;
    try {
      answer = await openInclude(files, path, given ?? (await defaultUser(config, users)), dontBlame);
      if (answer.kind === "members") owner = await users.findById(answer.owner);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return this.#end(index, { code: 451, enhanced: "4.3.0", lines: [`Cannot open ${path}: ${text}`] }, triple);
    }
    if (answer.kind !== "members") return this.#unread(index, answer, triple);
    // Root's lists have the rights of DefaultUser, as have those of nobody that is known.
    const isUser = given === undefined && owner !== undefined && owner.uid !== 0;
    const { mayNamePrograms } = answer;
    this.#context.watch?.opened(index, { kind: "include", name: path });
    await this.#expand(index, triple, answer.members, {
      path,
      name: `:include:${path}`,
      owner: owner ?? answer.owner,
      mayNamePrograms,
      ...(isUser && owner !== undefined ? { rights: { user: owner.name, uid: owner.uid, gid: owner.gid } } : {}),
    });
    this.#ledger.named(index, triple, given);
  }

  /** A list that cannot be read, or no further: what was read of it is kept. */
  #unread(index: number, { reply, reason }: IncludeFailure, triple = this.#recipient(index).resolved): void {
    // The folder or file to blame is part of the reason, and its name part of what the line says.
    const text = `Cannot open :include: list: ${reason.replace(/ \(.*/s, "")}`;
    this.#end(index, this.#withoutText(reply, text), triple);
  }

  /** Somebody writes to a list while it is read: those who are placed already are not placed again. */
  #beginAgain(index: number): void {
    const times = (this.#beginnings.get(index) ?? 1) + 1;
    this.#beginnings.set(index, times);
    const { resolved } = this.#recipient(index);
    if (times > MOST_BEGINNINGS) {
      const reason = "File was written to while it was being read";
      const lines = [`Cannot read ${resolved?.user ?? ""}: ${reason}`];
      return this.#unread(index, { kind: "tempfail", reply: { code: 451, enhanced: "4.2.4", lines }, reason });
    }
    this.#ledger.known.addAll(index);
    this.#queue.push(index);
  }

  async #expand(index: number, triple: Triple, list: MemberList, source: MemberSource): Promise<void> {
    const isOwned = source.listOwner !== undefined;
    const asks = this.#recipient(index).notify?.includes("SUCCESS") === true && !isOwned;
    const { members, isAlone } = asks ? await lookAhead(list) : { members: list, isAlone: false };
    this.#ledger.expanded(index, triple, isOwned ? { toList: true } : isAlone ? { passedOn: true } : {});
    this.#queue.push({ parent: index, members, source, origin: this.#origin });
  }

  #endLoop(index: number, reply: Reply, way: string | undefined): void {
    const root = this.#recipient(this.#ledger.ancestorsOf(index).at(-1) ?? index);
    if (way !== undefined) this.#context.warn(`${root.given}: aliasing/forwarding loop: ${way}`);
    this.#end(index, reply);
  }

  #end(index: number, reply: Reply, resolved?: Triple): void {
    this.#ledger.end(index, reply, this.#origin, resolved);
  }

  /** A reply that may hold what stands in a file, without it: senders and logs learn the line only. */
  #withoutText(reply: Reply, text?: string): Reply {
    if (reply.code < 500 || this.#origin === undefined) return reply;
    return { ...reply, lines: [text ?? (reply.code === 553 ? "Not an address" : "Address refused")] };
  }

  #directRefusal({ parent = 0 }: Recipient, kind: Direct): Reply | undefined {
    // What was expanded before this run was judged then.
    const source = this.#open?.source ?? { name: "", mayNamePrograms: true };
    return directRefusalOf(this.#context.config, this.#recipient(parent), source, kind);
  }
}

function* eachMemberOf(value: string): Generator<Member, void, undefined> {
  for (const target of eachDestination(value)) yield { target };
}
