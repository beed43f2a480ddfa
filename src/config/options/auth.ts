/** Options of AUTH (RFC 4954). */
import { mechanismNamed } from "../../auth/mechanisms.ts";
import { firstLetters, placed } from "./value-words.ts";
import { authTokens } from "../auth-tokens.ts";
import { AUTH_SOURCES, authSource } from "../auth-source.ts";
import { NO_AUTH_LAYERS } from "../reasons.ts";
import type { Check, OptionRow } from "./row.ts";

const sourceOfPasswords: Check = (value, { messages, row }) => {
  if (value.trim() === "" || authSource(value) !== undefined) return value;
  const kinds = AUTH_SOURCES.map((kind) => `${kind}:/PATH`).join(", ");
  messages.error(`${row.name}=${value}: one of ${kinds} is wanted`, { offset: 0 });
  return undefined;
};

const tokensOfIssuer: Check = (value, { messages, row }) => {
  const read = value.trim() === "" ? undefined : authTokens(value);
  if (typeof read !== "string") return value;
  messages.error(`${row.name}=${value}: ${read}`, { offset: 0 });
  return undefined;
};

/** Those that are not here are read all the same: Dovecot may speak them as a server. */
const mechanisms: Check = (value, { messages }) => {
  for (const { word, offset } of placed(value, /[^\s,]+/g)) {
    if (mechanismNamed(word) === undefined)
      messages.note(
        `AuthMechanisms: ${word} is not here; only where AuthSource is a Dovecot that speaks it clients get it`,
        offset,
      );
  }
  return value;
};

export const AUTH_OPTIONS = [
  {
    name: "DefaultAuthInfo",
    code: 0xad,
    type: "text",
    initial: "",
    path: "authInfo",
    meaning: "file with our names and passwords as a client",
  },
  {
    name: "AuthMechanisms",
    code: 0xae,
    type: "text",
    check: mechanisms,
    initial: "EXTERNAL GSSAPI KERBEROS_V4 DIGEST-MD5 CRAM-MD5",
    meaning: "AUTH mechanisms that we use as a client and offer as a server; when not set, all that can be had safely",
  },
  {
    name: "AuthOptions",
    code: 0xbd,
    type: "text",
    initial: "",
    range: ["a", "A", "c", "d", "f", "m", "p", "y"],
    check: firstLetters,
    meaning: "details of AUTH: A and p count as a client; a c d f m p y choose among mechanisms as a server",
  },
  {
    name: "AuthMaxBits",
    code: 0xca,
    type: "number",
    initial: 2_147_483_647,
    meaning: "strongest encryption of AUTH layers, in bits",
    notActedOn: NO_AUTH_LAYERS,
  },
  {
    name: "AuthRealm",
    code: 0xd6,
    type: "text",
    initial: "",
    meaning: "realm of users without one, where saslauthd is asked",
  },
  {
    name: "AuthSource",
    type: "text",
    initial: "",
    extension: true,
    check: sourceOfPasswords,
    meaning:
      "who knows the passwords of clients: file:/PATH, saslauthd:/SOCKET, dovecot:/SOCKET; empty: AUTH is not offered",
  },
  {
    name: "AuthTokens",
    type: "text",
    initial: "",
    extension: true,
    check: tokensOfIssuer,
    meaning:
      "whose access tokens let clients in (OAUTHBEARER, XOAUTH2): Keys=/JWKS, Issuer=URL, Audience=NAME, User=CLAIM",
  },
  {
    name: "AuthCleartext",
    type: "flag",
    initial: false,
    extension: true,
    meaning: "offer PLAIN and LOGIN outside of TLS, too",
  },
] as const satisfies readonly OptionRow[];
