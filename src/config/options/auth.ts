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
    notActedOn: NO_AUTH,
  },
  {
    name: "AuthMechanisms",
    code: 0xae,
    type: "text",
    initial: "EXTERNAL GSSAPI KERBEROS_V4 DIGEST-MD5 CRAM-MD5",
    meaning: "AUTH mechanisms that are offered",
    notActedOn: NO_AUTH,
  },
  {
    name: "AuthOptions",
    code: 0xbd,
    type: "text",
    initial: "",
    range: ["a", "A", "c", "d", "f", "m", "p", "y"],
    check: firstLetters,
    meaning: "details of AUTH: a A c d f m p y",
    notActedOn: NO_AUTH,
    without: "AUTH is not asked for in the way it says",
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
