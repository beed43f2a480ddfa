/** Options of AUTH (RFC 4954). */
import { firstLetters } from "./value-words.ts";
import { NO_AUTH } from "../reasons.ts";
import type { OptionRow } from "./row.ts";

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
    initial: "EXTERNAL GSSAPI KERBEROS_V4 DIGEST-MD5 CRAM-MD5",
    meaning: "AUTH mechanisms that we use as a client",
  },
  {
    name: "AuthOptions",
    code: 0xbd,
    type: "text",
    initial: "",
    range: ["a", "A", "c", "d", "f", "m", "p", "y"],
    check: firstLetters,
    meaning: "details of AUTH: A and p count as a client; a c d f m y are for servers",
  },
  {
    name: "AuthMaxBits",
    code: 0xca,
    type: "number",
    initial: 2_147_483_647,
    meaning: "strongest encryption of AUTH layers, in bits",
    notActedOn: NO_AUTH,
  },
  {
    name: "AuthRealm",
    code: 0xd6,
    type: "text",
    initial: "",
    meaning: "realm given to AUTH mechanisms",
    notActedOn: NO_AUTH,
  },
] as const satisfies readonly OptionRow[];
