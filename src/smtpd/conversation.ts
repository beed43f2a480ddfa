/** A session as its verbs see it: what was said so far, and the few things that they may do to it. */
import type { TLSSocket } from "node:tls";
import type { PortOptions } from "../config/config.ts";
import type { Reply } from "../mail/reply.ts";
import type { IncomingMessage } from "../reception/intake.ts";
import type { Transaction } from "../reception/transaction.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { SessionSettings } from "../site/session-settings.ts";
import type { Site } from "../site/site.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { ServerCertificates } from "../tls/server-context.ts";
import type { AbuseCounter, Admission } from "./abuse-limits.ts";
import type { Visit } from "./clients.ts";
import type { Features } from "./features.ts";
import type { DataConsumer } from "./octet-stream.ts";
import type { MaybeAnswer } from "./answer.ts";
import type { HandshakeOffer, Secured } from "./secure-connection.ts";
import type { SmtpServices } from "./services.ts";

/** Both ends of the connection. */
export interface Ends {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** Who has shown who he is. */
export interface Login {
  readonly mechanism: string;
  /** Whose password it was; he acts as himself, or as somebody that trust_auth lets him act as. */
  readonly user: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Somebody else has seen it: no password of ours stands behind it. */
  readonly isByWord?: true;
}

/** Who gets the next line in place of the commands (AUTH). */
export interface LineReader {
  /** @param text undefined: it was longer than lines may be */
  readonly line: (text: string | undefined) => MaybeAnswer;
  /** The client has gone without saying anything. */
  readonly gone: () => void;
}

export interface Conversation extends Ends {
  readonly services: SmtpServices;
  readonly port: PortOptions;
  /** The site in force when the session began, and what it says about sessions. */
  readonly site: Site;
  readonly settings: SessionSettings;
  /** The session as a transaction without a sender: its macros, and what was decided about the client. */
  readonly whole: Transaction;
  readonly scope: MacroScope;
  readonly abuse: AbuseCounter;
  /** Absent when there is no listener (-bs). */
  readonly admission: Admission | undefined;
  /** The connection as it is counted. */
  readonly visit: Visit;
  /** When it began, ms since the epoch. */
  readonly began: number;
  /** `relay=` of log lines and the greeting: "host [address]". */
  readonly relay: string;
  /** Name given in HELO or EHLO. */
  readonly helo: string | undefined;
  readonly isEsmtp: boolean;
  /** True inside TLS. */
  readonly secure: boolean;
  /** The connection inside TLS; undefined without. */
  readonly tlsSocket: TLSSocket | undefined;
  /** Ours, of the moment when the session began; undefined where there are none. */
  readonly certificates: ServerCertificates | undefined;
  /** Reply to everything that moves mail, when the connection was refused (check_relay, greet_pause). */
  readonly refusal: Reply | undefined;
  /** What this client is offered and has to do. */
  readonly features: Features;
  /** The client has said VERB. */
  isVerbose: boolean;
  /** Who the client has shown to be (AUTH). */
  readonly login: Login | undefined;
  /** The message being announced: MAIL was accepted. */
  readonly transaction: Transaction | undefined;
  /** The message whose octets are arriving; dropped when the client goes away. */
  readonly message: IncomingMessage | undefined;
  /** True when the client has sent more than the line being answered. */
  readonly hasMore: boolean;
  readonly isShuttingDown: boolean;
  /** The client has closed, or we have. */
  readonly isOver: boolean;

  /** The client gave a command that is about mail. */
  aboutMail(): void;
  /** XCLIENT: the session is that of another client now, about whom nothing was decided. */
  speaksFor(ends: Partial<Ends>): void;
  /** check_relay and the like: from now on this is the answer to everything that moves mail. */
  turnAway(refusal: Reply): void;
  offer(features: Features, certificates?: ServerCertificates): void;
  /** HELO or EHLO; undefined: the client has to say it again (after STARTTLS). */
  introduced(name: string | undefined, isEsmtp: boolean): void;
  /** AUTH has succeeded; undefined: what was shown counts no more. */
  signIn(login: Login | undefined): void;
  /** The next line is no command. */
  expect(reader: LineReader): void;
  /** MAIL was accepted. */
  announce(transaction: Transaction): void;
  /** The message is in the queue: what was said and done for it was to the purpose. */
  delivered(): void;
  /** RSET, and the end of every transaction: what has arrived of its message is dropped. */
  endTransaction(): void;
  /** Octets of this message arrive now; undefined: it is no longer dropped when the client goes away. */
  receive(message: IncomingMessage | undefined): void;
  /** What follows is message data, up to the terminating dot. */
  readData(sink: DataConsumer): void;
  /** The next `count` octets are message data. */
  readChunk(sink: DataConsumer, count: number, isFirst: boolean): void;
  /** Says what the end of data or of a chunk leads to, then goes on with commands. */
  conclude(answer: () => MaybeAnswer, next: () => void): void;
  /** Does something later, unless the client has gone by then. */
  pause<T>(ms: number, then: () => MaybePromise<T>): Promise<T | undefined>;
  /** Waits so many ms; true as soon as the client says something, unasked. */
  isSpokenTo(ms: number): Promise<boolean>;
  /**
   * Begins the handshake on the same socket, when what was said is out; `secured` hears what came of it, and the client's
   * next octets are read when it is done with that.
   */
  startTls(offer: HandshakeOffer, secured: (outcome: Secured) => MaybePromise<void>): Promise<void>;
  /** Closes without a word. */
  drop(): void;
  /** Commands are answered from now on. */
  open(): void;
}
