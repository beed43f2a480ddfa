/**
 * Authentication-Results (RFC 8601): the field that tells readers of a message what was found out about its sender, and which
 * such fields of others may stay.
 *
 *     Authentication-Results: mail.example.com;
 *     \tspf=pass smtp.mailfrom=example.org;
 *     \tdkim=pass header.d=example.org header.s=s1 header.a=rsa-sha256 header.b=Xk3qPz01;
 *     \tdmarc=pass (p=reject) header.from=example.org
 *
 * What strangers said is written so that it can be nothing but the value that it is.
 */
import { domainToASCII } from "node:url";
import { type HeaderField, isField } from "../mail/header.ts";
import type { DkimResult } from "./dkim/verify.ts";
import type { SenderEvidence } from "./evidence.ts";
import type { SpfResult } from "./spf/result.ts";

export const RESULTS_FIELD = "Authentication-Results";

/** Signatures that are told of: ten that were looked at, and one result for all others. */
const MOST_SIGNATURES = 11;
const LONGEST_VALUE = 256;

/** What is known so far; what was not looked at is not told. */
export type Told = Partial<Pick<SenderEvidence, "spf" | "spfHelo" | "dkim" | "arc" | "dmarc" | "iprev" | "client">>;

/** @param id our authserv-id */
export function resultsField(id: string, told: Told): HeaderField {
  const results = resultsOf(told);
  const lines = results.length === 0 ? [" none"] : results.map((each) => `\r\n\t${each}`);
  return { name: RESULTS_FIELD, value: ` ${valueText(id)};${lines.join(";")}` };
}

/** Each result as one text, without the authserv-id. */
function resultsOf(told: Told): readonly string[] {
  const { spf, spfHelo, dkim, dmarc, arc, iprev, client = "" } = told;
  return [
    ...(iprev === undefined ? [] : [joined("iprev", iprev.result, iprev.name, [["policy.iprev", iprev.address]])]),
    ...[spfHelo, spf].filter((each) => each !== undefined).map(spfText),
    ...(dkim === undefined ? [] : dkimTexts(dkim)),
    ...(dmarc === undefined
      ? []
      : [
          joined(
            "dmarc",
            dmarc.result,
            dmarc.record === undefined ? dmarc.reason : `p=${dmarc.policy}`,
            dmarc.domain === "" ? [] : [["header.from", dmarc.domain]],
          ),
        ]),
    ...(arc === undefined || arc.result === "none"
      ? []
      : [
          joined(
            "arc",
            arc.result === "temperror" ? "none" : arc.result,
            arc.reason ?? `i=${arc.chain.length}`,
            client === "" ? [] : [["smtp.remote-ip", client]],
          ),
        ]),
  ];
}

function spfText({ result, identity, domain, reason }: SpfResult): string {
  const property = identity === "helo" ? "smtp.helo" : "smtp.mailfrom";
  return joined("spf", result, reason, domain === "" ? [] : [[property, domain]]);
}

function dkimTexts(dkim: readonly DkimResult[]): readonly string[] {
  if (dkim.length === 0) return ["dkim=none"];
  return dkim.slice(0, MOST_SIGNATURES).map(({ result, reason, domain, selector, algorithm, identity, signature }) =>
    joined(
      "dkim",
      result,
      reason,
      [
        ["header.d", domain],
        ["header.i", identity ?? ""],
        ["header.s", selector],
        ["header.a", algorithm],
        ["header.b", signature],
      ].filter((property): property is [string, string] => property[1] !== ""),
    ),
  );
}

function joined(
  method: string,
  result: string,
  comment: string | undefined,
  properties: readonly (readonly [string, string])[],
): string {
  const remark = comment === undefined || comment === "" ? "" : ` (${commentText(comment)})`;
  return `${method}=${result}${remark}${properties.map(([name, value]) => ` ${name}=${valueText(value)}`).join("")}`;
}

/** Inside a comment; nothing of it can end the comment, or the line. */
function commentText(text: string): string {
  return text
    .replaceAll(/[^ -~]/g, "?")
    .replaceAll(/[()\\]/g, "")
    .slice(0, 120);
}

/** A token or an address stays as it is, everything else comes in quotes (RFC 8601 §2.2, RFC 2045 §5.1). */
function valueText(text: string): string {
  const short = text.slice(0, LONGEST_VALUE).replaceAll(/[^ -~]/g, "?");
  return /^[A-Za-z0-9!#$%&'*+.^_`{|}~-]+$/.test(short) || /^[A-Za-z0-9._+=-]*@[A-Za-z0-9.-]+$/.test(short)
    ? short
    : `"${short.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/**
 * Which fields of others are to be taken out: those that say they are ours, and those that nobody can read, for a program that is
 * less strict might find our name there (RFC 8601 §5).
 */
export function falseResults(id: string): (field: HeaderField) => boolean {
  const ours = comparable(id);
  return (field) => {
    if (!isField(field, RESULTS_FIELD)) return false;
    const theirs = authservIdOf(field.value);
    return theirs === undefined || comparable(theirs) === ours;
  };
}

/** Which fields one of these servers has written, as it says. @param ids authserv-ids */
export function resultsOfServer(ids: readonly string[]): (field: HeaderField) => boolean {
  const known = new Set(ids.map(comparable));
  return (field) => {
    const id = isField(field, RESULTS_FIELD) ? authservIdOf(field.value) : undefined;
    return id !== undefined && known.has(comparable(id));
  };
}

/** The authserv-id of a field's value, without comments and quotes; undefined when there is none to be read. */
export function authservIdOf(value: string): string | undefined {
  const at = skipBlanks(value, 0);
  // Controls, which one program skips and another one ends at, are in neither.
  const quoted = /"((?:[^"\\\0-\x08\n-\x1f\x7f]|\\[^\0-\x08\n-\x1f\x7f])*)"/y;
  const word = /[^\0- "(),:;<=>?@[\\\]/\x7f]+/y;
  for (const reader of [quoted, word]) {
    reader.lastIndex = at;
    const found = reader.exec(value);
    if (found === null) continue;
    const end = skipBlanks(value, reader.lastIndex);
    if (!isEndOfId(value, end)) return undefined;
    return reader === quoted ? found[1].replaceAll(/\\(.)/gs, "$1") : found[0];
  }
  return undefined;
}

/** The results follow, or nothing; a version may stand before them. */
function isEndOfId(value: string, at: number): boolean {
  const version = /[0-9]+/y;
  version.lastIndex = at;
  const end = version.test(value) ? skipBlanks(value, version.lastIndex) : at;
  return end === value.length || value[end] === ";";
}

/** Behind white space and comments, which may stand inside each other. */
function skipBlanks(value: string, start: number): number {
  let depth = 0;
  for (let at = start; at < value.length; at++) {
    const character = value[at];
    if (depth > 0 && character === "\\") at++;
    else if (character === "(") depth++;
    else if (depth > 0 && character === ")") depth--;
    else if (depth === 0 && !/\s/.test(character)) return at;
  }
  return value.length;
}

function comparable(id: string): string {
  const bare = id.trim().replace(/\.{1,9}$/, "");
  const ascii = /[^ -~]/.test(bare) ? domainToASCII(Buffer.from(bare, "latin1").toString("utf8")) : "";
  return ascii || bare.toLowerCase();
}
