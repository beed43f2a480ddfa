/** `rulemail log` with logs of files and of standard input. */
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { runLogFollow } from "../../../../src/cli/log/follow.ts";
import { Output } from "../../../../src/cli/output.ts";
import { runLogCommand } from "../../../../src/cli/log/command.ts";
import { LogTail } from "../../../../src/cli/log/log-tail.ts";
import { clockText, dateText, timeOf } from "../../../../src/cli/log/when.ts";
import { runCommand } from "../../../support/command.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "log-command-"));
});
afterEach(() => {
  delete process.env["RULEMAIL_HOME"];
  rmSync(folder, { recursive: true, force: true });
});

const LOG = `2026-12-01T10:00:00+00:00 m sendmail[1]: starting daemon
2026-12-01T10:00:01+00:00 m sendmail[1]: 5AKJ3Crx000001: from=<joe@x.example>, size=331, class=0, nrcpts=2, msgid=<1@x.example>, proto=ESMTP, daemon=MTA, relay=mx.x.example [192.0.2.1]
2026-12-01T10:00:01+00:00 m sendmail[1]: 5AKJ3Crx000001: sender: spf=pass, relay=mx.x.example [192.0.2.1]
2026-12-01T10:00:02+00:00 m sendmail[1]: 5AKJ3Crx000001: to=<ann@y.example>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30331, relay=mx.y.example. [192.0.2.7], dsn=2.0.0, stat=Sent (ok, queued as 12)
2026-12-01T10:00:03+00:00 m sendmail[1]: 5AKJ3Crx000002: from=<eve@bad.example>, size=10, class=0, nrcpts=1, proto=SMTP, daemon=MTA, relay=[192.0.2.66]
2026-12-01T10:00:04+00:00 m sendmail[1]: 5AKJ3Crx000001: to=<bob@z.example>, delay=00:00:02, xdelay=00:00:01, mailer=esmtp, pri=30331, relay=mx.z.example. [192.0.2.8], dsn=5.1.1, stat=User unknown
2026-12-01T10:00:04+00:00 m sendmail[1]: 5AKJ3Crx000001: 5AKJ3Crx000003: DSN: User unknown
2026-12-01T10:00:04+00:00 m sendmail[1]: 5AKJ3Crx000003: from=<>, size=900, class=0, nrcpts=1, msgid=<2@m>, relay=localhost
2026-12-01T10:00:05+00:00 m sendmail[1]: 5AKJ3Crx000003: to=<joe@x.example>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, pri=30900, relay=mx.x.example. [192.0.2.1], dsn=4.4.1, stat=Deferred: Connection refused
2026-12-01T10:00:06+00:00 m sendmail[1]: 5AKJ3Crx000004: ruleset=check_rcpt, arg1=<x@far.example>, relay=[192.0.2.66], reject=550 5.7.1 <x@far.example>... Relaying denied
2026-12-01T10:00:07+00:00 m sendmail[1]: 5AKJ3Crx000005: ruleset=check_rcpt, arg1=<y@far.example>, relay=[192.0.2.67], reject=550 5.7.1 <y@far.example>... Relaying denied
2026-12-01T10:00:08+00:00 m sendmail[1]: 5AKJ3Crx000002: discarded
`;

function file(text = LOG, name = "mail.log"): string {
  const path = join(folder, name);
  writeFileSync(path, text, "latin1");
  return path;
}

const log = (...words: string[]) => runCommand(runLogCommand, words);

describe("rulemail log story", () => {
  test("tells a message and the report about it, whichever of them is named", async () => {
    for (const word of ["5AKJ3Crx000001", "5AKJ3Crx000003", "<1@x.example>", "bob@z.example", "ANN@y.example"]) {
      const { status, output } = await log("story", word, "--file", file());
      expect(status).toBe(0);
      expect(output.split("\n").filter((line) => !line.startsWith("  "))).toEqual([
        "5AKJ3Crx000001",
        "",
        "5AKJ3Crx000003, begotten by 5AKJ3Crx000001 (DSN: User unknown)",
        "",
      ]);
      expect(output).toContain(
        "came from <joe@x.example> by ESMTP from mx.x.example [192.0.2.1]: 331 octets, for 2 recipients",
      );
      expect(output).toContain("<ann@y.example> sent by esmtp at mx.y.example. [192.0.2.7] after 1 second");
      expect(output).toContain("Sent (ok, queued as 12)");
      expect(output).toContain("begot 5AKJ3Crx000003: DSN: User unknown");
      expect(output).toContain("left      <joe@x.example> deferred: Connection refused");
    }
  });

  test("--raw shows the lines in their order, --json one document for each message", async () => {
    const raw = await log("story", "5AKJ3Crx000003", "--raw", file());
    const wanted = LOG.split("\n").filter((line) => /5AKJ3Crx00000[13]: /.test(line));
    expect(raw.output).toBe(`${wanted.join("\n")}\n`);
    const { output } = await log("story", "5AKJ3Crx000001", "--json", file());
    const [message, report] = output.trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
    expect(message).toMatchObject({ id: "5AKJ3Crx000001", from: "joe@x.example", ended: true, parent: null });
    expect(report).toMatchObject({
      ended: false,
      parent: { id: "5AKJ3Crx000001" },
      recipients: [{ outcome: "deferred" }],
    });
  });

  test("follows a message into the next queue, also from standard input", async () => {
    const handed = LOG.split("\n")
      .slice(1, 4)
      .join("\n")
      .replaceAll("5AKJ3Crx000001", "6AKJ3Crx000009")
      .replace("Sent (ok, queued as 12)", "Sent (5AKJ3Crx000001 Message accepted for delivery)");
    const { output } = await runCommand(runLogCommand, ["story", "6AKJ3Crx000009", "-"], `${handed}\n${LOG}`);
    expect(output).toContain("5AKJ3Crx000001, begotten by 6AKJ3Crx000009 (handed on)");
    expect(output).toContain("5AKJ3Crx000003, begotten by 5AKJ3Crx000001");
  });

  test("shows the youngest of many messages, and how many there are", async () => {
    const { output, errors } = await log("story", "joe@x.example", "--last", "1", "--file", file());
    expect(errors).toBe("rulemail log story: 1 older ones are not shown: --last 2\n");
    expect(output).toContain("5AKJ3Crx000003");
  });

  test("nothing that a log holds acts on a terminal", async () => {
    const evil = LOG.replace("queued as 12", "\x1b]0;owned\x07\x9b2J");
    for (const words of [["--raw"], [], ["--json"]]) {
      const { output } = await log("story", "5AKJ3Crx000001", ...words, "--file", file(evil));
      expect(output).toContain("owned");
      expect(output).not.toMatch(/[^\n\x20-\x7e]/);
    }
  });
});

/** The last digits of the messages that grep finds. */
async function found(...words: string[]): Promise<number[]> {
  const { output } = await log("grep", "--file", file(), ...words);
  return [...output.matchAll(/5AKJ3Crx00000(\d)/g)].map(([, number]) => Number(number));
}

/** Local time as one types it. */
function typedTime(seconds: number): string {
  const time = Date.UTC(2026, 11, 1, 10, 0, seconds);
  return `${dateText(time)}T${clockText(time)}`;
}

function local(...parts: [number, number, number, number?, number?, number?]): number {
  const [year, month, day, hour = 0, minute = 0, second = 0] = parts;
  return new Date(year, month, day, hour, minute, second).getTime();
}

describe("rulemail log grep", () => {
  test("finds messages by all conditions", async () => {
    const cases: readonly (readonly [string[], number[]])[] = [
      [[], [1, 2, 3, 4, 5]],
      [["--from", "joe"], [1]],
      [["--from", "<>"], [3]],
      [["--to", "@Y.example"], [1]],
      [["--to", "@y.example", "--status", "bounced"], []],
      [["--to", "@z.example", "--status", "bounced"], [1]],
      [["--status", "deferred"], [3]],
      [
        ["--status", "refused", "--to", "far.example"],
        [4, 5],
      ],
      [["--status", "refused", "--relay", "192.0.2.66"], [4]],
      [["--status", "discarded"], [2]],
      [
        ["--relay", "192.0.2.66"],
        [2, 4],
      ],
      [["--relay", "mx.z.example"], [1]],
    ];
    for (const [words, numbers] of cases) expect([words, await found(...words)]).toEqual([words, numbers]);
  });

  test("--since and --until", async () => {
    expect(await found("--since", typedTime(7))).toEqual([2, 5]);
    expect(await found("--until", typedTime(2))).toEqual([1]);
  });

  test("-c counts; nothing found is status 1, bad words are 64, a missing file 66", async () => {
    expect(await log("grep", "-c", "--status", "refused", file())).toEqual({ status: 0, output: "2\n", errors: "" });
    expect(await log("grep", "-c", "--from", "nobody", file())).toEqual({ status: 1, output: "0\n", errors: "" });
    for (const words of [["--status", "odd"], ["--since", "soon"], ["--bad"]]) {
      expect(await log("grep", ...words, file())).toMatchObject({ status: 64, output: "" });
    }
    const missing = join(folder, "none");
    expect(await log("grep", missing)).toEqual({
      status: 66,
      output: "",
      errors: `rulemail log: ${missing}: No such file or directory\n`,
    });
  });

  test("the line of a message names its recipients and what became of them", async () => {
    const { output } = await log("grep", "--from", "joe", file());
    expect(output.replace(/^\S+ \S+ /, "")).toBe(
      "5AKJ3Crx000001 <joe@x.example> -> <ann@y.example> sent; <bob@z.example> bounced: User unknown\n",
    );
  });
});

test("without --file the server's own log is read, rotated and packed ones first", async () => {
  process.env["RULEMAIL_HOME"] = folder;
  const lines = LOG.split("\n");
  const parts = [lines.slice(0, 4), lines.slice(4, 6), lines.slice(6)].map((part) => `${part.join("\n")}\n`);
  writeFileSync(join(folder, "log.2.gz"), gzipSync(parts[0]));
  file(parts[1], "log.1");
  file(parts[2], "log");
  file("Dec  1 10:00:00 m s: 5AKJ3Crx000007: from=<no@x>, size=1, class=0, nrcpts=1, relay=x\n", "log.old");
  for (const [name, at] of [["log.2.gz", 1], ["log.1", 2]] as const) utimesSync(join(folder, name), at, at); // prettier-ignore
  const { output } = await log("story", "5AKJ3Crx000001", "--raw");
  expect(output.split("\n").map((line) => lines.indexOf(line))).toEqual([1, 2, 3, 5, 6, 7, 8, 12]);
  expect((await log("grep", "-c")).output).toBe("5\n");
});

describe("rulemail log stats", () => {
  test("counts what came, went and was refused", async () => {
    const { output } = await log("stats", "--json", "--top", "2", file());
    expect(JSON.parse(output)).toMatchObject({
      received: 3, octets: 1241, addressed: 4, delivered: 1, deferred: 1, bounced: 1, refused: 2, discarded: 1, quarantined: 0,
      refusals: [{ name: "check_rcpt: 550 5.7.1 Relaying denied", count: 2 }],
      bounces: [{ name: "User unknown", count: 1 }],
      deferrals: [{ name: "Connection refused", count: 1 }],
      recipients: [{ name: "ann@y.example", count: 1 }],
      hosts: [{ name: "mx.y.example. [192.0.2.7]", count: 1 }],
      rough: [],
    }); // prettier-ignore
    const { output: text } = await runCommand(runLogCommand, ["stats", "-"], LOG);
    expect(text).toMatch(/received +3 {2}messages, 1\.2K octets, for 4 recipients/);
    expect(text).toMatch(/\nRefusals, by who decided and why\n +2 {2}check_rcpt: 550 5\.7\.1 Relaying denied\n/);
  });

  test("a log that says nothing about the time is status 1", async () => {
    expect(await log("stats", "--until", "2020-01-01", file())).toMatchObject({ status: 1, output: "" });
  });
});

describe("rulemail log follow", () => {
  test("shows lines that match, and with --stories messages as they end", async () => {
    const lines = await runCommand(runLogCommand, ["follow", "--to", "bob@", "-"], LOG);
    expect(lines.output.split("\n").map((line) => LOG.split("\n").indexOf(line))).toEqual([5, 6, 12]);
    const stories = await runCommand(runLogCommand, ["follow", "--stories", "--status", "bounced", "-"], LOG);
    expect(stories.output).toMatch(
      /^\S+ \S+ 5AKJ3Crx000001 <joe@x\.example> -> .*bob@z\.example> bounced: User unknown\n$/,
    );
  });

  test("a file is followed until its reader goes", async () => {
    const path = file();
    let polled: ((next: () => void) => void) | undefined;
    const turn = () => new Promise<() => void>((resolve) => (polled = resolve));
    const after = (_ms: number, action: () => void) => {
      polled?.(action);
      return () => undefined;
    };
    const clock = { now: () => Date.UTC(2026, 11, 1, 12), after };
    const gone = new AbortController();
    let output = "";
    const streams = {
      input: process.stdin,
      output: new Output((octets) => void (output += String(octets))),
      errors: new Output(),
    };
    let next = turn();
    const running = runLogFollow(["--to", "bob@", path], streams, { clock, signal: gone.signal });
    const poll = await next;
    expect(output).toBe("");
    appendFileSync(path, LOG);
    next = turn();
    poll();
    const last = await next;
    expect(output.split("\n").map((line) => LOG.split("\n").indexOf(line))).toEqual([5, 6, 12]);
    gone.abort();
    last();
    expect(await running).toBe(0);
  });

  test("a file is followed through rotation and truncation, line by line", () => {
    const path = file("old\n");
    const tail = new LogTail(path);
    expect([...tail.poll()]).toEqual([]);
    appendFileSync(path, "one\ntw");
    expect([...tail.poll()]).toEqual(["one"]);
    appendFileSync(path, "o\n");
    renameSync(path, `${path}.1`);
    expect([...tail.poll()]).toEqual(["two"]);
    appendFileSync(`${path}.1`, "three\n");
    file("four\n");
    expect([...tail.poll()]).toEqual(["three", "four"]);
    truncateSync(path);
    expect([...tail.poll()]).toEqual([]);
    appendFileSync(path, "5\n");
    expect([...tail.poll()]).toEqual(["5"]);
    tail.close();
  });
});

test("timeOf() reads times as people type them", () => {
  const now = new Date(2026, 11, 1, 10, 0, 0).getTime();
  expect(timeOf("2h", now)).toBe(now - 7_200_000);
  expect(timeOf("today", now)).toBe(local(2026, 11, 1));
  expect(timeOf("yesterday", now)).toBe(local(2026, 10, 30));
  expect(timeOf("09:30", now)).toBe(local(2026, 11, 1, 9, 30));
  expect(timeOf("2026-11-20", now)).toBe(local(2026, 10, 20));
  expect(timeOf("2026-11-20 18:56:32", now)).toBe(local(2026, 10, 20, 18, 56, 32));
  for (const text of ["", "soon", "2026-13-01", "2026-02-31", "2x"]) expect(timeOf(text, now)).toBeUndefined();
});

test("each command has help with an example", async () => {
  for (const name of ["story", "grep", "follow", "stats"]) {
    const { status, output } = await log(name, "--help");
    expect(status).toBe(0);
    expect(output).toContain("Examples:");
  }
});
