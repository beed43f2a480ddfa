/**
 * The library's connection, and how it becomes one inside TLS: after STARTTLS, or from its first octet. Whom we trust and what
 * is made of the handshake is decided elsewhere; here lie the sockets.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { SMTPConnection, verifyPeerCertificate } from "smtp-server/lib/smtp-connection.js";
import type { SMTPStream } from "smtp-server/lib/smtp-stream.js";
import type { Clock } from "../sys/clock.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { PeerFacts } from "../tls/peer-facts.ts";
import type { ServerCertificates } from "../tls/server-context.ts";

export interface HandshakeOffer {
  readonly certificates: ServerCertificates;
  /** The client is asked for a certificate; what is wrong with it does not end the handshake. */
  readonly asksCertificate: boolean;
  /** Milliseconds; 0 for no end. */
  readonly timeout: number;
  readonly clock: Pick<Clock, "after">;
}

export type Secured =
  | { readonly kind: "secured"; readonly socket: TLSSocket }
  /** Nobody was there to shake hands with: the session is tried out (trial.ts). */
  | { readonly kind: "supposed"; readonly facts: PeerFacts }
  | { readonly kind: "failed"; readonly reason: string };

/** Who takes the octets of a socket. */
export interface OctetReader {
  isClosed: boolean;
  readFrom(socket: Socket): void;
  leave(): void;
}

/** The library knows its own parser only, of which it uses `isClosed`, and unpipes what nobody has piped. */
export function asParser(reader: OctetReader): SMTPStream {
  return reader as unknown as SMTPStream;
}

export class SecureConnection extends SMTPConnection {
  /** Octets are read when the handshake is done, and none before. */
  protected readsLater = false;

  #timedSocket: Socket | undefined;
  #timeout = -1;

  /** Milliseconds to wait for the client; 0 for no end. */
  protected get patience(): number {
    return 0;
  }

  override _armTimeout(socket: Socket = this._socket): void {
    const wait = this.patience;
    if (socket !== this.#timedSocket) {
      this.#timedSocket = socket;
      socket.on("timeout", () => this._onTimeout());
    } else if (wait === this.#timeout) return;
    this.#timeout = wait;
    socket.setTimeout(wait);
  }

  /** The time begins anew. */
  protected waitAgain(): void {
    this.#timeout = -1;
    this._armTimeout();
  }

  /** The connection inside TLS; undefined without. */
  get tlsSocket(): TLSSocket | undefined {
    return this._socket instanceof TLSSocket && this.secure ? this._socket : undefined;
  }

  get #parser(): OctetReader {
    return this._parser as unknown as OctetReader;
  }

  /** The client's octets are read from now on. */
  protected readOctets(): void {
    if (!this._closed) this.#parser.readFrom(this._socket);
  }

  /** Like the library's, but for octets that are the handshake's. */
  override _setListeners(begin: () => void): void {
    const socket = this._socket;
    socket.on("close", () => this._onClose());
    socket.on("error", (error) => this._onError(error));
    this._armTimeout();
    if (!this.readsLater) this.readOctets();
    begin();
  }

  /**
   * The handshake, on the same socket. What the client said in clear behind STARTTLS is dropped (RFC 3207 §4).
   * @param done hears what came of it; the client's next octets are read after that
   */
  protected shakeHands(offer: HandshakeOffer, done: (outcome: Secured) => MaybePromise<void>): void {
    const raw = this._socket;
    const { context, forName } = offer.certificates;
    this.#parser.leave();
    // Whatever the parser still holds came in clear: it is closed, and the session gets another one.
    this.#parser.isClosed = true;
    this._parser = this._createParser();
    this._upgrading = true;
    raw.removeAllListeners();
    raw.on("error", (error) => this._onError(error));
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: context,
      requestCert: offer.asksCertificate,
      rejectUnauthorized: false,
      ...(forName && { SNICallback: (name, choose) => choose(null, forName(name)) }),
    });
    const stop = offer.timeout > 0 ? offer.clock.after(offer.timeout, () => fail(new Error("timeout"))) : undefined;
    let isOver = false;
    const fail = (error?: Error): void => {
      if (isOver) return;
      isOver = true;
      stop?.();
      void done({ kind: "failed", reason: reasonOf(error) });
      socket.destroy();
      raw.destroy();
      this._onError(error ?? new Error("connection closed"));
    };
    socket.once("close", () => {
      fail();
      this._onClose();
    });
    socket.once("_tlsError", fail);
    socket.on("error", (error) => (isOver ? this._onError(error) : fail(error)));
    // Nobody else sees a client that goes within a handshake.
    socket.on("end", () => this._upgrading && socket.destroy());
    this._armTimeout(socket);
    // Once: a client of TLS 1.2 may begin anew at any time.
    socket.once("secure", () => {
      if (isOver || this._closed) return;
      isOver = true;
      stop?.();
      this.#secured(socket, offer, done);
    });
  }

  #secured(
    socket: TLSSocket,
    { asksCertificate }: HandshakeOffer,
    done: (outcome: Secured) => MaybePromise<void>,
  ): void {
    // What is wrong comes back in words; that it is wrong is for rules to judge.
    const wrong = verifyPeerCertificate(socket, { requestCert: asksCertificate, rejectUnauthorized: true });
    if (wrong !== null) socket.authorizationError = wrong;
    this.secure = true;
    this._socket = socket;
    this._upgrading = false;
    this._resetSession();
    void whenReady(done({ kind: "secured", socket }), () => this.readOctets());
  }
}

/** In OpenSSL's words: "wrong version number". */
function reasonOf(error: Error | undefined): string {
  if (error === undefined) return "connection closed";
  const { reason } = error as Error & { readonly reason?: unknown };
  return typeof reason === "string" ? reason : error.message;
}
