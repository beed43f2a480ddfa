/** One message through one filter, and what was said, step by step: for people who want to know what a filter does. */
import { type Mailbox, type PlainMessage, editedMessage } from "./edited-message.ts";
import {
  type Answer,
  type ClientPlace,
  type Edit,
  type FilterConnection,
  FilterError,
  type MacroReader,
  type Negotiated,
  type Step,
} from "./filter.ts";

export interface TrialClient {
  /** Its name, or its address in square brackets. */
  readonly host: string;
  readonly place: ClientPlace;
  readonly helo: string;
}

export interface TrialStep {
  readonly step: Step;
  /** What was told: a name, a path, a field. */
  readonly subject: string;
  /** `not-told`: the filter does not want to hear of it; `unanswered`: it gives no answer to this. */
  readonly answer: Answer | { readonly kind: "not-told" | "unanswered" };
}

/**
 * - `accepted`: the message goes on, changed or not. `discarded`: it goes nowhere, and nobody is told.
 * - `refused`, `deferred`: the client is told so. `failed`: the filter is of no use.
 */
export type Fate = "accepted" | "discarded" | "refused" | "deferred" | "failed";

export interface Trial {
  readonly negotiated?: Negotiated;
  readonly steps: readonly TrialStep[];
  readonly edits: readonly Edit[];
  readonly fate: Fate;
  /** Why, where it failed. */
  readonly error?: FilterError;
  /** The message with the edits; as it was where it goes nowhere. */
  readonly message: PlainMessage;
}

/**
 * Says the message to the filter, as a server would, until the filter has heard enough. The connection is closed after it.
 * @param macros the value of a macro at a step; `subject` as in TrialStep
 */
export async function tryFilter(
  open: Promise<FilterConnection>,
  client: TrialClient,
  message: PlainMessage,
  macros: (step: Step, subject: string, name: string) => string | undefined,
): Promise<Trial> {
  const steps: TrialStep[] = [];
  const edits: Edit[] = [];
  const base = { steps, edits, message };
  let connection: FilterConnection | undefined;
  try {
    connection = await open;
    const { negotiated } = connection;
    const fate = await new Conversation(connection, steps, macros).run(
      client,
      message,
      (edit) => void edits.push(edit),
    );
    const refused = steps.filter(({ step, answer }) => step === "rcpt" && isRefusal(answer));
    const recipients = message.recipients.filter(({ path }) => !refused.some(({ subject }) => subject === path));
    const after = fate === "accepted" ? editedMessage({ ...message, recipients }, edits) : message;
    return { ...base, negotiated, fate, message: after };
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return { ...base, ...(connection && { negotiated: connection.negotiated }), fate: "failed", error };
  } finally {
    connection?.close(false);
  }
}

/** What an answer makes of the message; undefined: it goes on. */
function fateOf(answer: Answer): Fate | undefined {
  switch (answer.kind) {
    case "accept":
      return "accepted";
    case "discard":
      return "discarded";
    case "reject":
      return "refused";
    case "tempfail":
    case "shutdown":
    case "connection-failure":
      return "deferred";
    case "reply":
      return answer.code < 500 ? "deferred" : "refused";
    default:
      return undefined;
  }
}

function isRefusal({ kind }: TrialStep["answer"]): boolean {
  return kind === "not-told" || kind === "unanswered"
    ? false
    : !["continue", "accept", "discard", "skip"].includes(kind);
}

class Conversation {
  readonly #connection: FilterConnection;
  readonly #steps: TrialStep[];
  readonly #macros: (step: Step, subject: string, name: string) => string | undefined;

  constructor(
    connection: FilterConnection,
    steps: TrialStep[],
    macros: (step: Step, subject: string, name: string) => string | undefined,
  ) {
    this.#connection = connection;
    this.#steps = steps;
    this.#macros = macros;
  }

  async run(client: TrialClient, message: PlainMessage, take: (edit: Edit) => void): Promise<Fate> {
    const filter = this.#connection;
    const { path, parameters } = message.sender;
    const beginning =
      (await this.#say("connect", client.host, (macros) => filter.connect(macros, client.host, client.place))) ??
      (await this.#say("helo", client.helo, (macros) => filter.helo(macros, client.helo))) ??
      (await this.#say("mail", path, (macros) => filter.mail(macros, path, parameters))) ??
      (await this.#recipients(message.recipients)) ??
      (await this.#say("data", "", (macros) => filter.data(macros)));
    if (beginning !== undefined) return beginning;
    for (const { name, value } of message.fields) {
      const fate = await this.#say("header", name, () => filter.header(name, value));
      if (fate !== undefined) return fate;
    }
    return (
      (await this.#say("eoh", "", (macros) => filter.eoh(macros))) ??
      (await this.#say("body", `${message.body.length} octets`, () => filter.body(message.body))) ??
      (await this.#say("end", "", (macros) => filter.endOfMessage(macros, take))) ??
      "accepted"
    );
  }

  /** A refused recipient is refused alone; when all are, the message is. */
  async #recipients(recipients: readonly Mailbox[]): Promise<Fate | undefined> {
    let last: Fate | undefined;
    let isOneTaken = false;
    for (const { path, parameters } of recipients) {
      const fate = await this.#say("rcpt", path, (macros) => this.#connection.rcpt(macros, path, parameters));
      if (fate === "accepted" || fate === "discarded") return fate;
      if (fate === undefined) isOneTaken = true;
      else last = fate;
    }
    if (isOneTaken) return undefined;
    this.#connection.abort();
    return last;
  }

  async #say(
    step: Step,
    subject: string,
    tell: (macros: MacroReader) => Answer | Promise<Answer>,
  ): Promise<Fate | undefined> {
    const answer = await tell((name) => this.#macros(step, subject, name));
    const { unwanted, unanswered } = this.#connection.negotiated;
    const kind = unwanted.has(step) ? "not-told" : unanswered.has(step) ? "unanswered" : undefined;
    this.#steps.push({ step, subject, answer: kind === undefined ? answer : { kind } });
    return fateOf(answer);
  }
}
