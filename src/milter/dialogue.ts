/**
 * One filter, asked about sessions and messages: which command is sent when, which answers it may have, and what they mean for
 * the commands to come. What sendmail 8.17 does is the measure: macros are sent for steps that the filter does not want to hear
 * about, too; a message that the filter accepted or refused is not aborted; edits that were not negotiated are carried out, but
 * for a new body: that message is to come again.
 */
import type { MaybePromise } from "../sys/maybe-promise.ts";
import { decodeSaid, describeCode, type Said } from "./answers.ts";
import { STAGE_OF_STEP } from "./bits.ts";
import { type Command, encodeCommand } from "./commands.ts";
import type {
  Answer,
  ClientPlace,
  Edit,
  FilterConnection,
  FilterSettings,
  MacroReader,
  Negotiated,
  Offer,
  Step,
} from "./filter.ts";
import type { PacketSocket } from "./packet-socket.ts";
import type { Packet } from "./packets.ts";

const CONTINUE: Answer = { kind: "continue" };
const ACCEPT: Answer = { kind: "accept" };
const SKIP: Answer = { kind: "skip" };
const TEMPFAIL: Answer = { kind: "tempfail" };

/** How sendmail's log calls kinds of edits. */
const ODD_WORDS: Readonly<Record<Edit["kind"], string>> = {
  "add-header": "adding headers",
  "insert-header": "adding headers",
  "change-header": "changing headers",
  "add-recipient": "adding recipients",
  "delete-recipient": "removing recipients",
  "change-sender": "changing sender",
  "replace-body": "replacing body",
  quarantine: "quarantining",
};

/** How messages call a step. */
const WORDS: Readonly<Record<Step, string>> = {
  connect: "connect",
  helo: "HELO",
  mail: "MAIL",
  rcpt: "RCPT",
  data: "DATA",
  unknown: "an unknown command",
  header: "a header field",
  eoh: "the end of the header",
  body: "a part of the body",
  end: "the end of the message",
};

/** Steps that belong to a message that began with MAIL. */
const MESSAGE_STEPS: ReadonlySet<Step> = new Set(["rcpt", "data", "header", "eoh", "body", "end"]);
/** Steps after which a refusal is one of the whole message. A refused recipient is only that; a refused DATA may be tried again. */
const LAST_WORDS: ReadonlySet<Step> = new Set(["mail", "header", "eoh", "body", "end"]);
/** Answers that not every step can have, and the steps that can. */
const LIMITED: Readonly<Partial<Record<Answer["kind"], ReadonlySet<Step>>>> = {
  skip: new Set(["header", "eoh", "body"]),
  discard: new Set(["mail", ...MESSAGE_STEPS]),
};

export class FilterDialogue implements FilterConnection {
  readonly settings: FilterSettings;
  readonly negotiated: Negotiated;
  readonly #socket: PacketSocket;
  readonly #offer: Offer;
  /** Kinds of edits that were complained about. */
  readonly #odd = new Set<Edit["kind"]>();
  #acceptedSession = false;
  #inMessage = false;
  #skipsBody = false;

  constructor(settings: FilterSettings, socket: PacketSocket, negotiated: Negotiated, offer: Offer) {
    this.settings = settings;
    this.negotiated = negotiated;
    this.#socket = socket;
    this.#offer = offer;
  }

  get isUsable(): boolean {
    return this.#socket.isOpen && !this.#socket.hasUnread;
  }

  connect(macros: MacroReader, host: string, place: ClientPlace): MaybePromise<Answer> {
    this.#socket.setIdle(false);
    return this.#ask("connect", { kind: "connect", host, place }, macros);
  }

  helo(macros: MacroReader, name: string): MaybePromise<Answer> {
    return this.#ask("helo", { kind: "helo", name }, macros);
  }

  mail(macros: MacroReader, path: string, parameters: readonly string[]): MaybePromise<Answer> {
    this.#inMessage = !this.#acceptedSession;
    this.#skipsBody = false;
    return this.#ask("mail", { kind: "mail", path, parameters }, macros);
  }

  rcpt(macros: MacroReader, path: string, parameters: readonly string[]): MaybePromise<Answer> {
    return this.#ask("rcpt", { kind: "rcpt", path, parameters }, macros);
  }

  data(macros: MacroReader): MaybePromise<Answer> {
    return this.#ask("data", { kind: "data" }, macros);
  }

  unknown(line: string): MaybePromise<Answer> {
    return this.#ask("unknown", { kind: "unknown", line });
  }

  header(name: string, value: string): MaybePromise<Answer> {
    const text = this.negotiated.leadingSpace || !value.startsWith(" ") ? value : value.slice(1);
    return this.#ask("header", { kind: "header", name, value: text.replaceAll("\r\n", "\n") });
  }

  eoh(macros: MacroReader): MaybePromise<Answer> {
    return this.#ask("eoh", { kind: "eoh" }, macros);
  }

  body(octets: Buffer): MaybePromise<Answer> {
    if (octets.length === 0) return CONTINUE;
    if (octets.length <= this.negotiated.chunk) return this.#part(octets);
    return this.#parts(octets);
  }

  async #parts(octets: Buffer): Promise<Answer> {
    const { chunk } = this.negotiated;
    for (let at = 0; at < octets.length; at += chunk) {
      const answer = await this.#part(octets.subarray(at, at + chunk));
      if (answer.kind !== "continue") return answer;
    }
    return CONTINUE;
  }

  #part(octets: Buffer): MaybePromise<Answer> {
    return this.#skipsBody && this.#inMessage ? SKIP : this.#ask("body", { kind: "body", octets });
  }

  endOfMessage(macros: MacroReader, edit: (edit: Edit) => MaybePromise<void>): MaybePromise<Answer> {
    if (this.#isOver("end")) return ACCEPT;
    return this.#end(this.#say("end", { kind: "end", octets: Buffer.alloc(0) }, macros), edit);
  }

  async #end(sent: MaybePromise<void>, edit: (edit: Edit) => MaybePromise<void>): Promise<Answer> {
    await sent;
    let isBodyRefused = false;
    for (;;) {
      const said = this.#understood("end", await this.#socket.receive(this.settings.timeouts.end, WORDS.end));
      if (said.kind === "edit" && this.#isTaken(said.edit)) await this.#carryOut(said.edit, edit);
      else if (said.kind === "edit") isBodyRefused = true;
      else if (said.kind === "answer") {
        const answer = this.#conclude("end", said);
        return isBodyRefused && (answer.kind === "continue" || answer.kind === "accept") ? TEMPFAIL : answer;
      }
    }
  }

  abort(): void {
    if (this.#inMessage && this.isUsable) {
      this.#socket.send(encodeCommand({ kind: "abort" }), "abort")?.catch(() => undefined);
    }
    this.#inMessage = false;
  }

  close(reuse: boolean): boolean {
    if (!this.#socket.isOpen) return false;
    const isKept = reuse && this.negotiated.version >= 6 && this.isUsable;
    if (isKept) {
      // A filter that does not take it at once is too busy for another session.
      const waiting = this.#socket.send(encodeCommand({ kind: "quit-and-next" }), "quit");
      if (waiting === undefined) {
        this.#acceptedSession = false;
        this.#inMessage = false;
        this.#socket.setIdle(true);
        return true;
      }
      waiting.catch(() => undefined);
    }
    this.#socket.end(isKept ? Buffer.alloc(0) : encodeCommand({ kind: "quit" }));
    return false;
  }

  /** The filter does not want to hear of this any more. */
  #isOver(step: Step): boolean {
    if (!this.#socket.isOpen) return false;
    return this.#acceptedSession || (!this.#inMessage && MESSAGE_STEPS.has(step));
  }

  #ask(step: Step, command: Command, macros?: MacroReader): MaybePromise<Answer> {
    if (this.#isOver(step)) return ACCEPT;
    const sent = this.#say(step, command, macros);
    if (this.negotiated.unwanted.has(step) || this.negotiated.unanswered.has(step)) {
      return sent === undefined ? CONTINUE : sent.then(() => CONTINUE);
    }
    return this.#answer(step, sent);
  }

  async #answer(step: Step, sent: Promise<void> | undefined): Promise<Answer> {
    if (sent) await sent;
    const said = this.#understood(step, await this.#socket.receive(this.settings.timeouts.read, WORDS[step]));
    if (said.kind === "answer") return this.#conclude(step, said);
    throw this.#socket.fail("protocol", `it answered ${said.kind} to ${WORDS[step]}, where only an answer is allowed`);
  }

  /** Sends macros and command in one go; undefined when they were taken at once. */
  #say(step: Step, command: Command, macros?: MacroReader): Promise<void> | undefined {
    if (this.#socket.hasUnread && this.#socket.isOpen) {
      this.#socket.fail("protocol", `it spoke before ${WORDS[step]}, without having been asked`);
    }
    if (this.#socket.failure) return Promise.reject(this.#socket.failure);
    const parts = macros ? this.#macroPackets(step, macros) : [];
    if (!this.negotiated.unwanted.has(step)) parts.push(encodeCommand(command));
    for (const { length } of parts) {
      if (length - 5 <= this.negotiated.chunk) continue;
      const most = this.negotiated.chunk;
      const why = `${WORDS[step]} of ${length - 5} octets is more than a packet holds (${most})`;
      return Promise.reject(this.#socket.fail("protocol", why));
    }
    if (parts.length === 0) return undefined;
    return this.#socket.send(parts.length === 1 ? parts[0] : Buffer.concat(parts), WORDS[step]);
  }

  /** One packet, or none where no macros are wanted at this stage. */
  #macroPackets(step: Step, macros: MacroReader): Buffer[] {
    const stage = step in STAGE_OF_STEP ? STAGE_OF_STEP[step as keyof typeof STAGE_OF_STEP] : undefined;
    const names = stage === undefined ? [] : this.negotiated.macros[stage];
    if (names.length === 0) return [];
    const values: (readonly [string, string])[] = [];
    for (const name of names) {
      const value = macros(name);
      if (value !== undefined) values.push([name, value]);
    }
    return [encodeCommand({ kind: "macros", step, values })];
  }

  #understood(step: Step, packet: Packet): Said {
    try {
      return decodeSaid(packet);
    } catch (error) {
      const what = error instanceof RangeError ? error.message : describeCode(packet.code);
      throw this.#socket.fail("protocol", `it answered ${what} to ${WORDS[step]}`, error);
    }
  }

  /** What an answer means for the steps to come. */
  #conclude(step: Step, { answer, oddity }: Extract<Said, { kind: "answer" }>): Answer {
    const { kind } = answer;
    if (LIMITED[kind]?.has(step) === false) {
      throw this.#socket.fail("protocol", `it answered ${kind} to ${WORDS[step]}, where that is not allowed`);
    }
    if (oddity !== undefined) this.#offer.note?.(`${WORDS[step]}: ${oddity}`);
    if (kind === "skip") this.#skipsBody = true;
    else if (kind === "accept" && !this.#inMessage) this.#acceptedSession = true;
    else if (kind === "accept" && (step === "connect" || step === "helo")) this.#acceptedSession = true;
    else if (kind === "accept" || kind === "discard" || step === "end") this.#inMessage = false;
    else if (kind !== "continue" && LAST_WORDS.has(step)) this.#inMessage = false;
    return answer;
  }

  /** What was not negotiated is noted; a new body then does not count, and the message has to come again. */
  #isTaken({ kind }: Edit): boolean {
    if (this.#offer.edits?.has(kind) === false) {
      throw this.#socket.fail("protocol", `it asked for ${kind}, which it was not offered`);
    }
    if (this.negotiated.edits.has(kind)) return true;
    const isBody = kind === "replace-body";
    if (!this.#odd.has(kind)) {
      this.#odd.add(kind);
      const consequence = isBody ? "rejecting request and tempfailing message" : "honoring request anyway";
      this.#offer.note?.(`lied about ${ODD_WORDS[kind]}, ${consequence}`);
    }
    return !isBody;
  }

  async #carryOut(edit: Edit, sink: (edit: Edit) => MaybePromise<void>): Promise<void> {
    const { kind } = edit;
    try {
      await sink(this.negotiated.leadingSpace ? edit : withLeadingSpace(edit));
    } catch (error) {
      this.#socket.fail("closed", `${kind} could not be carried out`, error);
      throw error;
    }
  }
}

/** Where the filter does not write the blank behind the colon, it stands there all the same. */
function withLeadingSpace(edit: Edit): Edit {
  if (!("value" in edit) || edit.value === undefined) return edit;
  return { ...edit, value: ` ${edit.value}` };
}
