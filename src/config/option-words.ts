/** The words that list options accept. */

export const PRIVACY_WORDS: ReadonlySet<string> = new Set(
  (
    "public needmailhelo needexpnhelo needvrfyhelo noexpn novrfy noetrn noverb noreceipts nobodyreturn " +
    "noactualrecipient restrictmailq restrictqrun restrictexpand goaway authwarnings"
  ).split(" "),
);

export const BLAME_WORDS: ReadonlySet<string> = new Set(
  (
    "safe assumesafechown certowner classfileinunsafedirpath dontwarnforwardfileinunsafedirpath " +
    "errorheaderinunsafedirpath filedeliverytohardlink filedeliverytosymlink forwardfileingroupwritabledirpath " +
    "forwardfileinunsafedirpath forwardfileinunsafedirpathsafe groupreadabledefaultauthinfofile " +
    "groupreadablekeyfile groupreadablesasldbfile groupwritablealiasfile groupwritabledirpathsafe " +
    "groupwritableforwardfile groupwritableforwardfilesafe groupwritableincludefile groupwritableincludefilesafe " +
    "groupwritablesasldbfile helpfileinunsafedirpath includefileingroupwritabledirpath includefileinunsafedirpath " +
    "includefileinunsafedirpathsafe insufficiententropy linkedaliasfileinwritabledir linkedclassfileinwritabledir " +
    "linkedforwardfileinwritabledir linkedincludefileinwritabledir linkedmapinwritabledir " +
    "linkedserviceswitchfileinwritabledir mapinunsafedirpath nonrootsafeaddr runprograminunsafedirpath " +
    "runwritableprogram truststickybit worldwritablealiasfile worldwritableforwardfile worldwritableincludefile " +
    "writemaptohardlink writemaptosymlink writestatstohardlink writestatstosymlink"
  ).split(" "),
);

export const RESOLVER_WORDS: ReadonlySet<string> = new Set(
  (
    "debug aaonly usevc primary igntc recurse defnames stayopen dnsrch use_edns0 use_dnssec trustad " +
    "haswildcardmx workaroundbrokenaaaa"
  ).split(" "),
);

/** Names of TLS library options that ServerSSLOptions and ClientSSLOptions take, in capitals; numbers are taken too. */
export const TLS_WORDS: ReadonlySet<string> = new Set(
  (
    "SSL_OP_ALL SSL_OP_ALLOW_NO_DHE_KEX SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION SSL_OP_CIPHER_SERVER_PREFERENCE " +
    "SSL_OP_CISCO_ANYCONNECT SSL_OP_COOKIE_EXCHANGE SSL_OP_CRYPTOPRO_TLSEXT_BUG " +
    "SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS SSL_OP_EPHEMERAL_RSA SSL_OP_LEGACY_SERVER_CONNECT " +
    "SSL_OP_MICROSOFT_BIG_SSLV3_BUFFER SSL_OP_MICROSOFT_SESS_ID_BUG SSL_OP_MSIE_SSLV2_RSA_PADDING " +
    "SSL_OP_NETSCAPE_CA_DN_BUG SSL_OP_NETSCAPE_CHALLENGE_BUG SSL_OP_NETSCAPE_DEMO_CIPHER_CHANGE_BUG " +
    "SSL_OP_NETSCAPE_REUSE_CIPHER_CHANGE_BUG SSL_OP_NO_COMPRESSION SSL_OP_NO_ENCRYPT_THEN_MAC SSL_OP_NO_QUERY_MTU " +
    "SSL_OP_NO_RENEGOTIATION SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION SSL_OP_NO_SSLv2 SSL_OP_NO_SSLv3 " +
    "SSL_OP_NO_TICKET SSL_OP_NO_TLSv1 SSL_OP_NO_TLSv1_1 SSL_OP_NO_TLSv1_2 SSL_OP_NO_TLSv1_3 SSL_OP_PKCS1_CHECK_1 " +
    "SSL_OP_PKCS1_CHECK_2 SSL_OP_PRIORITIZE_CHACHA SSL_OP_ENABLE_MIDDLEBOX_COMPAT SSL_OP_NO_ANTI_REPLAY SSL_OP_SINGLE_DH_USE " +
    "SSL_OP_SINGLE_ECDH_USE SSL_OP_SSLEAY_080_CLIENT_DH_BUG SSL_OP_SSLREF2_REUSE_CERT_TYPE_BUG " +
    "SSL_OP_TLSEXT_PADDING SSL_OP_TLS_BLOCK_PADDING_BUG SSL_OP_TLS_D5_BUG SSL_OP_TLS_ROLLBACK_BUG"
  )
    .toUpperCase()
    .split(" "),
);

/** First letter of QueueSortOrder → the order. */
export const SORT_ORDERS: Readonly<Record<string, string>> = {
  p: "priority",
  h: "host",
  f: "filename",
  t: "time",
  r: "random",
  m: "modification",
  n: "none",
  s: "shuffle",
};

export const NO_RECIPIENT_ACTIONS: readonly string[] = [
  "none",
  "add-to",
  "add-apparently-to",
  "add-bcc",
  "add-to-undisclosed",
];

/** Stages of a session that Milter.macros.STAGE names. */
export const MILTER_STAGES: readonly string[] = ["connect", "helo", "envfrom", "envrcpt", "data", "eom", "eoh"];
