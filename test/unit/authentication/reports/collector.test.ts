/** What is counted for reports, and what becomes of it on disk. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { SenderEvidence } from "../../../../src/authentication/evidence.ts";
import { readDmarcRecord } from "../../../../src/authentication/dmarc/record.ts";
import { ReportCollector } from "../../../../src/authentication/reports/collector.ts";
import { countOf } from "../../../../src/authentication/reports/evidence-row.ts";
import type { TlsSessionEvent } from "../../../../src/authentication/reports/tls-events.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const NOON = Date.UTC(2026, 11, 1, 12);
const DAY = 86_400_000;
const RECORD = "v=DMARC1; p=reject; sp=none; adkim=s; pct=50; rua=mailto:r@example.com";

let folder: string;
let clock: ManualClock;
const told: string[] = [];
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "collector-")), "reports");
  clock = new ManualClock(NOON);
  told.length = 0;
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

/** Until what is written aside is there; nothing here waits for a timer. */
async function settled(isThere: () => boolean): Promise<void> {
  while (!isThere()) await new Promise((done) => setImmediate(done));
}

function open(mostRows = 100): ReportCollector {
  return new ReportCollector({ folder, clock, mostRows, report: (text) => void told.push(text) });
}

function evidence(more: Partial<SenderEvidence> = {}, record = RECORD): SenderEvidence {
  return {
    client: "192.0.2.1",
    helo: "mx.list.test",
    mailFrom: "bounce@List.test",
    spf: { result: "pass", identity: "mailfrom", domain: "list.test" },
    spfHelo: { result: "none", identity: "helo", domain: "mx.list.test" },
    dkim: [
      {
        result: "pass",
        domain: "Example.com",
        selector: "s1",
        algorithm: "rsa-sha256",
        testing: false,
        signature: "abc",
      },
    ],
    arc: { result: "none", chain: [] },
    dmarc: {
      result: "pass",
      domain: "news.example.com",
      policy: "none",
      recordAt: "example.com",
      record: readDmarcRecord(record)!,
      spfAligned: false,
      dkimAligned: "example.com",
    },
    iprev: { result: "pass", name: "mx.list.test" },
    disposition: "none",
    ...more,
  } as SenderEvidence;
}

const session: TlsSessionEvent = {
  at: NOON,
  domain: "example.com",
  policy: { type: "sts", strings: ["mode: enforce"], domain: "example.com", mxHosts: ["mx.example.com"] },
  receivingMx: "mx.example.com",
};

describe("a message counts", () => {
  test("for the domain that has the record, with all that was found", () => {
    expect(countOf(evidence())).toEqual({
      kind: "dmarc",
      policy: { domain: "example.com", adkim: "s", aspf: "r", p: "reject", sp: "none", pct: "50", fo: "0" },
      row: {
        source: "192.0.2.1",
        disposition: "none",
        dkim: "pass",
        spf: "fail",
        reasons: [],
        headerFrom: "news.example.com",
        envelopeFrom: "list.test",
        dkimResults: [{ domain: "example.com", selector: "s1", result: "pass" }],
        spfResults: [
          { domain: "list.test", scope: "mfrom", result: "pass" },
          { domain: "mx.list.test", scope: "helo", result: "none" },
        ],
      },
    });
  });

  test("with the reason why something else was done than the domain wants", () => {
    const { dmarc } = evidence();
    const failed = { ...dmarc, result: "fail", policy: "reject" } as const;
    const reasonsOf = (more: Partial<SenderEvidence>) => countOf(evidence(more))!.row.reasons;
    expect(reasonsOf({ dmarc: failed, disposition: "reject" })).toEqual([]);
    expect(reasonsOf({ dmarc: failed, disposition: "none" })).toEqual([{ type: "local_policy" }]);
    const sampled = { ...failed, policy: "quarantine", isSampledOut: true } as const;
    expect(reasonsOf({ dmarc: sampled, disposition: "quarantine" })).toEqual([{ type: "sampled_out" }]);
  });

  test("when somebody wants to hear of it and the result is known", () => {
    expect(countOf(evidence({}, "v=DMARC1; p=reject"))).toBeUndefined();
    const { dmarc } = evidence();
    expect(countOf(evidence({ dmarc: { ...dmarc, result: "temperror" } }))).toBeUndefined();
    const { record: _, ...without } = dmarc;
    expect(countOf(evidence({ dmarc: { ...without, result: "none" } }))).toBeUndefined();
  });

  test("with ten signatures at most", () => {
    const { dkim } = evidence();
    const many = Array.from({ length: 1000 }, () => dkim[0]);
    expect(countOf(evidence({ dkim: many }))!.row.dkimResults).toHaveLength(10);
  });
});

describe("counts", () => {
  test("are rows with numbers, and there again after a restart", async () => {
    const collector = open();
    for (let i = 0; i < 3; i++) collector.dmarc(evidence(), new Date(NOON));
    collector.dmarc(evidence({ client: "192.0.2.2" }), new Date(NOON));
    collector.tls(session);
    collector.tls({ ...session, failure: { type: "certificate-expired", reason: "x".repeat(1000) } });
    await collector.flush();
    const again = open();
    again.dmarc(evidence(), new Date(NOON));
    const counts = [...again.countsOf("2026-12-01").entries].map(({ what, count }) => [what.kind, count]);
    expect(counts).toEqual([
      ["dmarc", 4],
      ["dmarc", 1],
      ["tls", 1],
      ["tls", 1],
    ]);
    expect(told).toEqual([]);
  });

  test("are on disk after five minutes, whole", async () => {
    const collector = open();
    collector.dmarc(evidence(), new Date(NOON));
    expect(existsSync(folder)).toBe(false);
    clock.advance(300_000);
    await settled(() => existsSync(join(folder, "2026-12-01.counts")));
    await collector.flush();
    expect(readFileSync(join(folder, "2026-12-01.counts"), "utf8").split("\n")).toHaveLength(3);
    expect(readdirSync(folder)).toEqual(["2026-12-01.counts"]);
  });

  test("of damaged lines are passed over, and told of", async () => {
    const collector = open();
    collector.tls(session);
    await collector.flush();
    const file = join(folder, "2026-12-01.counts");
    writeFileSync(file, `${readFileSync(file, "utf8")}{"what":{"kind":"tls"\n{"what":{},"count":1}\n`);
    expect([...open().countsOf("2026-12-01").entries]).toHaveLength(1);
    expect(told).toEqual([`${file}: 2 damaged lines are passed over`]);
  });

  test("have room for so many rows: more of the same is counted, what is new is left out", async () => {
    const collector = open(2);
    for (let i = 0; i < 5; i++) collector.dmarc(evidence({ client: `192.0.2.${i}` }), new Date(NOON));
    collector.dmarc(evidence({ client: "192.0.2.0" }), new Date(NOON));
    const bucket = collector.countsOf("2026-12-01");
    expect([...bucket.entries].map(({ count }) => count)).toEqual([2, 1]);
    expect(bucket.leftOut).toBe(3);
    await collector.flush();
    expect(open(2).countsOf("2026-12-01").leftOut).toBe(3);
    expect(told[0]).toContain("no room for more rows");
  });

  test("have room for so many octets", () => {
    const collector = open(1_000_000);
    const name = "d".repeat(255);
    const dkim = Array.from({ length: 10 }, () => ({ ...evidence().dkim[0], domain: name, selector: name }));
    for (let i = 0; i < 4000; i++)
      collector.dmarc(evidence({ client: `10.0.${i >> 8}.${i & 255}`, dkim }), new Date(NOON));
    const bucket = collector.countsOf("2026-12-01");
    expect(bucket.size).toBeLessThan(3500);
    expect(bucket.size + bucket.leftOut).toBe(4000);
    const pieces = [...bucket.pieces()];
    expect(pieces.join("").length).toBeLessThan(18_000_000);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(100_000);
  });

  test("begin anew each day (UTC), and those of a week ago are removed", async () => {
    const collector = open();
    mkdirSync(folder);
    // Left aside by a crash.
    for (const name of ["2026-11-01.counts.new", ".2026-11-01.counts.0a1b"]) writeFileSync(join(folder, name), "{");
    for (let day = 0; day < 12; day++) {
      collector.tls({ ...session, at: NOON + day * DAY });
      clock.advance(DAY);
    }
    await collector.flush();
    expect(readdirSync(folder)).toEqual(
      ["05", "06", "07", "08", "09", "10", "11", "12"].map((day) => `2026-12-${day}.counts`),
    );
    expect(collector.finished()).toHaveLength(8);
    expect(open().finished().at(-1)).toBe("2026-12-12");
  });

  test("that cannot be written are told of once, and mail goes on", async () => {
    writeFileSync(folder, "no folder");
    const collector = open();
    for (let i = 0; i < 3; i++) {
      collector.tls(session);
      clock.advance(300_000);
      await collector.flush();
    }
    expect(told).toHaveLength(1);
    expect(told[0]).toContain("cannot write counts for reports");
  });
});
