/** Policy records of DMARC (RFC 7489 §6.3, and the tags that its successor has beside them): text to tags. */

export type DmarcPolicy = "none" | "quarantine" | "reject";

export interface DmarcRecord {
  /** p= */
  readonly policy: DmarcPolicy;
  /** sp=: for names below the organizational domain; without it p=. */
  readonly subdomains: DmarcPolicy;
  /** np=: for those that do not exist; without it sp=. */
  readonly nonexistent: DmarcPolicy;
  readonly strictDkim: boolean;
  readonly strictSpf: boolean;
  /** psd=: y this is a public suffix, n it is an organizational domain, u neither is said. */
  readonly suffix: "y" | "n" | "u";
  /** t=y: the owner is only trying: the next milder policy holds. */
  readonly isTest: boolean;
  /** pct=, 0 to 100. */
  readonly percent: number;
  /** rua=: URIs as they stand there. */
  readonly reportsTo: readonly string[];
  /** ri=: seconds; 86400 without. */
  readonly interval: number;
  /** ruf=, fo= */
  readonly failuresTo: readonly string[];
  readonly failureOptions: string;
}

const MOST_URIS = 10;
const POLICIES: ReadonlySet<string> = new Set(["none", "quarantine", "reject"]);

/** Whether a TXT record means to be one. */
export function isDmarc(text: string): boolean {
  return /^v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text);
}

/** @returns undefined for a record that says nothing: it counts as none */
export function readDmarcRecord(text: string): DmarcRecord | undefined {
  const tags = readTags(text);
  const uris = readUris(tags.get("rua"));
  // RFC 7489 §6.6.3: who wants reports at least wants to be asked.
  const policy = policyOf(tags.get("p")) ?? (uris.length > 0 ? "none" : undefined);
  if (policy === undefined) return undefined;
  const subdomains = policyOf(tags.get("sp")) ?? policy;
  const suffix = tags.get("psd")?.toLowerCase();
  return {
    policy,
    subdomains,
    nonexistent: policyOf(tags.get("np")) ?? subdomains,
    strictDkim: tags.get("adkim")?.toLowerCase() === "s",
    strictSpf: tags.get("aspf")?.toLowerCase() === "s",
    suffix: suffix === "y" || suffix === "n" ? suffix : "u",
    isTest: tags.get("t")?.toLowerCase() === "y",
    percent: numberOf(tags.get("pct"), 100, 100),
    reportsTo: uris,
    interval: numberOf(tags.get("ri"), 86_400, 0xffff_ffff),
    failuresTo: readUris(tags.get("ruf")),
    failureOptions: tags.get("fo") ?? "0",
  };
}

/** The first tag of a name counts. */
function readTags(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const part of text.split(";")) {
    const equals = part.indexOf("=");
    if (equals < 0) continue;
    const name = part.slice(0, equals).trim().toLowerCase();
    if (!tags.has(name)) tags.set(name, part.slice(equals + 1).trim());
  }
  return tags;
}

function policyOf(text: string | undefined): DmarcPolicy | undefined {
  const word = text?.toLowerCase() ?? "";
  return POLICIES.has(word) ? (word as DmarcPolicy) : undefined;
}

function numberOf(text: string | undefined, otherwise: number, most: number): number {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) ? Math.min(Number(text), most) : otherwise;
}

function readUris(text: string | undefined): readonly string[] {
  const words = (text ?? "").split(",").map((word) => word.trim());
  return words.filter((word) => /^[a-z][a-z0-9+.-]*:[!-~]+$/i.test(word)).slice(0, MOST_URIS);
}
