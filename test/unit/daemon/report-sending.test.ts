/** Reports of days that are over: to whom they go, as what, and that nobody gets one twice. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { readDmarcRecord } from "../../../src/authentication/dmarc/record.ts";
import type { SenderEvidence } from "../../../src/authentication/evidence.ts";
import { readReports } from "../../../src/authentication/reports/read-reports.ts";
import type { TlsSessionEvent } from "../../../src/authentication/reports/tls-events.ts";
import { ReportCounts } from "../../../src/daemon/report-counts.ts";
import { ReportSending } from "../../../src/daemon/report-sending.ts";
import { silentLog } from "../../../src/log/log.ts";
import { findField, parseHeader, unfold } from "../../../src/mail/header.ts";
import { reply, type Reply } from "../../../src/mail/reply.ts";
import type { Intake } from "../../../src/reception/intake.ts";
import { openSite } from "../../../src/site/open-site.ts";
import type { Site } from "../../../src/site/site.ts";
import { configEnvironment } from "../../support/config-environment.ts";
import { eventually } from "../../support/mail-server.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const DAY = 86_400_000;
const NOON = Date.UTC(2026, 11, 1, 12);
const RECORD = "v=DMARC1; p=reject; rua=mailto:r@example.com,mailto:small@example.com!100";

interface Sent {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

let folder: string;
let clock: ManualClock;
let zone: Record<string, readonly string[] | "down">;
let sent: Sent[];
let answer: Reply;
let site: Site;
let counts: ReportCounts;
let sending: ReportSending;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sending-"));
  clock = new ManualClock(NOON);
  zone = { "_dmarc.example.com": [RECORD], "_smtp._tls.far.test": ["v=TLSRPTv1; rua=mailto:t@far.test"] };
  sent = [];
  answer = reply(250, "2.0.0", "ok");
  await open();
});
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true });
});

async function open(options = "O SendReports=True\n"): Promise<void> {
  const file = join(folder, "s.cf");
  const head = `V10\nDjmx.here.test\nO QueueDirectory=${folder}\nO CollectReports=dmarc tls\n`;
  writeFileSync(
    file,
    `${head}${options}S0\nR$*\t$#esmtp $@ far $: $1\nMesmtp, P=[IPC], A=TCP $h\nMlocal, P=/x\nMprog, P=/x\n`,
  );
  const opened = await openSite(
    { file, settings: [], opMode: "d" },
    { machine: configEnvironment.machine, resolver, clock, log: silentLog },
    () => ({ close: () => undefined }),
  );
  if (opened.kind === "failed") throw new Error(opened.messages.join("\n"));
  site = opened.site;
  counts = new ReportCounts({ clock, log: silentLog });
  await counts.use(site.config);
  sending = new ReportSending({ counts, site: () => site, intake, clock, log: silentLog, random: () => 0 });
}

async function close(): Promise<void> {
  await sending.stop();
  await counts.close();
  await site.close();
}

const resolver: typeof configEnvironment.resolver = {
  query(name, type) {
    const texts = type === "TXT" ? zone[name] : undefined;
    if (texts === "down") return { kind: "tempfail", reason: "no answer" };
    if (texts === undefined) return { kind: "nxdomain" };
    return {
      kind: "found",
      canonicalName: name,
      secure: false,
      records: texts.map((data) => ({ name, type, ttl: 1, data })),
    };
  },
};

const intake: Intake = {
  begin(transaction) {
    let text = "";
    return {
      id: `q${sent.length}`,
      write: (chunk) => void (text += chunk.toString("latin1")),
      abort: () => undefined,
      finish() {
        const to = transaction.recipients.map(({ given }) => given);
        if (answer.code === 250) sent.push({ from: transaction.announced.sender, to, text });
        return Promise.resolve(answer);
      },
    };
  },
};

async function count(): Promise<void> {
  const spf = { result: "pass", identity: "mailfrom", domain: "example.com" } as const;
  const record = readDmarcRecord(RECORD)!;
  const dmarc = {
    result: "pass",
    domain: "example.com",
    policy: "none",
    recordAt: "example.com",
    record,
    spfAligned: true,
  };
  const evidence = { client: "192.0.2.1", mailFrom: "a@example.com", spf, dkim: [], dmarc, disposition: "none" };
  counts.dmarc(evidence as unknown as SenderEvidence, new Date(clock.now()));
  const policy = { type: "no-policy-found", strings: [], domain: "far.test", mxHosts: [] } as const;
  const event: TlsSessionEvent = { at: clock.now(), domain: "far.test", policy };
  counts.tls(event);
  counts.tls({ ...event, failure: { type: "starttls-not-supported", reason: "none" }, receivingMx: "mx.far.test" });
  // Both are loaded and counted.
  await counts.open();
}

test("each domain gets the report of a day that is over, packed in a message of ours", async () => {
  await count();
  expect(await sending.run()).toBe(false);
  expect(sent).toEqual([]);
  clock.advance(DAY);
  expect(await sending.run()).toBe(false);
  expect(sent.map(({ from, to }) => [from, ...to])).toEqual([
    ["postmaster@mx.here.test", "r@example.com"],
    ["postmaster@mx.here.test", "t@far.test"],
  ]);
  const [dmarc, tls] = sent.map(({ text }) => readReports(Buffer.from(text, "latin1")));
  expect(dmarc.problems).toEqual([]);
  expect(dmarc.reports).toMatchObject([
    {
      kind: "dmarc",
      organization: "mx.here.test",
      id: "2026-12-01.example.com",
      begin: Date.UTC(2026, 11, 1) / 1000,
      end: Date.UTC(2026, 11, 2) / 1000 - 1,
      policy: { domain: "example.com", p: "reject" },
      records: [{ source: "192.0.2.1", count: 1, spf: "pass", dkim: "fail", headerFrom: "example.com" }],
    },
  ]);
  expect(tls.reports).toMatchObject([
    {
      kind: "tls",
      policies: [
        {
          type: "no-policy-found",
          domain: "far.test",
          successes: 1,
          failures: 1,
          details: [{ type: "starttls-not-supported", sessions: 1, receivingMx: "mx.far.test" }],
        },
      ],
    },
  ]);
});

test("messages have the fields that RFC 7489 and RFC 8460 name, and short lines", async () => {
  await count();
  clock.advance(DAY);
  await sending.run();
  const fieldsOf = (index: number, ...names: string[]) => {
    const { fields } = parseHeader(sent[index].text.slice(0, sent[index].text.indexOf("\r\n\r\n") + 2));
    return names.map((name) => unfold(findField(fields, name)?.value ?? "").trim());
  };
  expect(fieldsOf(0, "Subject", "Content-Type", "To", "Auto-Submitted")).toEqual([
    "Report Domain: example.com Submitter: mx.here.test Report-ID: <2026-12-01.example.com>",
    'multipart/mixed; boundary="report-q0"',
    "<r@example.com>",
    "auto-generated",
  ]);
  expect(fieldsOf(1, "TLS-Report-Domain", "TLS-Report-Submitter", "Content-Type")).toEqual([
    "far.test",
    "mx.here.test",
    'multipart/report; report-type="tlsrpt"; boundary="report-q1"',
  ]);
  expect(sent[0].text).toContain('filename="mx.here.test!example.com!1796083200!1796169599.xml.gz"');
  expect(sent[1].text).toContain("Content-Type: application/tlsrpt+gzip;");
  for (const { text } of sent) for (const line of text.split("\r\n")) expect(line.length).toBeLessThan(100);
});

test("nobody gets a report twice, after a restart neither", async () => {
  await count();
  clock.advance(DAY);
  await sending.run();
  await close();
  await open();
  await sending.run();
  expect(sent).toHaveLength(2);
  expect(readFileSync(join(folder, "reports/2026-12-01.sent"), "utf8")).toBe("dmarc example.com\ntls far.test\nall\n");
});

test("what the DNS could not tell, or the queue could not take, is sent later", async () => {
  await count();
  clock.advance(DAY);
  zone["_dmarc.example.com"] = "down";
  expect(await sending.run()).toBe(true);
  expect(sent.map(({ to }) => to)).toEqual([["t@far.test"]]);
  zone["_dmarc.example.com"] = [RECORD];
  answer = reply(452, "4.3.1", "no room");
  await expect(sending.run()).rejects.toThrow("no room");
  answer = reply(250, "2.0.0", "ok");
  expect(await sending.run()).toBe(false);
  expect(sent.map(({ to }) => to)).toEqual([["t@far.test"], ["r@example.com"]]);
});

test("domains that want none any more get none", async () => {
  await count();
  clock.advance(DAY);
  zone = {};
  expect(await sending.run()).toBe(false);
  expect(sent).toEqual([]);
});

test("nothing is sent before the option says so", async () => {
  await close();
  await open("");
  await count();
  clock.advance(DAY);
  expect(await sending.run()).toBe(false);
  expect(sent).toEqual([]);
  expect(existsSync(join(folder, "reports/2026-12-01.sent"))).toBe(false);
});

test("it begins some minutes after a start", async () => {
  await count();
  await counts.close();
  clock.advance(DAY);
  sending.start();
  clock.advance(600_000);
  await eventually("the reports", () => sent.length === 2);
  await sending.stop();
});
