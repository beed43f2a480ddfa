/** Reports as they arrive: as they are, packed, attached; and what is done with hostile ones. */
import { deflateRawSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import type { DmarcReport } from "../../../../src/authentication/reports/dmarc-report.ts";
import { writeDmarcReport } from "../../../../src/authentication/reports/dmarc-report.ts";
import { readReports } from "../../../../src/authentication/reports/read-reports.ts";
import { type TlsReport, writeTlsReport } from "../../../../src/authentication/reports/tls-report.ts";
import { zipOf } from "../../../support/zip-file.ts";

const DMARC: DmarcReport = {
  kind: "dmarc",
  organization: "Müller & Söhne <x>",
  email: "dmarc@receiver.test",
  contact: "https://receiver.test/",
  id: "2026-12-01.1",
  begin: 1_796_083_200,
  end: 1_796_169_599,
  errors: ["no answer of ns.example.com"],
  policy: { domain: "example.com", adkim: "r", aspf: "s", p: "reject", sp: "none", pct: "50", fo: "1:d" },
  records: [
    {
      source: "2001:db8::1",
      count: 12,
      disposition: "none",
      dkim: "pass",
      spf: "fail",
      reasons: [{ type: "forwarded", comment: "a list" }, { type: "other" }],
      headerFrom: "news.example.com",
      envelopeFrom: "list.test",
      envelopeTo: "receiver.test",
      dkimResults: [
        { domain: "example.com", selector: "s1", result: "pass" },
        { domain: "list.test", result: "fail" },
      ],
      spfResults: [{ domain: "list.test", scope: "mfrom", result: "pass" }],
    },
    {
      source: "192.0.2.1",
      count: 1,
      disposition: "reject",
      dkim: "fail",
      spf: "fail",
      reasons: [],
      headerFrom: "example.com",
      dkimResults: [],
      spfResults: [{ domain: "example.com", result: "softfail" }],
    },
  ],
};
const TLS: TlsReport = {
  kind: "tls",
  organization: "Receiver",
  contact: "smtp@receiver.test",
  id: "1",
  begin: 1_796_083_200,
  end: 1_796_169_599,
  policies: [
    {
      type: "sts",
      strings: ["version: STSv1", "mode: enforce"],
      domain: "example.com",
      mxHosts: ["*.example.com"],
      successes: 100,
      failures: 2,
      details: [
        {
          type: "certificate-expired",
          sessions: 2,
          sendingIp: "192.0.2.9",
          receivingMx: "mx1.example.com",
          receivingIp: "192.0.2.3",
          reason: "since yesterday",
        },
      ],
    },
    {
      type: "no-policy-found",
      strings: [],
      domain: "example.org",
      mxHosts: [],
      successes: 1,
      failures: 0,
      details: [],
    },
  ],
};
const xml = Buffer.from(writeDmarcReport(DMARC));
const json = Buffer.from(writeTlsReport(TLS));

function mail(...parts: readonly string[]): Buffer {
  const head =
    'From: x@receiver.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary="b="\r\n\r\nfor old programs\r\n';
  return Buffer.from(`${head}${parts.map((part) => `--b=\r\n${part}\r\n`).join("")}--b=--\r\nbehind\r\n`, "latin1");
}

function attached(octets: Buffer, type: string, name: string): string {
  const lines = octets.toString("base64").replace(/.{76}/g, "$&\r\n");
  return `Content-Type: ${type}; name="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines}`;
}

function feedback(inner: string): string {
  return `<feedback>${inner}</feedback>`;
}

/** Short lines with soft ends, blanks behind them, and every "=" and octet above 126 encoded. */
function quotedPrintable(octets: Buffer): string {
  const encoded = octets
    .toString("latin1")
    .replace(/[=\x7f-\xff]/g, (each) => `=${each.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`);
  const lines = encoded.split("\n").map((line) => line.replace(/.{40}(?![0-9A-F])(?=.)/g, "$&=  \r\n"));
  return `Content-Type: text/xml\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${lines.join(" \r\n")}`;
}

function problemOf(octets: Buffer): string {
  return readReports(octets).problems[0];
}

const TEXT = "Content-Type: text/plain\r\n\r\n{ This is a report.";

describe("a report is read", () => {
  test.each<readonly [string, Buffer, DmarcReport | TlsReport]>([
    ["as XML", xml, DMARC],
    ["as XML with a byte order mark", Buffer.concat([Buffer.from("\uFEFF"), xml]), DMARC],
    ["as XML in UTF-16", Buffer.from(`\uFEFF${xml.toString()}`, "utf16le"), DMARC],
    ["as JSON", json, TLS],
    ["in gzip", gzipSync(xml), DMARC],
    ["in zip", zipOf([["a!b!1!2.xml", xml]]), DMARC],
    ["in zip, not compressed", zipOf([["report.json", json]], 0), TLS],
    [
      "in a message that is nothing else",
      Buffer.from(`Subject: x\n${attached(gzipSync(xml), "application/gzip", "a.xml.gz")}`),
      DMARC,
    ],
    ["in a message beside a text", mail(TEXT, attached(zipOf([["a.xml", xml]]), "application/zip", "a.zip")), DMARC],
    ["in quoted-printable", Buffer.from(quotedPrintable(xml)), DMARC],
    ["with the wrong type", mail(TEXT, attached(gzipSync(json), "application/octet-stream", "a")), TLS],
    ["as text that has a name", mail(`Content-Type: text/plain; name=a.json\r\n\r\n${json.toString()}`), TLS],
    [
      "in a message in a message",
      mail(`Content-Type: message/rfc822\r\n\r\n${mail(attached(gzipSync(xml), "application/gzip", "a")).toString()}`),
      DMARC,
    ],
  ])("%s", (_, octets, report) => {
    expect(readReports(octets)).toMatchObject({ reports: [report], problems: [] });
  });

  test("of each part of a message, and of each file of an archive", () => {
    const both = mail(
      attached(xml, "text/xml", "a.xml"),
      attached(
        zipOf([
          ["a", json],
          ["b/", Buffer.alloc(0)],
          ["c", xml],
        ]),
        "application/zip",
        "z",
      ),
    );
    expect(readReports(both).reports.map(({ kind }) => kind)).toEqual(["dmarc", "tls", "dmarc"]);
  });

  test("with namespaces, attributes, comments, CDATA and references", () => {
    const text = `<?xml version="1.0"?><!-- a > comment --><d:feedback xmlns:d="urn:x" at='a>b'>
      <d:report_metadata><d:org_name><![CDATA[a & b]]></d:org_name><d:report_id>&#x41;&#66;&amp;&unknown;</d:report_id>
      <d:date_range><d:begin> 1 </d:begin><d:end>2</d:end></d:date_range></d:report_metadata>
      <d:policy_published><d:domain>example.com</d:domain><d:p/></d:policy_published></d:feedback>`;
    const [report] = readReports(Buffer.from(text)).reports as readonly DmarcReport[];
    expect(report).toMatchObject({ organization: "a & b", id: "AB&&unknown;", begin: 1, end: 2, records: [] });
    expect(report.policy).toEqual({ domain: "example.com", p: "none" });
  });
});

describe("what is no report says why", () => {
  test.each([
    ["nothing", "", "it is empty"],
    ["a text", "Subject: hello\n\nno report", "there is no report in it"],
    ["other XML", "<html></html>", "<html> is no aggregate report: it should be <feedback>"],
    [
      "a document type",
      '<!DOCTYPE a [<!ENTITY b "c">]><feedback/>',
      "line 1: a document type is not allowed in a report",
    ],
    ["an element without end", "<feedback>\n<a>", "line 2: <a> has no end"],
    ["crossed elements", "<feedback><a></feedback></a>", "line 1: </feedback> stands where </a> should"],
    ["a tag without end", "<feedback><a", "line 1: a tag has no end"],
    ["two roots", "<feedback/><feedback/>", "line 1: <feedback> stands behind the end"],
    ["text outside", "<feedback/>text", "line 1: text outside of elements: text"],
    ["deep XML", "<a>".repeat(40), "line 1: elements are nested more than 32 deep"],
    ["a long text", feedback(`<a>${"x".repeat(100_000)}</a>`), "line 1: the text of <a> is too long"],
    ["no domain", feedback(""), "the report names no domain (policy_published)"],
    ["no count", feedback("<record><row/></record>"), "<count> should be a number, not empty"],
    ["other JSON", "{}", "date-range should be an object"],
    [
      "JSON that is cut off",
      json.toString().slice(0, 50),
      "Unterminated string in JSON at position 50 (line 1 column 51)",
    ],
  ])("%s", (_, text, problem) => {
    expect(readReports(Buffer.from(text))).toMatchObject({ reports: [], problems: [problem] });
  });

  test("an archive that is damaged, encrypted or nested", () => {
    const zip = zipOf([["a.xml", xml]]);
    expect(problemOf(zip.subarray(0, 40))).toBe("zip: it has no directory: it may be cut off");
    expect(problemOf(zip.subarray(20))).toBe("there is no report in it");
    const offset = Buffer.from(zip);
    offset.writeUInt32LE(0x7fffffff, offset.length - 6);
    expect(problemOf(offset)).toBe("zip: it is cut off, or damaged");
    const encrypted = Buffer.from(zip);
    encrypted.writeUInt16LE(1, encrypted.indexOf("PK\x01\x02", 0, "latin1") + 8);
    expect(problemOf(encrypted)).toBe("zip: a.xml is encrypted");
    expect(problemOf(gzipSync(xml).subarray(0, 100))).toBe("its gzip data is damaged");
    expect(problemOf(gzipSync(gzipSync(gzipSync(gzipSync(xml)))))).toBe("archives are nested too deep");
  });
});

describe("what is unpacked has a limit", () => {
  const bomb = Buffer.alloc(4_000_000, " ");

  test("in gzip, in zip, and in all files together", () => {
    expect(readReports(gzipSync(bomb), 1_000_000).problems).toEqual(["it is too large when it is unpacked"]);
    expect(readReports(zipOf([["a", bomb]]), 1_000_000).problems).toEqual(["zip: a is too large"]);
    expect(readReports(zipOf([["a", bomb]], 0), 1_000_000).problems).toEqual(["zip: a is too large"]);
    const many = zipOf([
      ["a", xml],
      ["b", bomb.subarray(0, 900_000)],
      ["c", bomb.subarray(0, 900_000)],
    ]);
    expect(readReports(many, 1_000_000)).toMatchObject({ reports: [], problems: ["zip: c is too large"] });
  });

  test("a file that names a smaller size than it has", () => {
    const lying = zipOf([["a", bomb]]);
    lying.writeUInt32LE(10, lying.indexOf("PK\x01\x02", 0, "latin1") + 24);
    expect(readReports(lying, 1_000_000).problems).toEqual(["zip: a is too large"]);
    expect(deflateRawSync(bomb).length).toBeLessThan(10_000);
  });
});
