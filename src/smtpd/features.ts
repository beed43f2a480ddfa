/**
 * What this client is offered and has to do, settled when it connects: the configuration's own choice, then the letters of
 * the ruleset srv_features (manual §5.1.4.13). A small letter switches on, its capital off, whatever PrivacyOptions and the
 * port say; only AUTH, which a port took away (M=A), stays away.
 */
import type { Options } from "../config/config.ts";

export interface Features {
  /** The ruleset could not tell: the client is asked to come back for everything that moves mail. */
  readonly isTemporary: boolean;
  readonly offersExpn: boolean;
  readonly offersVerb: boolean;
  readonly offersDsn: boolean;
  readonly offersEtrn: boolean;
  readonly offersPipelining: boolean;
  /** STARTTLS, where there is a certificate. */
  readonly offersTls: boolean;
  /** AUTH, where there are mechanisms. */
  readonly offersAuth: boolean;
  /** Mail is taken only from who has said who he is. */
  readonly requiresAuth: boolean;
  /** Mechanisms that show the password need TLS. */
  readonly plainNeedsTls: boolean;
  /** The handshake asks for a certificate of the client. */
  readonly asksCertificate: boolean;
  /** Who sends more behind HELO or EHLO without waiting for our answer is sent away. */
  readonly refusesStuffing: boolean;
}

type Switch = Exclude<keyof Features, "isTemporary">;

/** Letter → what it switches on. `h` and the line ends of 8.18 (o, u, g) are always as strict as they can be. */
export const FEATURE_LETTERS: ReadonlyMap<string, Switch> = new Map([
  ["a", "offersAuth"],
  ["b", "offersVerb"],
  ["c", "plainNeedsTls"],
  ["d", "offersDsn"],
  ["e", "offersEtrn"],
  ["f", "refusesStuffing"],
  ["l", "requiresAuth"],
  ["p", "offersPipelining"],
  ["s", "offersTls"],
  ["v", "asksCertificate"],
  ["x", "offersExpn"],
]);

/** What decides before the ruleset is asked. */
export interface FeatureSource {
  readonly settings: { readonly privacy: ReadonlySet<string> };
  readonly port: { readonly port: number; readonly modifiers: ReadonlySet<string> };
  readonly site: { readonly config: { readonly options: Pick<Options, "flag" | "text"> } };
}

/** @param letters what srv_features selected: "temp" when it cannot tell, undefined or "" when it says nothing */
export function readFeatures(source: FeatureSource, letters?: string): Features {
  const { privacy } = source.settings;
  const { port, modifiers } = source.port;
  const { options } = source.site.config;
  const features = {
    isTemporary: /^temp\b/i.test(letters ?? ""),
    offersExpn: !privacy.has("noexpn"),
    offersVerb: !privacy.has("noexpn") && !privacy.has("noverb"),
    // Without MIME there is no part of a report for programs.
    offersDsn: !privacy.has("noreceipts") && options.flag("SendMimeErrors"),
    offersEtrn: !privacy.has("noetrn") && !modifiers.has("E"),
    offersPipelining: true,
    offersTls: !modifiers.has("S"),
    // Other servers do not log in: where they come, passwords are only guessed.
    offersAuth: port !== 25 || modifiers.has("a"),
    requiresAuth: modifiers.has("a"),
    plainNeedsTls: options.text("AuthOptions").includes("p") || !options.flag("AuthCleartext"),
    asksCertificate: !options.text("TLSSrvOptions").includes("V"),
    refusesStuffing: true,
  };
  for (const letter of features.isTemporary ? "" : (letters ?? "")) {
    const feature = FEATURE_LETTERS.get(letter.toLowerCase());
    if (feature !== undefined) features[feature] = letter === letter.toLowerCase();
  }
  // VERB shows what EXPN shows.
  if (!features.offersExpn) features.offersVerb = false;
  if (modifiers.has("A")) features.offersAuth = false;
  return features;
}
