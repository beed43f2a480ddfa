/** Options of TLS: certificates, keys, switches of the library. */
import { firstLetters, meant, placed, wordsOf } from "./value-words.ts";
import { NO_TLS_DETAIL } from "../reasons.ts";
import type { Check, OptionRow } from "./row.ts";

/** Names of TLS library options that ServerSSLOptions and ClientSSLOptions take, in capitals; numbers are taken too. */
const TLS_WORDS = [
  "SSL_OP_ALL",
  "SSL_OP_ALLOW_NO_DHE_KEX",
  "SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION",
  "SSL_OP_CIPHER_SERVER_PREFERENCE",
  "SSL_OP_CISCO_ANYCONNECT",
  "SSL_OP_COOKIE_EXCHANGE",
  "SSL_OP_CRYPTOPRO_TLSEXT_BUG",
  "SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS",
  "SSL_OP_EPHEMERAL_RSA",
  "SSL_OP_LEGACY_SERVER_CONNECT",
  "SSL_OP_MICROSOFT_BIG_SSLV3_BUFFER",
  "SSL_OP_MICROSOFT_SESS_ID_BUG",
  "SSL_OP_MSIE_SSLV2_RSA_PADDING",
  "SSL_OP_NETSCAPE_CA_DN_BUG",
  "SSL_OP_NETSCAPE_CHALLENGE_BUG",
  "SSL_OP_NETSCAPE_DEMO_CIPHER_CHANGE_BUG",
  "SSL_OP_NETSCAPE_REUSE_CIPHER_CHANGE_BUG",
  "SSL_OP_NO_COMPRESSION",
  "SSL_OP_NO_ENCRYPT_THEN_MAC",
  "SSL_OP_NO_QUERY_MTU",
  "SSL_OP_NO_RENEGOTIATION",
  "SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION",
  "SSL_OP_NO_SSLV2",
  "SSL_OP_NO_SSLV3",
  "SSL_OP_NO_TICKET",
  "SSL_OP_NO_TLSV1",
  "SSL_OP_NO_TLSV1_1",
  "SSL_OP_NO_TLSV1_2",
  "SSL_OP_NO_TLSV1_3",
  "SSL_OP_PKCS1_CHECK_1",
  "SSL_OP_PKCS1_CHECK_2",
  "SSL_OP_PRIORITIZE_CHACHA",
  "SSL_OP_ENABLE_MIDDLEBOX_COMPAT",
  "SSL_OP_NO_ANTI_REPLAY",
  "SSL_OP_SINGLE_DH_USE",
  "SSL_OP_SINGLE_ECDH_USE",
  "SSL_OP_SSLEAY_080_CLIENT_DH_BUG",
  "SSL_OP_SSLREF2_REUSE_CERT_TYPE_BUG",
  "SSL_OP_TLSEXT_PADDING",
  "SSL_OP_TLS_BLOCK_PADDING_BUG",
  "SSL_OP_TLS_D5_BUG",
  "SSL_OP_TLS_ROLLBACK_BUG",
] as const;

const tlsSwitches: Check = (value, context) => {
  const known = wordsOf(context);
  // A comma with nothing in front of it is an empty word.
  for (const { word: item, offset } of placed(value, /[^\s,]+|(?<=^\s*),/g)) {
    const word = item.replace(/^[-+,]/, "");
    if (!/^[0-9]/.test(word) && !known.includes(word.toUpperCase())) {
      const about = { offset, ...meant(word, known) };
      context.messages.error(`readcf: ${context.row.name} option value ${word} unrecognized`, about);
    }
  }
  return value;
};

/** "always" is for trying things out in the original, which then also believes what is not signed: not so here. */
const dane: Check = (value, context) => {
  const word = value.trim().toLowerCase();
  const known = wordsOf(context);
  if (known.includes(word)) return word;
  if (/^(?:[ty1]|yes|on)$/.test(word)) return "true";
  if (/^(?:[fn0]|no|off|none|)$/.test(word)) return "false";
  context.messages.error(`readcf: ${context.row.name} option value ${value} unrecognized`, {
    offset: 0,
    ...meant(word, known),
  });
  return undefined;
};

const serverOptions: Check = (value, context) => {
  for (const { word, offset } of placed(value, /[^\s,]+/g)) {
    if (word.startsWith("C"))
      context.messages.note(
        "TLSSrvOptions=C has no effect: without a certificate of its own this server offers no TLS",
        offset,
      );
  }
  return firstLetters(value, context);
};

export const TLS_OPTIONS = [
  {
    name: "ServerCertFile",
    code: 0xb4,
    type: "text",
    initial: "",
    path: "file",
    meaning: "our certificate as an SMTP server",
  },
  {
    name: "ServerKeyFile",
    code: 0xb5,
    type: "text",
    initial: "",
    path: "key",
    meaning: "its key",
  },
  {
    name: "ServerNameCerts",
    type: "text",
    initial: "",
    extension: true,
    meaning: "certificates for clients that ask for other names: `CERT KEY, CERT KEY`",
  },
  {
    name: "ClientCertFile",
    code: 0xb6,
    type: "text",
    initial: "",
    path: "file",
    meaning: "our certificate as an SMTP client",
  },
  {
    name: "ClientKeyFile",
    code: 0xb7,
    type: "text",
    initial: "",
    path: "key",
    meaning: "its key",
  },
  {
    name: "CACertFile",
    code: 0xb8,
    type: "text",
    initial: "",
    path: "file",
    meaning: "certificates of trusted authorities (PEM)",
  },
  {
    name: "CACertPath",
    code: 0xb9,
    type: "text",
    initial: "",
    path: "folder",
    meaning: "folder of such certificates",
  },
  {
    name: "DHParameters",
    code: 0xba,
    type: "text",
    initial: "2",
    path: "file",
    meaning: "TLS key exchange without elliptic curves: none, 2048 or a file",
  },
  {
    name: "CertFingerprintAlgorithm",
    code: 0xbf,
    type: "text",
    initial: "",
    meaning: "digest for {cert_fp}",
  },
  {
    name: "CipherList",
    code: 0xc0,
    type: "text",
    initial: "",
    meaning: "ciphers up to TLS 1.2",
  },
  {
    name: "RandFile",
    code: 0xc1,
    type: "text",
    initial: "",
    meaning: "source of random octets",
    notActedOn: "the system's random numbers are used",
  },
  {
    name: "TLSSrvOptions",
    code: 0xc2,
    type: "text",
    initial: "",
    range: ["C", "V"],
    check: serverOptions,
    meaning: "V: no client certificate is asked for",
  },
  {
    name: "CRLFile",
    code: 0xd4,
    type: "text",
    initial: "",
    path: "file",
    meaning: "revoked certificates",
  },
  {
    name: "CRLPath",
    code: 0xd7,
    type: "text",
    initial: "",
    path: "folder",
    meaning: "folder of such lists",
  },
  {
    name: "ServerSSLOptions",
    code: 0xe3,
    type: "text",
    initial: "",
    range: TLS_WORDS,
    check: tlsSwitches,
    meaning: "TLS switches as a server",
  },
  {
    name: "ClientSSLOptions",
    code: 0xe4,
    type: "text",
    initial: "",
    range: TLS_WORDS,
    check: tlsSwitches,
    meaning: "TLS switches as a client",
  },
  {
    name: "SSLEngine",
    code: 0xed,
    type: "text",
    initial: "",
    meaning: "TLS engine",
    notActedOn: NO_TLS_DETAIL,
  },
  {
    name: "SSLEnginePath",
    code: 0xee,
    type: "text",
    initial: "",
    meaning: "where it is",
    notActedOn: NO_TLS_DETAIL,
  },
  {
    name: "TLSFallbacktoClear",
    code: 0xef,
    type: "flag",
    initial: true,
    meaning: "a failed STARTTLS is followed by a try without",
  },
  {
    name: "SetCertAltnames",
    code: 0xf7,
    type: "flag",
    initial: false,
    meaning: "fills {cert_altnames}",
    notActedOn: NO_TLS_DETAIL,
  },
  {
    name: "StrictTransportSecurity",
    code: 0xf9,
    type: "flag",
    initial: false,
    meaning: "mail servers are held to the MTA-STS policies of their domains (RFC 8461)",
  },
  {
    name: "CipherSuites",
    code: 0xfa,
    type: "text",
    initial: "",
    meaning: "ciphers of TLS 1.3",
  },
  {
    name: "RequireTLS",
    type: "flag",
    initial: false,
    extension: true,
    meaning: "REQUIRETLS is offered inside TLS (RFC 8689)",
  },
  {
    name: "DANE",
    type: "text",
    initial: "false",
    range: ["true", "false", "always"],
    check: dane,
    extension: true,
    meaning: "certificates of mail servers are compared with their TLSA records (RFC 7672)",
  },
] as const satisfies readonly OptionRow[];
