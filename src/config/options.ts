/**
 * The table of options: every name that an O line may hold.
 *
 * The order matters: an abbreviation that fits two names is refused with the first two of this order. `code` is the
 * letter of the old one-letter form, or the number that -d37 shows for names without letter.
 */

export type OptionType = "flag" | "number" | "octal" | "time" | "text";

export interface OptionRow {
  readonly name: string;
  readonly code: number;
  readonly type: OptionType;
  /** Unit of a time without unit. */
  readonly unit?: TimeUnit;
  /** Value when nothing sets it, as it would be written. */
  readonly initial: string;
  /** May be set by anybody on the command line without losing privileges. */
  readonly safe?: true;
  /**
   * "special build": only in specially compiled programs of the original, unknown here as in its usual builds;
   * "extension": usual builds of the original do not know it, we do. Neither takes part in abbreviations.
   */
  readonly availability?: "special build" | "extension";
}

export type TimeUnit = "s" | "m" | "h" | "d" | "w";

const standard = [
  { name: "SevenBitInput", code: 0x37, type: "flag", initial: "false", safe: true },
  { name: "EightBitMode", code: 0x38, type: "text", initial: "pass8", safe: true },
  { name: "AliasFile", code: 0x41, type: "text", initial: "" },
  { name: "AliasWait", code: 0x61, type: "time", unit: "m", initial: "10m" },
  { name: "BlankSub", code: 0x42, type: "text", initial: " " },
  { name: "MinFreeBlocks", code: 0x62, type: "number", initial: "100", safe: true },
  { name: "CheckpointInterval", code: 0x43, type: "number", initial: "10", safe: true },
  { name: "HoldExpensive", code: 0x63, type: "flag", initial: "false" },
  { name: "DeliveryMode", code: 0x64, type: "text", initial: "background", safe: true },
  { name: "ErrorHeader", code: 0x45, type: "text", initial: "" },
  { name: "ErrorMode", code: 0x65, type: "text", initial: "print", safe: true },
  { name: "TempFileMode", code: 0x46, type: "octal", initial: "0600" },
  { name: "SaveFromLine", code: 0x66, type: "flag", initial: "false" },
  { name: "MatchGECOS", code: 0x47, type: "flag", initial: "false" },
  { name: "HelpFile", code: 0x48, type: "text", initial: "/etc/mail/helpfile" },
  { name: "MaxHopCount", code: 0x68, type: "number", initial: "25" },
  { name: "ResolverOptions", code: 0x49, type: "text", initial: "" },
  { name: "IgnoreDots", code: 0x69, type: "flag", initial: "false", safe: true },
  { name: "ForwardPath", code: 0x4a, type: "text", initial: "$z/.forward" },
  { name: "SendMimeErrors", code: 0x6a, type: "flag", initial: "true", safe: true },
  { name: "ConnectionCacheSize", code: 0x6b, type: "number", initial: "1" },
  { name: "ConnectionCacheTimeout", code: 0x4b, type: "time", unit: "m", initial: "5m" },
  { name: "LogLevel", code: 0x4c, type: "number", initial: "9", safe: true },
  { name: "UseErrorsTo", code: 0x6c, type: "flag", initial: "false" },
  { name: "MeToo", code: 0x6d, type: "flag", initial: "true", safe: true },
  { name: "CheckAliases", code: 0x6e, type: "flag", initial: "false" },
  { name: "DaemonPortOptions", code: 0x4f, type: "text", initial: "" },
  { name: "OldStyleHeaders", code: 0x6f, type: "flag", initial: "false", safe: true },
  { name: "PrivacyOptions", code: 0x70, type: "text", initial: "", safe: true },
  { name: "PostmasterCopy", code: 0x50, type: "text", initial: "" },
  { name: "QueueFactor", code: 0x71, type: "number", initial: "600000" },
  { name: "QueueDirectory", code: 0x51, type: "text", initial: "" },
  { name: "DontPruneRoutes", code: 0x52, type: "flag", initial: "false" },
  { name: "Timeout", code: 0x72, type: "text", initial: "" },
  { name: "StatusFile", code: 0x53, type: "text", initial: "" },
  { name: "SuperSafe", code: 0x73, type: "text", initial: "true", safe: true },
  { name: "QueueTimeout", code: 0x54, type: "text", initial: "" },
  { name: "TimeZoneSpec", code: 0x74, type: "text", initial: "USE_SYSTEM" },
  { name: "UserDatabaseSpec", code: 0x55, type: "text", initial: "/etc/mail/userdb" },
  { name: "DefaultUser", code: 0x75, type: "text", initial: "1:1" },
  { name: "FallbackMXhost", code: 0x56, type: "text", initial: "" },
  { name: "Verbose", code: 0x76, type: "flag", initial: "false", safe: true },
  { name: "TryNullMXList", code: 0x77, type: "flag", initial: "false" },
  { name: "RefuseLA", code: 0x58, type: "number", initial: "12" },
  { name: "QueueLA", code: 0x78, type: "number", initial: "8" },
  { name: "ForkEachJob", code: 0x59, type: "flag", initial: "false" },
  { name: "RecipientFactor", code: 0x79, type: "number", initial: "30000" },
  { name: "RetryFactor", code: 0x5a, type: "number", initial: "90000" },
  { name: "ClassFactor", code: 0x7a, type: "number", initial: "1800" },
  { name: "QueueSortOrder", code: 0x81, type: "text", initial: "priority", safe: true },
  { name: "HostsFile", code: 0x82, type: "text", initial: "/etc/hosts" },
  { name: "MinQueueAge", code: 0x83, type: "time", unit: "m", initial: "0", safe: true },
  { name: "DefaultCharSet", code: 0x85, type: "text", initial: "unknown-8bit", safe: true },
  { name: "ServiceSwitchFile", code: 0x86, type: "text", initial: "/etc/mail/service.switch" },
  { name: "DialDelay", code: 0x87, type: "time", unit: "s", initial: "0", safe: true },
  { name: "NoRecipientAction", code: 0x88, type: "text", initial: "none", safe: true },
  { name: "SafeFileEnvironment", code: 0x89, type: "text", initial: "" },
  { name: "MaxMessageSize", code: 0x8a, type: "number", initial: "0" },
  { name: "ColonOkInAddr", code: 0x8b, type: "flag", initial: "false", safe: true },
  { name: "MaxQueueRunSize", code: 0x8c, type: "number", initial: "0", safe: true },
  { name: "MaxDaemonChildren", code: 0x8d, type: "number", initial: "0" },
  { name: "DontExpandCnames", code: 0x8e, type: "flag", initial: "false" },
  { name: "MustQuoteChars", code: 0x8f, type: "text", initial: "@,;:\\()[].'" },
  { name: "SmtpGreetingMessage", code: 0x90, type: "text", initial: "$j Sendmail $v ready at $b" },
  { name: "UnixFromLine", code: 0x91, type: "text", initial: "From $g $d" },
  { name: "OperatorChars", code: 0x92, type: "text", initial: ".:@[]" },
  { name: "DontInitGroups", code: 0x93, type: "flag", initial: "false" },
  { name: "SingleLineFromHeader", code: 0x94, type: "flag", initial: "false", safe: true },
  { name: "AllowBogusHELO", code: 0x95, type: "flag", initial: "false", safe: true },
  { name: "ConnectionRateThrottle", code: 0x97, type: "number", initial: "0" },
  { name: "UnsafeGroupWrites", code: 0x99, type: "flag", initial: "false" },
  { name: "DoubleBounceAddress", code: 0x9a, type: "text", initial: "postmaster" },
  { name: "HostStatusDirectory", code: 0x9b, type: "text", initial: "" },
  { name: "SingleThreadDelivery", code: 0x9c, type: "flag", initial: "false" },
  { name: "RunAsUser", code: 0x9d, type: "text", initial: "" },
  { name: "RrtImpliesDsn", code: 0x9e, type: "flag", initial: "false" },
  { name: "PidFile", code: 0x9f, type: "text", initial: "/var/run/sendmail.pid" },
  { name: "DontBlameSendmail", code: 0xa0, type: "text", initial: "safe" },
  { name: "DontProbeInterfaces", code: 0xa1, type: "text", initial: "" },
  { name: "MaxRecipientsPerMessage", code: 0xa2, type: "number", initial: "0" },
  { name: "DeadLetterDrop", code: 0xa3, type: "text", initial: "" },
  { name: "MaxAliasRecursion", code: 0xa5, type: "number", initial: "10" },
  { name: "ConnectOnlyTo", code: 0xa6, type: "text", initial: "" },
  { name: "TrustedUser", code: 0xa7, type: "text", initial: "" },
  { name: "MaxMimeHeaderLength", code: 0xa8, type: "text", initial: "2048/1024" },
  { name: "ControlSocketName", code: 0xa9, type: "text", initial: "" },
  { name: "MaxHeadersLength", code: 0xaa, type: "number", initial: "32768" },
  { name: "ProcessTitlePrefix", code: 0xac, type: "text", initial: "" },
  { name: "DefaultAuthInfo", code: 0xad, type: "text", initial: "" },
  { name: "AuthMechanisms", code: 0xae, type: "text", initial: "EXTERNAL GSSAPI KERBEROS_V4 DIGEST-MD5 CRAM-MD5" },
  { name: "ClientPortOptions", code: 0xaf, type: "text", initial: "" },
  { name: "DataFileBufferSize", code: 0xb0, type: "number", initial: "4096" },
  { name: "XscriptFileBufferSize", code: 0xb1, type: "number", initial: "4096" },
  { name: "LDAPDefaultSpec", code: 0xb2, type: "text", initial: "" },
  { name: "ServerCertFile", code: 0xb4, type: "text", initial: "" },
  { name: "ServerKeyFile", code: 0xb5, type: "text", initial: "" },
  { name: "ClientCertFile", code: 0xb6, type: "text", initial: "" },
  { name: "ClientKeyFile", code: 0xb7, type: "text", initial: "" },
  { name: "CACertFile", code: 0xb8, type: "text", initial: "" },
  { name: "CACertPath", code: 0xb9, type: "text", initial: "" },
  { name: "DHParameters", code: 0xba, type: "text", initial: "2" },
  { name: "InputMailFilters", code: 0xbb, type: "text", initial: "" },
  { name: "Milter", code: 0xbc, type: "text", initial: "", safe: true },
  { name: "AuthOptions", code: 0xbd, type: "text", initial: "" },
  { name: "QueueFileMode", code: 0xbe, type: "octal", initial: "0600" },
  { name: "CertFingerprintAlgorithm", code: 0xbf, type: "text", initial: "" },
  { name: "CipherList", code: 0xc0, type: "text", initial: "" },
  { name: "RandFile", code: 0xc1, type: "text", initial: "" },
  { name: "TLSSrvOptions", code: 0xc2, type: "text", initial: "" },
  { name: "BadRcptThrottle", code: 0xc3, type: "number", initial: "0" },
  { name: "DeliverByMin", code: 0xc4, type: "time", unit: "s", initial: "0" },
  { name: "MaxQueueChildren", code: 0xc5, type: "number", initial: "0" },
  { name: "MaxRunnersPerQueue", code: 0xc6, type: "number", initial: "1" },
  { name: "DirectSubmissionModifiers", code: 0xc7, type: "text", initial: "" },
  { name: "NiceQueueRun", code: 0xc8, type: "number", initial: "0" },
  { name: "SharedMemoryKey", code: 0xc9, type: "number", initial: "0" },
  { name: "AuthMaxBits", code: 0xca, type: "number", initial: "2147483647" },
  { name: "MailboxDatabase", code: 0xcb, type: "text", initial: "pw" },
  { name: "UseMSP", code: 0xcc, type: "flag", initial: "false" },
  { name: "DelayLA", code: 0xcd, type: "number", initial: "0" },
  { name: "FastSplit", code: 0xce, type: "number", initial: "1" },
  { name: "SoftBounce", code: 0xcf, type: "flag", initial: "false" },
  { name: "SharedMemoryKeyFile", code: 0xd0, type: "text", initial: "" },
  { name: "RejectLogInterval", code: 0xd1, type: "time", unit: "h", initial: "3h" },
  { name: "RequiresDirfsync", code: 0xd2, type: "flag", initial: "true" },
  { name: "ConnectionRateWindowSize", code: 0xd3, type: "time", unit: "s", initial: "60" },
  { name: "CRLFile", code: 0xd4, type: "text", initial: "" },
  { name: "FallbackSmartHost", code: 0xd5, type: "text", initial: "" },
  { name: "AuthRealm", code: 0xd6, type: "text", initial: "" },
  { name: "CRLPath", code: 0xd7, type: "text", initial: "" },
  { name: "HeloName", code: 0xd8, type: "text", initial: "" },
  { name: "MaxNOOPCommands", code: 0xdc, type: "number", initial: "20" },
  { name: "BadRcptShutdown", code: 0xe1, type: "number", initial: "0" },
  { name: "BadRcptShutdownGood", code: 0xe2, type: "number", initial: "0" },
  { name: "ServerSSLOptions", code: 0xe3, type: "text", initial: "" },
  { name: "ClientSSLOptions", code: 0xe4, type: "text", initial: "" },
  { name: "MaxQueueAge", code: 0xe5, type: "time", unit: "m", initial: "0" },
  { name: "RejectNUL", code: 0xe9, type: "flag", initial: "false" },
  { name: "UseCompressedIPv6Addresses", code: 0xec, type: "flag", initial: "false" },
  { name: "SSLEngine", code: 0xed, type: "text", initial: "" },
  { name: "SSLEnginePath", code: 0xee, type: "text", initial: "" },
  { name: "TLSFallbacktoClear", code: 0xef, type: "flag", initial: "true" },
  { name: "SetCertAltnames", code: 0xf7, type: "flag", initial: "false" },
  { name: "SmtpUTF8", code: 0xf8, type: "flag", initial: "false" },
  { name: "StrictTransportSecurity", code: 0xf9, type: "flag", initial: "false" },
  { name: "CipherSuites", code: 0xfa, type: "text", initial: "" },
] as const satisfies readonly OptionRow[];

/** Names outside the usual builds. */
const others = [
  { name: "AddBcc", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "AddrTypeModes", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "BadRcptThrottleDelay", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "BounceQueue", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "CheckQueueRunners", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "ClientCACertFile", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "ClientCACertPath", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "DontLockFilesForRead", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "EightBitAddrOK", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "FIPSMode", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "Hacks", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "InetQoS", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "KeepBcc", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "MaxForwardEntries", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "MemoryResource", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "MessageAccept", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "NameSearchList", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "NameServer", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "QueueLowMem", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "RefuseLowMem", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "RemoteMode", code: 0, type: "text", initial: "", availability: "special build" },
  { name: "DANE", code: 0, type: "text", initial: "", availability: "extension" },
] as const satisfies readonly OptionRow[];

/** A row of an option that has a long name. */
export type NamedOption = OptionRow & { readonly name: OptionName };
export const OPTIONS: readonly NamedOption[] = standard;
export const OTHER_OPTIONS: readonly NamedOption[] = others;

type AnyRow = (typeof standard)[number] | (typeof others)[number];
type NameOf<Type extends OptionType> = Extract<AnyRow, { readonly type: Type }>["name"];

/** An option that exists: a misspelt one does not compile. */
export type OptionName = AnyRow["name"];
export type NumberOption = NameOf<"number" | "octal">;
export type FlagOption = NameOf<"flag">;
export type TimeOption = NameOf<"time">;

const byLetter = new Map(OPTIONS.filter((row) => row.code < 0x80).map((row) => [row.code, row]));
const byName = new Map([...OPTIONS, ...OTHER_OPTIONS].map((row) => [row.name.toLowerCase(), row]));

/** Option g has a letter, but no long name: the group of DefaultUser. */
export const DEFAULT_GROUP: OptionRow = { name: "", code: 0x67, type: "text", initial: "" };
/** Option M defines a macro. */
export const DEFINE_MACRO: OptionRow = { name: "", code: 0x4d, type: "text", initial: "" };

export function optionByLetter(letter: string): OptionRow | undefined {
  if (letter === "g") return DEFAULT_GROUP;
  if (letter === "M") return DEFINE_MACRO;
  return byLetter.get(letter.charCodeAt(0));
}

export type OptionSearch =
  | { readonly kind: "found"; readonly row: OptionRow; readonly abbreviated: boolean }
  | { readonly kind: "ambiguous"; readonly matches: readonly [string, string] }
  | { readonly kind: "unknown" };

/** An option by its long name, in any letter case, or by an abbreviation that fits no other. */
export function optionByName(name: string): OptionSearch {
  const wanted = name.toLowerCase();
  const exact = byName.get(wanted);
  if (exact) {
    return exact.availability === "special build"
      ? { kind: "unknown" }
      : { kind: "found", row: exact, abbreviated: false };
  }
  const matches = OPTIONS.filter((row) => row.name.toLowerCase().startsWith(wanted));
  if (matches.length === 0) return { kind: "unknown" };
  if (matches.length > 1) return { kind: "ambiguous", matches: [matches[0].name, matches[1].name] };
  return { kind: "found", row: matches[0], abbreviated: true };
}

/** "(A)" or "(0xa1)", as -d37 shows it. */
export function optionCode(row: OptionRow): string {
  return row.code < 0x80 ? String.fromCharCode(row.code) : `0x${row.code.toString(16)}`;
}
