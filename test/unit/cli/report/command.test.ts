/** `rulemail report`: what people are shown of reports, and what programs get. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type DmarcRow, writeDmarcReport } from "../../../../src/authentication/reports/dmarc-report.ts";
import { writeTlsReport } from "../../../../src/authentication/reports/tls-report.ts";
import { runReport } from "../../../../src/cli/report/command.ts";
import { runCommand } from "../../../support/command.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "report-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const report = (...words: string[]) => runCommand(runReport, words);

function row(more: Partial<DmarcRow>): DmarcRow {
  return {
    source: "192.0.2.1",
    count: 12,
    disposition: "none",
    dkim: "pass",
    spf: "fail",
    reasons: [],
    headerFrom: "example.com",
    dkimResults: [{ domain: "example.com", selector: "s1", result: "pass" }],
    spfResults: [{ domain: "list.test", result: "pass" }],
    ...more,
  };
}

function dmarc(...records: readonly DmarcRow[]): Buffer {
  const policy = { domain: "example.com", p: "reject", sp: "none", pct: "100" };
  const head = { organization: "Empfänger", email: "x@y.test", id: "77", begin: 1_796_083_200, end: 1_796_169_599 };
  return Buffer.from(writeDmarcReport({ kind: "dmarc", ...head, errors: [], policy, records }));
}

function write(name: string, octets: Buffer): string {
  writeFileSync(join(folder, name), octets);
  return join(folder, name);
}

test("a DMARC report: what is published, how much passes, and each source once, the most frequent first", async () => {
  const forged = row({ source: "2001:db8::7", count: 3, disposition: "reject", dkim: "fail", dkimResults: [] });
  const listed = row({ count: 13, reasons: [{ type: "forwarded", comment: "a\n list" }] });
  const file = write("a.xml.gz", gzipSync(dmarc(forged, row({}), row({ count: 30 }), listed)));
  const { status, output } = await report(file);
  expect(status).toBe(0);
  expect(Buffer.from(output, "latin1").toString()).toBe(`\
DMARC report of Empfänger for example.com, 2026-12-01 00:00 to 2026-12-01 23:59 UTC (77)
  policy: p=reject sp=none pct=100
  58 messages: aligned by DKIM 55 (94.8 %), by SPF 0 (0 %), by neither 3 (5.2 %); 3 rejected
    messages  source       disposition  dkim  spf   from         what was found
          42  192.0.2.1    none         pass  fail  example.com  dkim=pass example.com/s1, spf=pass list.test
          13  192.0.2.1    none         pass  fail  example.com  dkim=pass example.com/s1, spf=pass list.test, forwarded a list
           3  2001:db8::7  reject       fail  fail  example.com  spf=pass list.test

`);
});

test("a TLS report, and all of them together", async () => {
  const detail = { type: "certificate-expired", sessions: 2, receivingMx: "mx1.example.com", receivingIp: "192.0.2.3" };
  const policies = [
    { type: "sts", strings: [], domain: "example.com", mxHosts: [], successes: 98, failures: 2, details: [detail] },
    { type: "tlsa", strings: [], domain: "example.com", mxHosts: [], successes: 1, failures: 0, details: [] },
  ];
  const head = { organization: "R", contact: "c", id: "1", begin: 1_796_083_200, end: 1_796_169_599 };
  const tls = write("b", Buffer.from(writeTlsReport({ kind: "tls", ...head, policies })));
  const { status, output } = await report(tls, write("a", dmarc(row({ count: 1 }))));
  expect(status).toBe(0);
  expect(output).toContain(`\
TLS report of R for example.com, 2026-12-01 00:00 to 2026-12-01 23:59 UTC (1)
  example.com, MTA-STS: 100 sessions: 2 (2 %) failed
    sessions  failure              host             address    from  what was found
           2  certificate-expired  mx1.example.com  192.0.2.3
  example.com, DANE: 1 session: 0 (0 %) failed

`);
  expect(output.slice(output.indexOf("All 2"))).toBe(`\
All 2 reports
  1 message: aligned by DKIM 1 (100 %), by SPF 0 (0 %), by neither 0 (0 %)
  101 sessions: 2 (2 %) failed
`);
});

test("--json: an object for each report, one a line, in ASCII", async () => {
  const { status, output } = await report("--json", write("a", dmarc(row({}))), write("b", dmarc()));
  const lines = output.trimEnd().split("\n");
  expect(status).toBe(0);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { kind: "dmarc", organization: "Empfänger", records: [{ source: "192.0.2.1", count: 12 }] },
    { kind: "dmarc", records: [] },
  ]);
  expect(output).toMatch(/^[\n -~]*$/);
});

test("standard input is read without a file", async () => {
  const { output } = await runCommand(runReport, [], dmarc(row({})).toString("latin1"));
  expect(output).toMatch(/^DMARC report of /);
});

test("what cannot be read is named, the rest is shown, and the status tells", async () => {
  const good = write("good", dmarc(row({})));
  const bad = await report(write("bad", Buffer.from("<feedback>")), good);
  expect(bad).toMatchObject({ status: 65, errors: `rulemail report: ${folder}/bad: line 1: <feedback> has no end\n` });
  expect(bad.output).toMatch(/^DMARC report of /);
  const none = await report(join(folder, "none"));
  expect(none).toMatchObject({ status: 66, errors: `rulemail report: ${folder}/none: No such file or directory\n` });
  expect((await report("-x")).status).toBe(64);
  expect((await report("--help")).output).toMatch(/^usage: rulemail report /);
});
