/**
 * Octets → reports: XML (DMARC) or JSON (TLS) as it is, packed by gzip or zip, or attached to a message. What they are is seen by
 * how they begin: names and types that strangers give are often wrong. They may be hostile: what is unpacked has a limit in all.
 */
import { gunzipSync } from "node:zlib";
import { attachmentsOf } from "./attachments.ts";
import { type DmarcReport, readDmarcReport } from "./dmarc-report.ts";
import { readTlsReport, type TlsReport } from "./tls-report.ts";
import { isZip, unzip } from "./zip.ts";

export type Report = DmarcReport | TlsReport;

export interface ReadReports {
  readonly reports: readonly Report[];
  /** What could not be read, and why. */
  readonly problems: readonly string[];
}

/** Octets that one input may have when it is unpacked. Reports of the largest senders have a tenth of it. */
export const MOST_UNPACKED = 256 * 1024 * 1024;
/** Archives inside each other. */
const DEEPEST = 3;

/** @param most octets of all that is unpacked from it */
export function readReports(octets: Buffer, most = MOST_UNPACKED): ReadReports {
  const reading = new Reading(most);
  reading.read(octets, "", 0, true);
  return reading;
}

class Reading implements ReadReports {
  readonly reports: Report[] = [];
  readonly problems: string[] = [];
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  /** @param mayBeMail text that is nothing else is taken for a message */
  read(octets: Buffer, name: string, depth: number, mayBeMail: boolean): void {
    try {
      this.#read(octets, name, depth, mayBeMail);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.problems.push(name === "" ? reason : `${name}: ${reason}`);
    }
  }

  #read(octets: Buffer, name: string, depth: number, mayBeMail: boolean): void {
    if (octets.length === 0) throw new Error("it is empty");
    if (isGzip(octets) || isZip(octets)) {
      if (depth === DEEPEST) throw new Error("archives are nested too deep");
      if (isGzip(octets)) return this.read(this.#gunzip(octets), name, depth + 1, false);
      for (const file of unzip(octets, this.#left)) {
        this.#left -= file.octets.length;
        this.read(file.octets, name === "" ? file.name : `${name}: ${file.name}`, depth + 1, false);
      }
      return;
    }
    const first = firstCharacter(octets);
    if (first === "<") this.reports.push(readDmarcReport(decodeText(octets)));
    else if (first === "{") this.reports.push(readTlsReport(octets.toString("utf8").replace(/^\uFEFF/, "")));
    else if (mayBeMail) this.#readMail(octets);
    else throw new Error("it is no report: neither XML nor JSON");
  }

  #readMail(octets: Buffer): void {
    const before = this.reports.length + this.problems.length;
    for (const { type, name, octets: content } of attachmentsOf(octets)) {
      // A text for people; a report that is not packed may be labelled like that.
      const isText = type === "text/plain" || type === "text/html" || type === "text/rfc822-headers";
      if (isText && !/\.(?:xml|json|gz|zip)$/i.test(name)) continue;
      if (content.length > 0 && isReport(content)) this.read(content, name, 0, false);
    }
    if (this.reports.length + this.problems.length === before) throw new Error("there is no report in it");
  }

  #gunzip(octets: Buffer): Buffer {
    if (this.#left === 0) throw new Error("it is too large when it is unpacked");
    try {
      const text = gunzipSync(octets, { maxOutputLength: this.#left });
      this.#left -= text.length;
      return text;
    } catch (error) {
      const isLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
      throw new Error(isLarge ? "it is too large when it is unpacked" : "its gzip data is damaged", { cause: error });
    }
  }
}

function isGzip(octets: Buffer): boolean {
  return octets[0] === 0x1f && octets[1] === 0x8b;
}

function isReport(octets: Buffer): boolean {
  return isGzip(octets) || isZip(octets) || ["<", "{"].includes(firstCharacter(octets));
}

function firstCharacter(octets: Buffer): string {
  return (
    octets
      .toString("latin1", 0, 1024)
      .replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, "")
      .replaceAll("\0", "")
      .trimStart()[0] ?? ""
  );
}

/** UTF-8, as nearly all have it, or UTF-16 with its mark. */
function decodeText(octets: Buffer): string {
  if (octets[0] === 0xff && octets[1] === 0xfe) return octets.toString("utf16le", 2);
  return octets.toString("utf8");
}
