/**
 * What a domain publishes for MTA-STS (RFC 8461 §3): the TXT record that says which version of its policy counts, and the
 * policy. Both are foreign text: what is not as the standard has it is no policy.
 */

export type StsMode = "enforce" | "testing" | "none";

export interface StsPolicy {
  readonly mode: StsMode;
  /** Patterns of host names, in lower case: "mx.example.com", "*.example.net". */
  readonly mx: readonly string[];
  /** Seconds. */
  readonly maxAge: number;
}

/** A year (RFC 8461 §3.2). */
const LONGEST_AGE = 31_557_600;
const FIELD_NAME = /^[A-Za-z0-9][\w.-]{0,31}$/;
/** Nobody has more hosts. */
const MOST_PATTERNS = 100;
const PATTERN = /^(?:\*\.)?(?:[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?\.)+[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/;

/**
 * The id out of the TXT records of `_mta-sts.DOMAIN`: `v=STSv1; id=20261201T120000;`. Undefined when there is not exactly one
 * such record.
 */
export function readStsId(texts: readonly string[]): string | undefined {
  const records = texts.filter((text) => /^v=STSv1[ \t]*;/.test(text));
  if (records.length !== 1) return undefined;
  const fields = records[0].split(";").map((field) => field.trim());
  return fields.map((field) => /^id=([A-Za-z0-9]{1,32})$/.exec(field)?.[1]).find((id) => id !== undefined);
}

/** @returns the policy, or what is wrong with the text */
export function readStsPolicy(text: string): StsPolicy | string {
  const fields = new Map<string, string>();
  const mx: string[] = [];
  for (const whole of text.split("\n")) {
    const line = whole.trim();
    if (line === "") continue;
    const colon = line.indexOf(":");
    const [name, value] = [line.slice(0, Math.max(0, colon)).trim(), line.slice(colon + 1).trim()];
    if (!FIELD_NAME.test(name)) return `"${line.slice(0, 60)}" is no field`;
    // Of two fields the first counts; there may be many mx.
    if (name !== "mx") fields.set(name, fields.get(name) ?? value);
    else if (mx.push(value.toLowerCase().replace(/\.$/, "")) > MOST_PATTERNS) return "too many mx fields";
  }
  if (fields.get("version") !== "STSv1") return "version is not STSv1";
  const mode = fields.get("mode");
  if (mode !== "enforce" && mode !== "testing" && mode !== "none") return `mode "${mode ?? ""}" is none`;
  const age = fields.get("max_age") ?? "";
  if (!/^\d{1,10}$/.test(age)) return `max_age "${age}" is no number of seconds`;
  const bad = mx.find((pattern) => !PATTERN.test(pattern));
  if (bad !== undefined) return `mx "${bad}" is no name of a host`;
  if (mx.length === 0 && mode !== "none") return "there is no mx";
  return { mode, mx, maxAge: Math.min(Number(age), LONGEST_AGE) };
}

/** Is the host one of these? A `*` stands for one label (RFC 8461 §4.1). */
export function isListed(host: string, mx: readonly string[]): boolean {
  const name = host.replace(/\.$/, "").toLowerCase();
  const behind = name.slice(name.indexOf(".") + 1);
  return mx.some((pattern) => (pattern.startsWith("*.") ? pattern.slice(2) === behind : pattern === name));
}

/** As reports show it (RFC 8460 §4.4). */
export function stsLines({ mode, mx, maxAge }: StsPolicy): readonly string[] {
  return ["version: STSv1", `mode: ${mode}`, ...mx.map((pattern) => `mx: ${pattern}`), `max_age: ${maxAge}`];
}
