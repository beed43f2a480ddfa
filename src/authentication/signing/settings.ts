/** What the configuration says about signing (config/options/signing.ts), read once for each configuration. */
import type { Options } from "../../config/config.ts";
import { asciiDomain, wordsOf } from "./names.ts";

export interface SigningSettings {
  /** Folder of keys; "": none. */
  readonly folder: string;
  /** "": none; with its kind in front (key-tables.ts). */
  readonly keyTable: string;
  readonly signingTable: string;
  /** Empty: all. */
  readonly selectors: ReadonlySet<string>;
  /** In ASCII and lower case; empty: those with keys. */
  readonly domains: ReadonlySet<string>;
  readonly fields: readonly string[];
  readonly oversign: readonly string[];
  /** Seconds; undefined: for ever. */
  readonly expireSeconds?: number;
  /** A message that cannot be signed waits; false: it goes unsigned. */
  readonly defers: boolean;
  /** Domain that seals mail of others; "": none. */
  readonly sealAs: string;
}

/**
 * Fields that are signed where they are there: what readers see, what answers and threads go by, what says how the body is read
 * (RFC 6376 §5.4.1). Not those that the way may change: Received, Return-Path, Bcc.
 */
const FIELDS =
  "From Sender Reply-To Subject Date Message-ID To Cc In-Reply-To References MIME-Version Content-Type " +
  "Content-Transfer-Encoding Content-ID Content-Description Resent-Date Resent-From Resent-Sender Resent-To Resent-Cc " +
  "Resent-Message-ID List-Id List-Help List-Unsubscribe List-Unsubscribe-Post List-Subscribe List-Post List-Owner List-Archive";

/** undefined: nothing is signed, and nothing sealed. */
export function signingSettings(options: Pick<Options, "text" | "time">): SigningSettings | undefined {
  const folder = options.text("DKIMKeys").trim();
  const keyTable = options.text("DKIMKeyTable").trim();
  if (folder === "" && keyTable === "") return undefined;
  const expire = Math.floor(options.time("DKIMExpire") / 1000);
  return {
    folder,
    keyTable,
    signingTable: options.text("DKIMSigningTable").trim(),
    selectors: new Set(wordsOf(options.text("DKIMSelectors").toLowerCase())),
    domains: new Set(wordsOf(options.text("DKIMDomains")).flatMap((name) => asciiDomain(name) ?? [])),
    fields: changedList(wordsOf(FIELDS), wordsOf(options.text("DKIMHeaders"))),
    oversign: wordsOf(options.text("DKIMOversign")),
    ...(expire > 0 && { expireSeconds: expire }),
    defers: options.text("DKIMFailure") !== "unsigned",
    sealAs: asciiDomain(options.text("ARCSeal").trim()) ?? "",
  };
}

/** Words with + and - change the usual list; others take its place. From is signed always (RFC 6376 §5.4). */
function changedList(usual: readonly string[], words: readonly string[]): readonly string[] {
  const plain = words.filter((word) => !/^[+-]/.test(word));
  const added = words.filter((word) => word.startsWith("+")).map((word) => word.slice(1));
  const taken = new Set(words.filter((word) => word.startsWith("-")).map((word) => word.slice(1).toLowerCase()));
  const all = [...(plain.length > 0 ? plain : usual), ...added].filter((name) => !taken.has(name.toLowerCase()));
  return all.some((name) => name.toLowerCase() === "from") ? all : ["From", ...all];
}
