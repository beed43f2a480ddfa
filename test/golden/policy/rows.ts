/** The form of test/golden/policy: sites, and what clients say to them. */

/** A configuration of its own, beside the lines that site.mc has for all. */
export interface PolicySite {
  /** Lines of m4 in front of MAILER(); `@DIR@` is the folder of the site. */
  readonly features: readonly string[];
  /** Rules behind LOCAL_RULESETS, and lines of the cf behind LOCAL_CONFIG. */
  readonly rules?: readonly string[];
  readonly config?: readonly string[];
  /** The access table: key → value. */
  readonly access?: Readonly<Record<string, string>>;
}

/** A line of the table: who asks, and what is said. What comes of it stands in recorded.jsonl. */
export interface Row {
  readonly site: string;
  /** Ruleset or FEATURE. */
  readonly ruleset: string;
  /** What is to be seen; with the ruleset the row's name. */
  readonly about: string;
  /** Address of the client. */
  readonly from: string;
  /** A text with a dot at its end is a message: it is left out where DATA was not taken. */
  readonly lines: readonly string[];
  /** The first line is said before the greeting. */
  readonly early?: boolean;
}

/** A client that has a name, which points back to it. */
export const CLIENT = "192.0.2.7";
export const GREETING = "EHLO client.far.test";
export const MESSAGE = "Subject: hi\r\n\r\nhi\r\n.";

export function nameOf({ site, ruleset, about }: Row): string {
  return `${site}: ${ruleset}: ${about}`;
}
