/**
 * What destinations publish about the line to their mail servers (DANE, MTA-STS), as delivery sees it: asked for one host
 * before there is a connection, and held against the session when the handshake is over.
 */
import type { X509Certificate } from "node:crypto";
import type { MaybePromise } from "../../sys/maybe-promise.ts";
import type { TlsEventSink, TlsFailureType, TlsPolicyFacts } from "../reports/tls-events.ts";

export interface LineQuestion {
  /** Whose MX records (or own addresses) have named the host, without final dot; absent: somebody here has named it. */
  readonly nextHop?: string;
  /** Without final dot. */
  readonly host: string;
  readonly port: number;
  /** The MX records are signed, or there was no need for any. */
  readonly mxSecure: boolean;
  /** All addresses are signed. */
  readonly addressesSecure: boolean;
  /** Where the aliases of the host lead; the host itself when it has none. */
  readonly canonicalName: string;
  /** What ruleset clt_features wants left out. */
  readonly without: { readonly dane: boolean; readonly sts: boolean };
}

export type LineAnswer =
  | { readonly kind: "none" }
  | { readonly kind: "policy"; readonly policy: LinePolicy }
  /** The host is left alone for now. */
  | { readonly kind: "closed"; readonly status: string; readonly reason: string };

/** What is known of a session whose handshake is over. */
export interface LineSession {
  /** The certificate of the server first, each followed by who issued it; none without TLS. */
  readonly chain: readonly X509Certificate[];
  readonly encrypted: boolean;
  /** The chain leads to somebody we trust; or why not. */
  readonly trusted: boolean;
  readonly trustProblem: string;
}

export type LineResult =
  | {
      readonly kind: "holds";
      /** What {verify} becomes. */
      readonly verify?: "TRUSTED";
      /** The server has shown that it is the one that the destination means. */
      readonly authenticated: boolean;
      /** For the log: "dane=3 1 1", "sts=enforce". */
      readonly words: string;
    }
  | {
      readonly kind: "broken";
      readonly verify?: "DANE_FAIL" | "DANE_NOTLS";
      /** false: it is only told to those who want to know (testing). */
      readonly enforced: boolean;
      readonly type: TlsFailureType;
      readonly reason: string;
      readonly words: string;
    };

export interface LinePolicy {
  /** Tells policies of one host apart: connections made under one do not serve another. */
  readonly key: string;
  /** For people, before there is a session: "dane=3 1 1", "sts=testing". */
  readonly words: string;
  /** Without TLS nothing is said to the host. */
  readonly needsTls: boolean;
  /** The library has to be asked whether it trusts the certificate, with all authorities that browsers trust. */
  readonly publicTrust: boolean;
  /** Name for SNI, when it is not that of the host. */
  readonly serverName?: string;
  readonly facts: TlsPolicyFacts;
  /** @param now ms since the epoch */
  check(session: LineSession, now: number): LineResult;
}

export interface LinePolicies {
  /** Answers that are known come at once. */
  ask(question: LineQuestion): MaybePromise<LineAnswer>;
  /** Who wants to hear how sessions went; absent: nobody. */
  readonly events?: TlsEventSink;
  /** What is not on disk yet is written. */
  close(): Promise<void>;
}
