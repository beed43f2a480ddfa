/**
 * The one list of what a configuration may say and this server reads, checks and keeps without acting on it. `-bO`,
 * `-bC` and docs/options.md show it; a test compares it with what the code asks for.
 *
 * The text says why: a thing that this server has no use for, or one that it does not do yet.
 */
import type { OptionName } from "./options.ts";
import type { TimeoutName } from "./timeouts.ts";

export type SettingKind =
  | "option"
  | "timeout"
  | "mailer flag"
  | "mailer equate"
  | "queue equate"
  | "filter equate"
  | "port equate"
  | "port modifier";

const ALWAYS_DURABLE = "messages are kept in a journal, not in a pair of files each";
const NO_PROCESSES = "one process does the work, there is none per job or queue";
const NO_FILTERS = "mail filters are not called yet";
const NO_AUTH = "AUTH is not offered or used yet";
const NO_TLS_DETAIL = "the TLS library's own choice counts so far";
const NO_LOAD = "the load of the machine is not looked at yet";
const NO_GROUPS = "there is one queue so far";
const NO_MIME = "bodies are not converted yet";
const NO_USERDB = "there is no user database";
const NOT_YET = "not done yet";

/** Kind → name → reason. Names of timeouts are in lower case, as in config/timeouts.ts. */
export const NOT_ACTED_ON: Readonly<Record<SettingKind, Readonly<Record<string, string>>>> = {
  option: {
    AliasWait: "alias files are read at once, there is no half-built database to wait for",
    AuthMaxBits: NO_AUTH,
    AuthMechanisms: NO_AUTH,
    AuthOptions: NO_AUTH,
    AuthRealm: NO_AUTH,
    BadRcptShutdown: NOT_YET,
    BadRcptShutdownGood: NOT_YET,
    CACertFile: NO_TLS_DETAIL,
    CACertPath: NO_TLS_DETAIL,
    CertFingerprintAlgorithm: NO_TLS_DETAIL,
    CheckAliases: NOT_YET,
    CheckpointInterval: "every recipient's outcome is written at once",
    CipherList: NO_TLS_DETAIL,
    CipherSuites: NO_TLS_DETAIL,
    ClientCertFile: NO_TLS_DETAIL,
    ClientKeyFile: NO_TLS_DETAIL,
    ClientSSLOptions: NO_TLS_DETAIL,
    ConnectionRateWindowSize: NOT_YET,
    ControlSocketName: "the control socket lies in the home of the server",
    CRLFile: NO_TLS_DETAIL,
    CRLPath: NO_TLS_DETAIL,
    DANE: NOT_YET,
    DataFileBufferSize: ALWAYS_DURABLE,
    DeadLetterDrop: NOT_YET,
    DefaultAuthInfo: NO_AUTH,
    DefaultCharSet: NO_MIME,
    DelayLA: NO_LOAD,
    DeliverByMin: "DELIVERBY is not offered yet",
    DHParameters: NO_TLS_DETAIL,
    DialDelay: "for modems that dial on demand",
    DontInitGroups: "a user's groups are always taken on",
    DontPruneRoutes: NOT_YET,
    ErrorMode: NOT_YET,
    FastSplit: NO_PROCESSES,
    ForkEachJob: NO_PROCESSES,
    HelpFile: "`?` of test mode shows it, HELP of SMTP not yet",
    HoldExpensive: NOT_YET,
    IgnoreDots: "the command line option -i is acted on, this one not yet",
    InputMailFilters: NO_FILTERS,
    MatchGECOS: NOT_YET,
    MaxMimeHeaderLength: NOT_YET,
    MaxQueueChildren: NO_PROCESSES,
    MaxQueueRunSize: NOT_YET,
    MaxRunnersPerQueue: NO_PROCESSES,
    MeToo: NOT_YET,
    Milter: NO_FILTERS,
    NiceQueueRun: NO_PROCESSES,
    NoRecipientAction: NOT_YET,
    ProcessTitlePrefix: "process titles are left alone",
    QueueFactor: NO_LOAD,
    QueueFileMode: ALWAYS_DURABLE,
    QueueLA: NO_LOAD,
    QueueSortOrder: NOT_YET,
    RandFile: "the system's random numbers are used",
    RefuseLA: NO_LOAD,
    RejectLogInterval: NOT_YET,
    RejectNUL: NOT_YET,
    RequiresDirfsync: "folders are always written to disk",
    RrtImpliesDsn: NOT_YET,
    RunAsUser: NOT_YET,
    SaveFromLine: NOT_YET,
    SendMimeErrors: "error reports are always MIME messages (RFC 3464)",
    ServerSSLOptions: NO_TLS_DETAIL,
    SetCertAltnames: NO_TLS_DETAIL,
    SevenBitInput: NOT_YET,
    SharedMemoryKey: NO_PROCESSES,
    SharedMemoryKeyFile: NO_PROCESSES,
    SingleLineFromHeader: NOT_YET,
    SingleThreadDelivery: NOT_YET,
    SoftBounce: NOT_YET,
    SSLEngine: NO_TLS_DETAIL,
    SSLEnginePath: NO_TLS_DETAIL,
    StatusFile: NOT_YET,
    StrictTransportSecurity: NOT_YET,
    TempFileMode: NOT_YET,
    TimeZoneSpec: "the time zone of the environment counts",
    TLSSrvOptions: NO_TLS_DETAIL,
    TrustedUser: NOT_YET,
    UnsafeGroupWrites: "DontBlameSendmail says the same in more detail",
    UseCompressedIPv6Addresses: NOT_YET,
    UseMSP: "-A and the home of the server decide",
    UserDatabaseSpec: NO_USERDB,
    Verbose: "the command line option -v is acted on where there is something to tell",
    XscriptFileBufferSize: ALWAYS_DURABLE,
  } satisfies Readonly<Partial<Record<OptionName, string>>>,
  timeout: {
    auth: NO_AUTH,
    control: NOT_YET,
    fileopen: NOT_YET,
    iconnect: NOT_YET,
    ident: "the ident protocol is not asked",
    lhlo: "LMTP uses Timeout.helo",
    queuereturn: "sets its four members, which are acted on",
    queuewarn: "sets its four members, which are acted on",
    "resolver.retrans": "the resolver takes resolv.conf's times",
    "resolver.retrans.first": "the resolver takes resolv.conf's times",
    "resolver.retrans.normal": "the resolver takes resolv.conf's times",
    "resolver.retry": "the resolver takes resolv.conf's attempts",
    "resolver.retry.first": "the resolver takes resolv.conf's attempts",
    "resolver.retry.normal": "the resolver takes resolv.conf's attempts",
  } satisfies Readonly<Partial<Record<TimeoutName, string>>>,
  "mailer flag": {
    "3": NO_MIME,
    "4": NOT_YET,
    "9": NO_MIME,
    "!": NOT_YET,
    "%": NOT_YET,
    "~": NOT_YET,
    _: NOT_YET,
    a: "EHLO is tried with every SMTP peer unless F=2",
    B: NOT_YET,
    c: NOT_YET,
    C: NOT_YET,
    d: NOT_YET,
    e: "see HoldExpensive",
    H: "for the MAIL11v3 protocol",
    i: NO_USERDB,
    I: "no peer is treated in a special way",
    j: NO_USERDB,
    K: "no peer is treated in a special way",
    N: "for the MAIL11 protocol",
    p: NOT_YET,
    q: NOT_YET,
    R: NOT_YET,
    s: NOT_YET,
    S: NOT_YET,
    v: NOT_YET,
    V: NOT_YET,
    Z: "see DialDelay",
  },
  "mailer equate": {
    "/": NOT_YET,
    C: NO_MIME,
    N: NO_PROCESSES,
    Q: NO_GROUPS,
    T: "error reports name types by the kind of the mailer",
  },
  "queue equate": Object.fromEntries("PFINRJr".split("").map((letter) => [letter, NO_GROUPS])),
  "filter equate": Object.fromEntries("SFT".split("").map((letter) => [letter, NO_FILTERS])),
  "port equate": {
    deliverymode: NOT_YET,
    delayla: NO_LOAD,
    inputmailfilters: NO_FILTERS,
    queuela: NO_LOAD,
    receivesize: NOT_YET,
    refusela: NO_LOAD,
    sendsize: NOT_YET,
  },
  "port modifier": {
    a: NO_AUTH,
    A: NO_AUTH,
    b: NOT_YET,
    C: NOT_YET,
    h: NOT_YET,
    O: NOT_YET,
    s: NOT_YET,
  },
};

/** Reasons that are a debt; all others say that this server has no use for the setting. */
const OWED: ReadonlySet<string> = new Set([
  NO_FILTERS,
  NO_AUTH,
  NO_TLS_DETAIL,
  NO_LOAD,
  NO_GROUPS,
  NO_MIME,
  NO_USERDB,
  NOT_YET,
]);

/** Whether something is missing where the reason of {@link notActedOn} is given; false where nothing is to be done. */
export function isOwed(reason: string): boolean {
  return OWED.has(reason);
}

/** Whether the reason is one cause behind several settings, and not only that nobody got to it. */
export function isSharedCause(reason: string): boolean {
  return (
    reason !== NOT_YET &&
    Object.values(NOT_ACTED_ON).some((rows) => Object.values(rows).filter((each) => each === reason).length > 1)
  );
}

/**
 * Settings that keep something away from the server or its mail: who sets one of them relies on it, so that a server
 * that does not act on it has to say so. Name → what does not happen.
 */
export const PROTECTS: Readonly<Partial<Record<SettingKind, Readonly<Record<string, string>>>>> = {
  option: {
    AuthOptions: "AUTH is not asked for in the way it says",
    BadRcptShutdown: "sessions with many refused recipients go on",
    CACertFile: "certificates of peers are not checked against it",
    CACertPath: "certificates of peers are not checked against it",
    CipherList: "ciphers are those of the TLS library",
    CipherSuites: "ciphers are those of the TLS library",
    ClientSSLOptions: "TLS versions and switches are those of the TLS library",
    CRLFile: "withdrawn certificates count as valid",
    CRLPath: "withdrawn certificates count as valid",
    DANE: "certificates of mail servers are not compared with DNS",
    DelayLA: "a busy machine answers as fast as it can",
    DHParameters: "parameters are those of the TLS library",
    DontInitGroups: "programs of users run with all groups of the user",
    InputMailFilters: "mail is not shown to the filters",
    MaxMimeHeaderLength: "long parameters of MIME fields are passed on",
    QueueLA: "a busy machine goes on delivering",
    RefuseLA: "a busy machine goes on taking connections",
    RejectNUL: "messages with NUL octets are taken",
    RunAsUser: "the server keeps the rights that it was started with",
    ServerSSLOptions: "TLS versions and switches are those of the TLS library",
    SoftBounce: "what fails is returned at once",
    StrictTransportSecurity: "policies of MTA-STS are not asked for",
    TLSSrvOptions: "client certificates are not asked for in the way it says",
    TrustedUser: "files of that user are not trusted more than those of others",
  },
  "mailer equate": { "/": "programs of the mailer see the whole file system" },
  "port equate": {
    delayla: "a busy machine answers as fast as it can",
    inputmailfilters: "mail is not shown to the filters",
    queuela: "a busy machine goes on delivering",
    refusela: "a busy machine goes on taking connections",
  },
  "port modifier": {
    a: "clients of this port need not say who they are",
  },
};

/** Why a setting has no effect; undefined when it has one, or when no such thing is known. */
export function notActedOn(kind: SettingKind, name: string): string | undefined {
  const rows = NOT_ACTED_ON[kind];
  return Object.hasOwn(rows, name) ? rows[name] : undefined;
}
