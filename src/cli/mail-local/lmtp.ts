/**
 * LMTP on standard input and output (RFC 2033), as mail servers speak it with a local delivery agent: an answer for each
 * recipient behind each message. Sender and recipients come from the server; nothing is decided here but who is a user.
 */
import type { TaskResult } from "../../rights/task.ts";
import type { Clock } from "../../sys/clock.ts";
import type { User } from "../../sys/users.ts";
import type { CommandStreams } from "../command-streams.ts";
import { LmtpInput } from "./lmtp-input.ts";
import type { Mailboxes } from "./mailboxes.ts";
import { MailboxMessage } from "./message.ts";

export interface LmtpFeatures {
  readonly host: string;
  /** 8BITMIME is offered. */
  readonly eightBit: boolean;
  /** What stands behind `@` belongs to the user's name. */
  readonly wholeAddress: boolean;
}

/** Recipients of one message at most. */
const MOST_RECIPIENTS = 10_000;
const SYNTAX = "500 5.5.2 Syntax error";
const PARAMETERS = "501 5.5.4 Syntax error in parameters";

/** Resolves at QUIT, or when the input ends. */
export async function speakLmtp(
  streams: Pick<CommandStreams, "input" | "output">,
  mailboxes: Mailboxes,
  features: LmtpFeatures,
  clock: Clock,
): Promise<void> {
  await new LmtpSession(streams, mailboxes, features, clock).run();
}

type Verb = (session: LmtpSession, argument: string) => string | Promise<string>;

/** Each returns its reply. Those with an argument need one, the others must have none. */
const VERBS: Readonly<Record<string, { readonly hasArgument: boolean; readonly run: Verb }>> = {
  LHLO: { hasArgument: true, run: (session) => session.greet() },
  MAIL: { hasArgument: true, run: (session, argument) => session.mail(argument) },
  RCPT: { hasArgument: true, run: (session, argument) => session.rcpt(argument) },
  DATA: { hasArgument: false, run: (session) => session.data() },
  NOOP: { hasArgument: false, run: () => "250 2.0.0 Ok" },
  VRFY: { hasArgument: true, run: () => "252 2.3.3 Try RCPT to attempt delivery" },
  RSET: { hasArgument: false, run: (session) => session.reset() },
};

class LmtpSession {
  readonly #input: LmtpInput;
  readonly #output: CommandStreams["output"];
  readonly #mailboxes: Mailboxes;
  readonly #features: LmtpFeatures;
  readonly #clock: Clock;
  #sender: string | undefined;
  #recipients: User[] = [];

  constructor(
    { input, output }: Pick<CommandStreams, "input" | "output">,
    mailboxes: Mailboxes,
    features: LmtpFeatures,
    clock: Clock,
  ) {
    this.#input = new LmtpInput(input);
    this.#output = output;
    this.#mailboxes = mailboxes;
    this.#features = features;
    this.#clock = clock;
  }

  async run(): Promise<void> {
    this.#say(`220 ${this.#features.host} LMTP ready`);
    for (;;) {
      this.#output.flush();
      const line = await this.#input.line();
      if (line === undefined) return;
      if (/^quit$/i.test(line)) {
        this.#say("221 2.0.0 Bye");
        return;
      }
      const [, name = "", argument] = /^([A-Za-z]{4})(?: +(\S.*?))? *$/s.exec(line) ?? [];
      const verb = Object.hasOwn(VERBS, name.toUpperCase()) ? VERBS[name.toUpperCase()] : undefined;
      const isRight = verb !== undefined && verb.hasArgument === (argument !== undefined);
      this.#say(isRight ? await verb.run(this, argument ?? "") : SYNTAX);
    }
  }

  greet(): string {
    const { host, eightBit } = this.#features;
    return [`250-${host}`, ...(eightBit ? ["250-8BITMIME"] : []), "250-ENHANCEDSTATUSCODES", "250 PIPELINING"].join(
      "\r\n",
    );
  }

  /** Parameters say nothing that matters here: the message comes as it is to be stored. */
  mail(argument: string): string {
    const path = pathOf(argument, /^FROM: */i);
    if (this.#sender !== undefined) return "503 5.5.1 Nested MAIL command";
    if (path === undefined) return PARAMETERS;
    this.#sender = path;
    return "250 2.5.0 Ok";
  }

  async rcpt(argument: string): Promise<string> {
    if (this.#sender === undefined) return "503 5.5.1 Need MAIL command";
    const path = pathOf(argument, /^TO: */i);
    if (path === undefined) return PARAMETERS;
    if (this.#recipients.length >= MOST_RECIPIENTS) return "452 4.5.3 Too many recipients";
    try {
      const user = await this.#mailboxes.find(this.#userIn(path));
      if (user === undefined) return "550 5.1.1 User unknown";
      this.#recipients.push(user);
      return "250 2.1.5 Ok";
    } catch {
      return "451 4.3.0 User lookup failed";
    }
  }

  #userIn(path: string): string {
    if (this.#features.wholeAddress) return path;
    const at = path.lastIndexOf("@");
    const local = at < 0 ? path : path.slice(0, at);
    const plus = local.indexOf("+");
    return plus > 0 ? local.slice(0, plus) : local;
  }

  async data(): Promise<string> {
    if (this.#recipients.length === 0 || this.#sender === undefined) return "503 5.5.1 No recipients";
    this.#say("354 Go ahead");
    this.#output.flush();
    const message = new MailboxMessage(this.#sender, this.#clock.now());
    const recipients = this.#recipients;
    this.reset();
    try {
      const problem = await this.#receive(message);
      if (problem === "ended") return "421 4.4.2 Input ended within a message";
      const replies: string[] = [];
      for (const user of recipients) {
        const result = problem ?? (await this.#mailboxes.deliver(user, message.octets));
        replies.push(replyTo(user, result));
      }
      return replies.join("\r\n");
    } finally {
      message.octets.close();
    }
  }

  /** Takes the text to its end, whatever comes of it: what follows must not be taken for commands. */
  async #receive(message: MailboxMessage): Promise<TaskResult | "ended" | undefined> {
    let problem: TaskResult | undefined;
    const attempt = (work: () => void): void => {
      try {
        if (problem === undefined) work();
      } catch (error) {
        problem = { kind: "later", status: "4.3.0", text: error instanceof Error ? error.message : String(error) };
      }
    };
    const isWhole = await this.#input.text((chunk) => attempt(() => message.push(chunk)));
    if (!isWhole) return "ended";
    attempt(() => message.end());
    return problem;
  }

  reset(): string {
    this.#sender = undefined;
    this.#recipients = [];
    return "250 2.0.0 Ok";
  }

  #say(reply: string): void {
    this.#output.print(`${reply}\r\n`);
  }
}

/** What is between the brackets. */
function pathOf(argument: string, start: RegExp): string | undefined {
  const rest = start.test(argument) ? argument.replace(start, "") : "";
  return /^<((?:[^"<>\\]|\\.|"(?:[^"\\]|\\.)*")*)>/s.exec(rest)?.[1];
}

function replyTo({ name }: User, { kind, status, text }: TaskResult): string {
  if (kind === "done") return `250 2.1.5 ${name} Ok`;
  const shown = text.replace(/[\0-\x1f\x7f]/g, " ").slice(0, 400);
  return `${kind === "later" ? "451" : "550"} ${status} ${shown}`;
}
