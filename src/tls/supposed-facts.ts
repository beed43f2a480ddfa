/** What a handshake would tell of a client that is only supposed to be there (`rulemail session --tls`). */
import { encodeName } from "./certificate-names.ts";
import { type PeerFacts, strength, type Verify } from "./peer-facts.ts";

/** What can come of a handshake that a client begins. */
export const VERIFY_WORDS: readonly Verify[] = ["OK", "FAIL", "NO", "NOT"];

export interface Supposed {
  readonly verify: Verify;
  readonly version?: string;
  readonly cipher?: string;
  /** "/O=Example/CN=mail.example.com" */
  readonly subject?: string;
  readonly issuer?: string;
  readonly fingerprint?: string;
}

export function supposedFacts(supposed: Supposed): PeerFacts {
  const { verify, version = "TLSv1.3", cipher = "TLS_AES_256_GCM_SHA384", subject, issuer, fingerprint } = supposed;
  const [cipherBits, algorithmBits] = strength(cipher);
  const shown = verify === "OK" || verify === "FAIL";
  const verifyMessage = verify === "FAIL" ? "unable to get local issuer certificate" : "ok";
  const base = { verify, verifyMessage, version, cipher, cipherBits, algorithmBits, bearsName: false };
  if (!shown) return base;
  const certificate = {
    subject: encodeName(subject ?? ""),
    issuer: encodeName(issuer ?? ""),
    subjectName: commonNameOf(subject),
    issuerName: commonNameOf(issuer),
    fingerprint: { macro: "cert_md5" as const, value: fingerprint ?? "" },
  };
  return { ...base, certificate };
}

function commonNameOf(name = ""): string {
  return encodeName(/.*\/CN=([^/]*)/.exec(name)?.[1] ?? "");
}
