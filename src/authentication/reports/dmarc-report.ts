/** DMARC aggregate reports (RFC 7489 §7.2 and appendix C): what one says, read from XML and written as XML. */
import { walkXml, xmlText } from "./xml.ts";

export interface DmarcReport {
  readonly kind: "dmarc";
  readonly organization: string;
  readonly email: string;
  readonly contact?: string;
  readonly id: string;
  /** Seconds since the epoch. */
  readonly begin: number;
  readonly end: number;
  readonly errors: readonly string[];
  readonly policy: PublishedPolicy;
  readonly records: readonly DmarcRow[];
}

/** `policy_published`: as its owner publishes it; words as they were found. */
export interface PublishedPolicy {
  readonly domain: string;
  readonly adkim?: string;
  readonly aspf?: string;
  readonly p: string;
  readonly sp?: string;
  readonly pct?: string;
  readonly fo?: string;
}

/** One `record`: messages that had all of this in common. */
export interface DmarcRow {
  readonly source: string;
  readonly count: number;
  readonly disposition: string;
  /** Aligned results: "pass" or "fail". */
  readonly dkim: string;
  readonly spf: string;
  readonly reasons: readonly { readonly type: string; readonly comment?: string }[];
  readonly headerFrom: string;
  readonly envelopeFrom?: string;
  readonly envelopeTo?: string;
  readonly dkimResults: readonly { readonly domain: string; readonly selector?: string; readonly result: string }[];
  readonly spfResults: readonly { readonly domain: string; readonly scope?: string; readonly result: string }[];
}

/** Rows of one report that are read; more are an error. */
const MOST_ROWS = 1_000_000;

type Fields = Map<string, string>;

/**
 * @throws XmlError, or an Error for XML that is no such report
 */
export function readDmarcReport(text: string): DmarcReport {
  const reader = new Reader();
  walkXml(text, reader);
  return reader.report();
}

/** Collects the fields of each element that repeats; the names of their own children are unlike each other. */
class Reader {
  readonly #head: Fields = new Map();
  readonly #errors: string[] = [];
  readonly #records: DmarcRow[] = [];
  #record: Fields = new Map();
  #reasons: Fields[] = [];
  #dkim: Fields[] = [];
  #spf: Fields[] = [];
  #root = "";

  open(name: string, path: readonly string[]): void {
    if (path.length === 1) this.#root = name;
    const parent = path.at(-2);
    if (name === "record" && path.length === 2) {
      if (this.#records.length === MOST_ROWS) throw new Error(`the report has more than ${MOST_ROWS} records`);
      this.#record = new Map();
      this.#reasons = [];
      this.#dkim = [];
      this.#spf = [];
    } else if (name === "reason" && parent === "policy_evaluated") this.#reasons.push(new Map());
    else if (parent === "auth_results") {
      if (name === "dkim") this.#dkim.push(new Map());
      if (name === "spf") this.#spf.push(new Map());
    }
  }

  text(text: string, path: readonly string[]): void {
    const name = path.at(-1)!;
    const parent = path.at(-2);
    if (path[1] !== "record") {
      if (name === "error") this.#errors.push(text);
      else this.#head.set(`${parent}.${name}`, text);
    } else if (parent === "reason") this.#reasons.at(-1)?.set(name, text);
    else if (path.includes("auth_results")) {
      if (parent === "dkim") this.#dkim.at(-1)?.set(name, text);
      if (parent === "spf") this.#spf.at(-1)?.set(name, text);
    } else this.#record.set(name, text);
  }

  close(name: string, path: readonly string[]): void {
    if (name !== "record" || path.length !== 2) return;
    const of = (key: string): string | undefined => this.#record.get(key);
    const [envelopeFrom, envelopeTo] = [of("envelope_from"), of("envelope_to")];
    this.#records.push({
      source: of("source_ip") ?? "",
      count: number(of("count"), "count"),
      disposition: of("disposition") ?? "none",
      dkim: of("dkim") ?? "fail",
      spf: of("spf") ?? "fail",
      reasons: this.#reasons.map((each) => ({ type: each.get("type") ?? "other", ...optional("comment", each) })),
      headerFrom: of("header_from") ?? "",
      ...(envelopeFrom !== undefined && { envelopeFrom }),
      ...(envelopeTo !== undefined && { envelopeTo }),
      dkimResults: this.#dkim.map((each) => ({ ...domainAndResult(each), ...optional("selector", each) })),
      spfResults: this.#spf.map((each) => ({ ...domainAndResult(each), ...optional("scope", each) })),
    });
  }

  report(): DmarcReport {
    const of = (key: string): string | undefined => this.#head.get(key);
    if (this.#root !== "feedback") throw new Error(`<${this.#root}> is no aggregate report: it should be <feedback>`);
    const domain = of("policy_published.domain");
    if (domain === undefined) throw new Error("the report names no domain (policy_published)");
    const published = ["adkim", "aspf", "sp", "pct", "fo"].flatMap((name) => {
      const value = of(`policy_published.${name}`);
      return value === undefined ? [] : [[name, value] as const];
    });
    const contact = of("report_metadata.extra_contact_info");
    return {
      kind: "dmarc",
      organization: of("report_metadata.org_name") ?? "",
      email: of("report_metadata.email") ?? "",
      ...(contact !== undefined && { contact }),
      id: of("report_metadata.report_id") ?? "",
      begin: number(of("date_range.begin"), "begin"),
      end: number(of("date_range.end"), "end"),
      errors: this.#errors,
      policy: { domain, p: of("policy_published.p") ?? "none", ...Object.fromEntries(published) },
      records: this.#records,
    };
  }
}

function domainAndResult(fields: Fields): { readonly domain: string; readonly result: string } {
  return { domain: fields.get("domain") ?? "", result: fields.get("result") ?? "none" };
}

function optional<Name extends string>(name: Name, fields: Fields): { readonly [key in Name]?: string } {
  const value = fields.get(name);
  return value === undefined ? {} : ({ [name]: value } as { [key in Name]: string });
}

function number(text: string | undefined, name: string): number {
  if (text === undefined || !/^\d{1,15}$/.test(text))
    throw new Error(`<${name}> should be a number, not ${text ?? "empty"}`);
  return Number(text);
}

/** The report as XML, UTF-8. */
export function writeDmarcReport(report: DmarcReport): string {
  const { policy } = report;
  const optionalPolicy = (["adkim", "aspf"] as const).map((name) => element(name, policy[name]));
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<feedback>",
    "<version>1.0</version>",
    "<report_metadata>",
    element("org_name", report.organization),
    element("email", report.email),
    element("extra_contact_info", report.contact),
    element("report_id", report.id),
    `<date_range>${element("begin", String(report.begin))}${element("end", String(report.end))}</date_range>`,
    ...report.errors.map((text) => element("error", text)),
    "</report_metadata>",
    "<policy_published>",
    element("domain", policy.domain),
    ...optionalPolicy,
    element("p", policy.p),
    element("sp", policy.sp ?? policy.p),
    element("pct", policy.pct ?? "100"),
    element("fo", policy.fo),
    "</policy_published>",
    ...report.records.map(recordText),
    "</feedback>",
  ];
  return `${lines.filter((line) => line !== "").join("\n")}\n`;
}

function recordText(row: DmarcRow): string {
  const reasons = row.reasons.map(
    ({ type, comment }) => `<reason>${element("type", type)}${element("comment", comment)}</reason>`,
  );
  const dkim = row.dkimResults.map(
    (each) =>
      `<dkim>${element("domain", each.domain)}${element("selector", each.selector)}${element("result", each.result)}</dkim>`,
  );
  const spf = row.spfResults.map(
    (each) =>
      `<spf>${element("domain", each.domain)}${element("scope", each.scope)}${element("result", each.result)}</spf>`,
  );
  return [
    "<record>",
    `<row>${element("source_ip", row.source)}${element("count", String(row.count))}<policy_evaluated>`,
    `${element("disposition", row.disposition)}${element("dkim", row.dkim)}${element("spf", row.spf)}`,
    ...reasons,
    "</policy_evaluated></row>",
    `<identifiers>${element("envelope_to", row.envelopeTo)}${element("envelope_from", row.envelopeFrom)}`,
    `${element("header_from", row.headerFrom)}</identifiers>`,
    `<auth_results>${[...dkim, ...spf].join("")}</auth_results>`,
    "</record>",
  ].join("");
}

function element(name: string, text: string | undefined): string {
  return text === undefined ? "" : `<${name}>${xmlText(text)}</${name}>`;
}
