/**
 * TLS of one configuration's SMTP client: contexts (one, and others for servers that FEATURE(tls_session_features) names),
 * made when the first server offers STARTTLS, and the sessions that servers gave us, so that the next handshake with the
 * same place is a short one (RFC 8446 §2.2).
 */
import type { TLSSocket } from "node:tls";
import type { Config, Options } from "../../config/config.ts";
import { sharedTlsSettings } from "../../config/tls-settings.ts";
import type { Log } from "../../log/log.ts";
import { type ClientContext, type ClientTlsSettings, openClientContext } from "../../tls/client-context.ts";
import { peerChain, type PeerFacts, peerFacts } from "../../tls/peer-facts.ts";
import { readTlsFeatures } from "../../tls/tls-features.ts";
import type { SmtpClient } from "./client.ts";
import type { ClientFailure } from "./failure.ts";

/** What a policy about the line asks of a handshake. */
export interface LineTrust {
  readonly publicTrust: boolean;
}

/** Sessions that are kept; the oldest go first. */
const MOST_SESSIONS = 2_000;

export type Handshake =
  | { readonly kind: "encrypted"; readonly facts: PeerFacts }
  /** The server answered STARTTLS with something else than 220. */
  | { readonly kind: "answered"; readonly reply: string }
  | { readonly kind: "failed"; readonly failure: ClientFailure };

export class ClientTls {
  readonly #settings: ClientTlsSettings;
  readonly #fingerprint: string;
  readonly #log: Log;
  /** By what tls_clt_features said; "" for nothing. */
  readonly #contexts = new Map<string, ClientContext>();
  /** By place and features: the ticket, and what the handshake that it stands for has shown. */
  readonly #sessions = new Map<string, { readonly session: Buffer; readonly facts: PeerFacts }>();

  constructor({ options, sealed }: Config, log: Log) {
    this.#settings = { ...settingsOf(options), sealed };
    this.#fingerprint = options.text("CertFingerprintAlgorithm");
    this.#log = log;
  }

  /**
   * @param features `Options=...; CipherList=...; CertFile=...; KeyFile=...`, "" for none
   * @param publicTrust trusts whom browsers trust, too
   */
  context(features: string, publicTrust = false): ClientContext {
    const key = publicTrust ? `${features}\0public` : features;
    let context = this.#contexts.get(key);
    if (context === undefined) {
      context = openClientContext({ ...withFeatures(this.#settings, features), publicTrust });
      const warnings = context.kind === "context" ? context.warnings : [];
      for (const text of warnings) this.#log.write(6, { priority: "warning", text: `STARTTLS=client, ${text}` });
      // A file that is missing may be there the next time.
      if (context.kind === "context") this.#contexts.set(key, context);
    }
    return context;
  }

  /**
   * STARTTLS and the handshake.
   * @param place tells servers apart
   * @param line the certificates that are shown are wanted, too
   */
  async shake(
    client: SmtpClient,
    context: ClientContext & { kind: "context" },
    place: string,
    features: string,
    line?: LineTrust,
  ): Promise<Handshake> {
    const trust = line === undefined ? "" : line.publicTrust ? "\0public" : "\0line";
    const key = `${features}\0${place}${trust}`;
    const known = this.#sessions.get(key);
    const answer = await client.startTls({
      secureContext: context.context,
      ...(known === undefined ? {} : { session: known.session }),
    });
    if (typeof answer === "string") return { kind: "answered", reply: answer };
    const socket = client.tlsSocket;
    if (answer !== undefined || socket === undefined) {
      this.#sessions.delete(key);
      const lost = { kind: "tls", message: "connection closed", during: "STARTTLS" } as const;
      return { kind: "failed", failure: answer ?? lost };
    }
    const facts = this.#factsOf(socket, client.serverName, known?.facts, line !== undefined);
    const keep = (session: Buffer) => this.#keep(key, session, facts);
    socket.on("session", keep);
    // With TLS 1.2 it is there already.
    const now = socket.getSession();
    if (now !== undefined && socket.getProtocol() !== "TLSv1.3") keep(now);
    return { kind: "encrypted", facts };
  }

  /** A short handshake shows no certificate: the one of the long handshake counts (RFC 8446 §2.2). */
  #factsOf(socket: TLSSocket, name: string, before: PeerFacts | undefined, wantsChain: boolean): PeerFacts {
    const facts = peerFacts(socket, name, this.#fingerprint);
    if (before === undefined || !socket.isSessionReused()) {
      return wantsChain ? { ...facts, chain: peerChain(socket) } : facts;
    }
    const { verify, verifyMessage, bearsName, certificate, chain } = before;
    const shown = { ...(certificate && { certificate }), ...(chain && { chain }) };
    return { ...facts, verify, verifyMessage, bearsName, ...shown };
  }

  #keep(key: string, session: Buffer, facts: PeerFacts): void {
    this.#sessions.delete(key);
    this.#sessions.set(key, { session, facts });
    if (this.#sessions.size <= MOST_SESSIONS) return;
    const [oldest] = this.#sessions.keys();
    this.#sessions.delete(oldest);
  }
}

function settingsOf(options: Options): ClientTlsSettings {
  return {
    ...sharedTlsSettings(options),
    certFile: options.text("ClientCertFile"),
    keyFile: options.text("ClientKeyFile"),
    sslOptions: options.text("ClientSSLOptions"),
  };
}

function withFeatures(settings: ClientTlsSettings, features: string): ClientTlsSettings {
  return { ...settings, ...readTlsFeatures(features) };
}
