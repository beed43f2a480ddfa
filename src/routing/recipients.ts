/**
 * The send list of a message: each recipient is resolved, aliases, .forward files and :include: lists are opened
 * until only deliverable recipients are left; duplicates and loops are found on the way.
 *
 * Pure with respect to the queue: it returns what changes and what is added, dispatch/ writes that down as one record
 * before anything is attempted (decision D5).
 */
import type { Recipient, RecipientChange, Rights, Triple } from "../envelope/recipient.ts";
import { type RecipientStatus, statusOfReply } from "../envelope/status.ts";
import type { Reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { User } from "../sys/users.ts";
import {
  type Destination,
  destination,
  destinationText,
  type Member,
  parseDestinations,
  parseMembers,
} from "./alias-list.ts";
import { isNobody, leadSomewhere, LOOP, nearestUser } from "./alias-loops.ts";
import { defaultUser } from "./default-user.ts";
import { readForward } from "./forward.ts";
import { type IncludeAnswer, readInclude } from "./include.ts";
import { type Direct, directRefusalOf, type MemberSource } from "./member-source.ts";
import { NOTES_OF_AN_EXPANSION, type NoteBudget } from "./note-budget.ts";
import type { UserFiles } from "./user-files.ts";
import { type LocalNames, locate, sameTriple } from "./local-user.ts";
import { directRefusal } from "./refusal.ts";

/** Bad lines of files that are reported for one recipient: whoever has more knows where to look. */
const BAD_LINES = 100;

export interface ExpansionContext extends LocalNames {
  readonly scope: MacroScope;
  /** Reads .forward files and lists with their users' rights. */
  readonly files: UserFiles;
  /** DontBlameSendmail names in force. */
  readonly dontBlame: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** A .forward file that was not trusted, a list that could not be read: for the log. */
  warn(text: string): void;
}

export interface Expansion {
  /** What becomes of recipients that the message already had. */
  readonly changes: readonly RecipientChange[];
  /** New recipients in the order of their indexes. */
  readonly added: readonly Recipient[];
}

/** Resolves and expands the recipients with these indexes (those that are to be tried now). */
export async function expandRecipients(
  context: ExpansionContext,
  recipients: readonly Recipient[],
  todo: readonly number[],
): Promise<Expansion> {
  const list = new SendList(context, recipients);
  for (const index of todo) list.enqueue(index);
  return list.run();
}

class SendList {
  readonly #context: ExpansionContext;
  readonly #known: number;
  readonly #recipients: Recipient[];
  readonly #changed = new Map<number, RecipientChange>();
  readonly #pending: number[] = [];
  /** Named triples → the recipient that stands for them. */
  readonly #named = new Map<string, number>();
  /** Triples that something is delivered to → the recipient that has it. */
  readonly #delivered = new Map<string, number>();
  /** Recipients that name one of their own ancestors, over others. */
  readonly #circles = new Set<number>();
  /** Recipients that were expanded → what names their members. */
  readonly #sources = new Map<number, MemberSource>();
  /** Members of files → their lines. */
  readonly #lines = new Map<number, number>();
  /** Users whose .forward was opened. */
  readonly #forwarded = new Map<number, Triple>();
  /** Recipients that are on the list already → as which. */
  readonly #sameAs = new Map<number, number>();

  /** Recipients of the client → bad lines that they led to. */
  readonly #badLines = new Map<number, number>();
  readonly #notes: NoteBudget = { left: NOTES_OF_AN_EXPANSION };

  constructor(context: ExpansionContext, recipients: readonly Recipient[]) {
    this.#context = context;
    this.#known = recipients.length;
    this.#recipients = [...recipients];
  }

  enqueue(index: number): void {
    this.#pending.push(index);
  }

  async run(): Promise<Expansion> {
    const todo = new Set(this.#pending);
    this.#recipients.forEach((recipient, index) => {
      if (todo.has(index) || recipient.resolved === undefined || recipient.state === "duplicate") return;
      const key = tripleKey(recipient.resolved, recipient.rights);
      this.#named.set(key, index);
      if (recipient.state !== "expanded") this.#delivered.set(key, index);
    });
    let placed = 0;
    const placeAll = async (): Promise<void> => {
      while (placed < this.#pending.length) await this.#place(this.#pending[placed++]);
    };
    await placeAll();
    if (this.#circles.size > 0) {
      for (const [index, triple] of this.#forwarded) this.#keepIfSentBack(index, triple);
    }
    await placeAll();
    const good = leadSomewhere(this.#recipients, this.#sameAs);
    for (const index of todo)
      if (this.#recipients[index].state === "expanded" && !good.has(index)) this.#end(index, LOOP);
    return { changes: [...this.#changed.values()], added: this.#recipients.slice(this.#known) };
  }

  async #place(index: number): Promise<void> {
    const recipient = this.#recipients[index];
    const depth = this.#ancestors(index).length;
    const limit = this.#context.config.options.number("MaxAliasRecursion");
    if (depth > limit) {
      const text = `${LOOP.lines[0]} (${depth} aliases deep; ${limit} max)`;
      return this.#end(index, { ...LOOP, lines: [text] });
    }
    // Only what an alias, a .forward or a list names can be a program, a file or a list; never what a client says.
    const target: Destination =
      recipient.parent === undefined
        ? { kind: "address", text: recipient.given, final: false }
        : destination(recipient.given);
    if (target.kind === "address") return this.#placeAddress(index, target.text, target.final);
    const refusal = this.#directRefusal(recipient, target.kind);
    if (refusal !== undefined) return this.#end(index, refusal);
    if (target.kind === "include") return this.#include(index, target.text);
    const mailer = target.kind === "program" ? "prog" : "*file*";
    return this.#deliverTo(index, { mailer, host: "", user: target.text });
  }

  async #placeAddress(index: number, text: string, final: boolean): Promise<void> {
    const { rules, scope } = this.#context;
    const recipient = this.#recipients[index];
    const resolution =
      recipient.resolved !== undefined && recipient.state === "todo"
        ? ({ kind: "triple", triple: recipient.resolved, canonical: text } as const)
        : await rules.resolve(text, scope, this.#notes);
    if (resolution.kind === "discard") return this.#set(index, { index, state: "discarded" });
    if (resolution.kind !== "triple") return this.#end(index, this.#withoutText(index, resolution.reply));
    const { triple } = resolution;
    const direct = recipient.parent === undefined ? directRefusal(triple) : undefined;
    if (direct !== undefined) return this.#end(index, direct);
    const key = tripleKey(triple, undefined);
    const before = this.#named.get(key);
    // An alias that names itself means the user of that name; one that does so over others too, if there is such a user.
    const isSelf = this.#ancestors(index).findIndex(
      ({ resolved }) => resolved !== undefined && sameTriple(resolved, triple),
    );
    if (isSelf < 0 && before !== undefined && before !== index) return this.#duplicate(index, triple, before);
    if (isSelf < 0) this.#named.set(key, index);
    if (isSelf > 0) this.#circles.add(index);
    if (isSelf > 0 && (await isNobody(this.#context, triple))) {
      const user = await nearestUser(this.#context, this.#ancestors(index));
      return user === undefined
        ? this.#duplicate(index, triple, before ?? index)
        : this.#placeTriple(index, user, true);
    }
    return this.#placeTriple(index, triple, final || isSelf >= 0);
  }

  /** A user whose .forward names only people that send it back to him keeps his copy. */
  #keepIfSentBack(index: number, triple: Triple): void {
    const children = this.#recipients.flatMap(({ parent }, child) => (parent === index ? [child] : []));
    if (!children.every((child) => this.#circles.has(child))) return;
    const { orcpt, notify, owner } = this.#recipients[index];
    const child: Recipient = { given: `\\${triple.user}`, state: "todo", parent: index, owner, orcpt, notify };
    this.#pending.push(this.#recipients.push(child) - 1);
  }

  async #placeTriple(index: number, named: Triple, final: boolean): Promise<void> {
    const { scope } = this.#context;
    const answer = await locate(this.#context, named, final, scope);
    switch (answer.kind) {
      case "alias":
        return this.#expandAlias(index, named, answer.triple, answer.value);
      case "user":
        return this.#placeUser(index, answer.triple, answer.user, final || answer.final === true);
      case "deliver":
        return this.#deliverTo(index, answer.triple);
      case "unknown":
        return this.#end(index, { code: 550, enhanced: "5.1.1", lines: ["User unknown"] }, answer.triple);
      case "error":
      case "tempfail":
        return this.#end(index, this.#withoutText(index, answer.reply), named);
      case "discard":
        return this.#set(index, { index, state: "discarded" });
    }
  }

  async #expandAlias(index: number, named: Triple, found: Triple, value: string): Promise<void> {
    const members = parseDestinations(value).map((target) => ({ target }));
    if (members.length === 0) {
      return this.#end(index, { code: 550, enhanced: "5.2.4", lines: [`Alias ${found.user} names nobody`] }, named);
    }
    const listOwner = await this.#context.aliases.ownerOf(found.user);
    const source = { name: found.user, mayNamePrograms: true };
    return this.#expanded(index, named, members, listOwner === undefined ? source : { ...source, listOwner });
  }

  async #placeUser(index: number, triple: Triple, user: User, final: boolean): Promise<void> {
    if (final) return this.#deliverTo(index, triple);
    const forward = await readForward(this.#context, user, triple);
    switch (forward.kind) {
      case "refused":
        this.#context.warn(`forward ${forward.path}: ${forward.reason}`);
        return this.#deliverTo(index, triple);
      case "none":
        return this.#deliverTo(index, triple);
      case "tempfail":
        return this.#end(index, { code: 451, enhanced: "4.2.0", lines: [forward.reason] }, triple);
      case "found": {
        const { path, mayNamePrograms } = forward;
        const members = parseMembers(forward.text);
        // Only comments: the user forwards nothing, and nothing may be lost.
        if (members.length === 0) return this.#deliverTo(index, triple);
        this.#forwarded.set(index, triple);
        const rights = { user: user.name, uid: user.uid, gid: user.gid };
        return this.#expanded(index, triple, members, {
          path,
          name: triple.user,
          owner: user,
          mayNamePrograms,
          rights,
        });
      }
    }
  }

  async #include(index: number, path: string): Promise<void> {
    const { config, users, files, dontBlame } = this.#context;
    const { rights: given } = this.#recipients[index];
    const triple: Triple = { mailer: "*include*", host: "", user: path };
    let answer: IncludeAnswer;
    let owner: User | undefined;
    try {
      answer = await readInclude(files, path, given ?? (await defaultUser(config, users)), dontBlame);
      if (answer.kind === "members") owner = await users.findById(answer.owner);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return this.#end(index, { code: 451, enhanced: "4.3.0", lines: [`Cannot open ${path}: ${text}`] }, triple);
    }
    if (answer.kind !== "members") {
      // The folder or file to blame is part of the reason, and its name part of what the line says.
      const text = `Cannot open :include: list: ${answer.reason.replace(/ \(.*/s, "")}`;
      return this.#end(index, this.#withoutText(index, answer.reply, text), triple);
    }
    // Root's lists have the rights of DefaultUser, as have those of nobody that is known.
    const isUser = given === undefined && owner !== undefined && owner.uid !== 0;
    const { mayNamePrograms } = answer;
    this.#expanded(index, triple, answer.members, {
      path,
      name: `:include:${path}`,
      owner: owner ?? answer.owner,
      mayNamePrograms,
      ...(isUser && owner !== undefined ? { rights: { user: owner.name, uid: owner.uid, gid: owner.gid } } : {}),
    });
  }

  #expanded(index: number, triple: Triple, members: readonly Member[], source: MemberSource): void {
    const parent = this.#recipients[index];
    const status: RecipientStatus = { action: "expanded", status: "2.0.0", text: "expanded", at: this.#context.now };
    this.#set(index, { index, state: "expanded", resolved: triple, status });
    this.#sources.set(index, source);
    for (const { target, line } of members) {
      const child: Recipient = {
        given: destinationText(target),
        state: "todo",
        parent: index,
        rights: source.rights ?? parent.rights,
        owner: source.listOwner ?? parent.owner,
        orcpt: parent.orcpt,
        notify: parent.notify,
      };
      const added = this.#recipients.push(child) - 1;
      if (line !== undefined) this.#lines.set(added, line);
      this.#pending.push(added);
    }
  }

  /** "/home/joe/.forward: line 3" for a recipient that a file names. */
  #originOf(index: number): string | undefined {
    const line = this.#lines.get(index);
    const path = this.#sources.get(this.#recipients[index].parent ?? -1)?.path;
    return line === undefined || path === undefined ? undefined : `${path}: line ${line}`;
  }

  /** A reply that may hold what stands in a file, without it: senders and logs learn the line only. */
  #withoutText(index: number, reply: Reply, text?: string): Reply {
    if (reply.code < 500 || this.#originOf(index) === undefined) return reply;
    return { ...reply, lines: [text ?? (reply.code === 553 ? "Not an address" : "Address refused")] };
  }

  #deliverTo(index: number, triple: Triple): void {
    const key = tripleKey(triple, this.#recipients[index].rights);
    const before = this.#delivered.get(key);
    if (before !== undefined) return this.#duplicate(index, triple, before);
    this.#delivered.set(key, index);
    this.#set(index, { index, state: "todo", resolved: triple });
  }

  #duplicate(index: number, triple: Triple, before: number): void {
    this.#sameAs.set(index, before);
    this.#set(index, { index, state: "duplicate", resolved: triple });
  }

  /** A recipient that ends here: failed for good, or to be tried again. */
  #end(index: number, reply: Reply, resolved?: Triple): void {
    const { now } = this.#context;
    if (reply.code < 500) {
      return this.#set(index, { index, state: "deferred", status: statusOfReply(reply, now), resolved });
    }
    const origin = this.#originOf(index);
    if (origin === undefined) {
      return this.#set(index, { index, state: "failed", status: statusOfReply(reply, now), resolved });
    }
    // What the line says is not shown, neither to the sender nor in the log: the failure is that of whoever led to it.
    const root = this.#rootOf(index);
    this.#recipients[index] = { ...this.#recipients[index], given: this.#recipients[root].given };
    const bad = (this.#badLines.get(root) ?? 0) + 1;
    this.#badLines.set(root, bad);
    if (bad > BAD_LINES) return this.#set(index, { index, state: "duplicate" });
    const more = bad === BAD_LINES ? " (no more bad lines are listed)" : "";
    const shown = { ...reply, lines: [`${origin}: ${reasonOf(reply)}${more}`] };
    this.#set(index, { index, state: "failed", status: statusOfReply(shown, now) });
  }

  #set(index: number, change: RecipientChange): void {
    const { state, status, resolved } = change;
    const before = this.#recipients[index];
    this.#recipients[index] = {
      ...before,
      state,
      status: status ?? before.status,
      resolved: resolved ?? before.resolved,
    };
    if (index < this.#known) this.#changed.set(index, change);
  }

  /** Parents up to the recipient that the client named, nearest first. */
  #ancestors(index: number): Recipient[] {
    const chain: Recipient[] = [];
    for (let up = this.#recipients[index].parent; up !== undefined; up = this.#recipients[up].parent) {
      chain.push(this.#recipients[up]);
    }
    return chain;
  }

  /** The recipient that the client named. */
  #rootOf(index: number): number {
    let root = index;
    for (let up = this.#recipients[root].parent; up !== undefined; up = this.#recipients[root].parent) root = up;
    return root;
  }

  #directRefusal({ parent = 0 }: Recipient, kind: Direct): Reply | undefined {
    // What was expanded before this run was judged then.
    const source = this.#sources.get(parent) ?? { name: "", mayNamePrograms: true };
    return directRefusalOf(this.#context.config, this.#recipients[parent], source, kind);
  }
}

function reasonOf({ lines }: Reply): string {
  return lines.join(" ");
}

function tripleKey({ mailer, host, user }: Triple, rights: Rights | undefined): string {
  const program = mailer === "prog" || mailer === "*file*";
  return `${mailer}\0${host.toLowerCase()}\0${user}${program ? `\0${rights?.user ?? ""}` : ""}`;
}
