/** Plays what a speaker says to a trial session: one exchange after the other, each with what was found out beside it. */
import { type Explanation, explainInForce } from "../../analysis/explain.ts";
import type { Testimony, Witness } from "../../reception/evidence.ts";
import type { Trial } from "../../smtpd/trial.ts";
import { replyText } from "../../mail/reply.ts";
import type { Client } from "./client.ts";
import { chunkSize, type Expectation, type Said, type Speaker } from "./script.ts";

/** What was said, and what came of it. */
export interface Exchange {
  /**
   * `connect`: up to the greeting. `login`: of a client who is taken to have logged in. `message`: the octets behind DATA or
   * BDAT. `unsaid`: DATA was refused, so that the message was kept back; or the session was over.
   */
  readonly kind: "connect" | "command" | "message" | "login" | "unsaid";
  /** Of the script; absent for what options say. */
  readonly line?: number;
  /** The command; the octets of a message. */
  readonly said: string;
  /** Each reply as it was said, lines joined by "\n". */
  readonly replies: readonly string[];
  readonly testimonies: readonly Testimony[];
  /**
   * Nobody of the testimonies has refused: `own`, the server itself does (syntax, an unknown user, a limit of its own); `earlier`,
   * it was refused when it connected, or after its handshake. `no TLS`: the client cannot begin TLS as it was to.
   */
  readonly cause?: "own" | "earlier" | "no TLS";
  /** Macros that the session set; null: cleared. */
  readonly macros: Readonly<Record<string, string | null>>;
  /** Lines of the log. */
  readonly log: readonly string[];
  readonly expected: readonly Expectation[];
  /** Where the address of the command goes, and why. */
  readonly explanation?: Explanation;
}

export interface Stage {
  readonly trial: Trial;
  readonly witness: Witness;
  readonly client: Client;
  /** Lines that the session logs come here. */
  readonly log: string[];
  readonly explains: ReadonlySet<"MAIL" | "RCPT">;
}

type Told = Pick<Exchange, "kind" | "line" | "said" | "expected">;

/** Macros that are another one each time, or of no use to rules. */
const UNTOLD: ReadonlySet<string> = new Set(["addr_type", "b"]);

/** @throws CommandError when the script cannot be followed */
export async function* play(stage: Stage, speaker: Speaker): AsyncGenerator<Exchange> {
  const player = new Player(stage);
  const { trial, client } = stage;
  yield player.exchange({ kind: "connect", said: "", expected: speaker.opening }, () => trial.begin());
  if (client.beginsTls && !trial.isOver) {
    for (const command of [`EHLO ${client.identity?.name ?? `[${client.address}]`}`, "STARTTLS"]) {
      if (trial.session.secure || trial.isOver) continue;
      const exchange = await player.command({ said: command, expected: [] });
      yield command === "STARTTLS" && !trial.session.secure ? { ...exchange, cause: "no TLS" } : exchange;
    }
  }
  if (client.login !== undefined && !trial.isOver) yield player.login(client.login);
  for (let said = await speaker.next(); said !== undefined; said = await speaker.next()) {
    if (trial.isOver) yield await player.leave(said, speaker);
    else yield* player.follow(said, speaker);
  }
  await trial.end();
}

function told({ line, text, expected }: Said): Told {
  return { kind: "command", line, said: text, expected };
}

function isData(text: string): boolean {
  return /^DATA[ \t]*$/i.test(text);
}

class Player {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** A command behind the end of the session, with the octets below it: nobody says them, and they are no commands. */
  async leave(said: Said, speaker: Speaker): Promise<Exchange> {
    const size = chunkSize(said.text);
    const below = size > 0 ? await speaker.chunk(size) : isData(said.text) ? await speaker.skipMessage() : undefined;
    const expected = [...said.expected, ...(below?.expected ?? [])];
    return this.exchange({ ...told(said), kind: "unsaid", expected }, () => []);
  }

  /** A command, and what belongs to it. */
  async *follow(said: Said, speaker: Speaker): AsyncGenerator<Exchange> {
    const { trial } = this.#stage;
    const size = chunkSize(said.text);
    if (size > 0) {
      const { text, expected } = await speaker.chunk(size);
      const command: Told = { ...told(said), kind: "message", expected, said: `${said.text}\r\n${text}` };
      yield this.exchange(command, () => trial.say(command.said));
      return;
    }
    const exchange = await this.command(told(said));
    yield exchange;
    if (!isData(said.text)) return;
    if (!exchange.replies.some((reply) => reply.startsWith("354"))) {
      const skipped = await speaker.skipMessage();
      if (skipped !== undefined) yield this.exchange({ ...told(skipped), kind: "unsaid" }, () => []);
      return;
    }
    const message = await speaker.message();
    if (message === undefined) return;
    yield this.exchange({ ...told(message), kind: "message" }, () => trial.say(message.text));
  }

  async command(command: Omit<Told, "kind">): Promise<Exchange> {
    const { trial, explains } = this.#stage;
    const exchange = await this.exchange({ ...command, kind: "command" }, () => trial.say(`${command.said}\r\n`));
    const verb = /^(MAIL|RCPT)\b/i.exec(command.said)?.[1].toUpperCase() as "MAIL" | "RCPT" | undefined;
    if (verb === undefined || !explains.has(verb)) return exchange;
    const { site } = trial.session;
    // Of those whom a ruleset refuses all is said; an unknown user is worth it.
    const isOwn = exchange.cause === "own" || exchange.replies.at(-1)?.startsWith("25") === true;
    const address = exchange.testimonies.find(({ ruleset }) => ruleset === "address")?.asked[0];
    if (!isOwn || address === undefined) return exchange;
    const role = verb === "MAIL" ? "sender" : "recipient";
    return { ...exchange, explanation: await explainInForce(site.config, { address, role }, site) };
  }

  async login({ user, mechanism }: NonNullable<Client["login"]>): Promise<Exchange> {
    const { trial } = this.#stage;
    return this.exchange({ kind: "login", said: `${user} ${mechanism}`, expected: [] }, async () => {
      const refusal = await trial.signIn(user, mechanism);
      return refusal === undefined ? [] : [replyText(refusal)];
    });
  }

  async exchange(said: Told, say: () => Promise<string[]> | string[]): Promise<Exchange> {
    const { witness, log } = this.#stage;
    const before = this.#macros();
    log.length = 0;
    const replies = await say();
    const testimonies = witness.take();
    const ofRules = new Set(testimonies.flatMap(({ macros }) => Object.keys(macros)));
    const macros: Record<string, string | null> = {};
    const now = this.#macros();
    // Those of a message go with it: nobody clears them.
    for (const [name, value] of now) {
      if (before.get(name) !== value && !ofRules.has(name) && !UNTOLD.has(name)) macros[name] = value ?? null;
    }
    const cause = this.#causeOf(replies.at(-1), testimonies);
    return { ...said, replies, testimonies, ...(cause === undefined ? {} : { cause }), macros, log: [...log] };
  }

  #causeOf(reply: string | undefined, testimonies: readonly Testimony[]): Exchange["cause"] {
    const { refusal } = this.#stage.trial.session;
    if (reply === undefined || !/^[45]/.test(reply)) return undefined;
    if (testimonies.some(({ answer }) => answer.kind === "refuse" || answer.kind === "defer")) return undefined;
    return refusal !== undefined && reply === replyText(refusal) ? "earlier" : "own";
  }

  #macros(): Map<string, string | undefined> {
    const { scope, transaction } = this.#stage.trial.session;
    return new Map([...scope.own(), ...(transaction?.scope.own() ?? [])]);
  }
}
