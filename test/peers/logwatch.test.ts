/** Our log, read by the script that Debian's logwatch has for sendmail. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import type { Log } from "../../src/log/log.ts";
import { logFrom, logTo, logVerdict } from "../../src/log/mail-log.ts";
import {
  logAuthFailure,
  logEncryption,
  logIdleSession,
  logLogin,
  logLoss,
  logProbing,
  logRejected,
  logTimeout,
} from "../../src/smtpd/session-log.ts";
import type { Conversation } from "../../src/smtpd/conversation.ts";
import { peerFile } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

/** What a site tells logwatch to leave out: docs/log.md. */
const REMOVED = "(sender: |dkim=signed)";

/** Lines as logwatch hands them to the script: without time, host and program. */
function written(write: (log: Log) => void): string[] {
  const lines: string[] = [];
  write({
    enabled: (level) => level <= 9,
    write: (level, { id, text }) => void (level <= 9 && lines.push(id === undefined ? text : `${id}: ${text}`)),
  });
  return lines;
}

const id = "5AKJ3Crx012345";
const envelope = {
  id,
  sender: "joe@x.example",
  messageClass: 0,
  arrived: 0,
  recipients: [{ given: "list@y.example" }],
};
const relay = "mx.x.example [192.0.2.1]";

/** What a server says of a day's mail: messages, attempts, refusals, sessions. */
function traffic(log: Log): void {
  log.write(0, { priority: "info", text: "starting daemon (8.17): SMTP+queueing@00:30:00" });
  const arrived = { size: 331, messageId: "<1@x.example>", relay };
  logFrom(log, { ...arrived, envelope, protocol: "ESMTPSA", daemon: "MTA", tlsVerify: "NO", auth: "PLAIN" });
  logFrom(log, { ...arrived, envelope: { ...envelope, bodyType: "8BITMIME" }, protocol: "ESMTP", daemon: "MTA" });
  logFrom(log, { ...arrived, envelope: { ...envelope, sender: "" }, relay: "localhost" });
  logFrom(log, { ...arrived, envelope: { ...envelope, sender: "joe" }, relay: "joe@localhost" });
  const outcomes = [
    ["relayed", "2.0.0", "Sent (ok: queued as 12)", "mx.z.example. [192.0.2.7]"],
    ["delivered", "2.0.0", "Sent", undefined],
    ["delayed", "4.4.1", "Deferred: Connection refused by z.example.", "z.example."],
    ["delayed", "4.2.0", "Deferred: 451 4.2.0 come back, later", "mx.z.example. [192.0.2.7]"],
    ["failed", "5.1.1", "User unknown", undefined],
    ["failed", "5.1.2", "Host unknown (Name server: z.example: host not found)", "z.example"],
    ["failed", "5.0.0", "Service unavailable", "mx.z.example. [192.0.2.7]"],
    ["failed", "4.4.7", "Cannot send message for 5 days", undefined],
  ] as const;
  const rights = { user: "joe", uid: 1001, gid: 100 };
  for (const [action, status, text, host] of outcomes) {
    for (const recipient of [{ given: "ann@z.example" }, { given: "|/usr/bin/prog", parent: 0, rights }]) {
      const about = {
        envelope,
        recipients: [{ recipient }],
        mailer: "esmtp",
        priority: 30_331,
        started: 1_000,
        now: 2_000,
      };
      logTo(log, {
        ...about,
        status: { action, status, text, ...(host !== undefined && { relay: host, line: "dane=3-1-1" }) },
      });
    }
  }
  for (const why of [
    "DSN: User unknown",
    "DSN: return receipt",
    "sender notify: Connection refused by z.example.",
    "return to sender: User unknown",
    "postmaster notify: User unknown",
  ]) {
    log.write(5, { priority: "info", id, text: `5AKJ3Crx012346: ${why}` });
  }
  const refusals = [
    ["check_relay", "h.example", "550 5.7.1 Access denied"],
    [
      "check_mail",
      "<a@bad.example>",
      "553 5.1.8 <a@bad.example>... Domain of sender address a@bad.example does not exist",
    ],
    ["check_rcpt", "<x@far.example>", "550 5.7.1 <x@far.example>... Relaying denied"],
    ["check_rcpt", "<x@y.example>", "550 5.1.1 <x@y.example>... User unknown"],
    ["CheckSubject", "hello", "553 5.0.0 not this"],
    ["check_eom", "331", "550 5.7.1 no"],
  ] as const;
  for (const [ruleset, arg1, reply] of refusals)
    logVerdict(log, { id, ruleset, arg1, relay, outcome: `reject=${reply}` });
  for (const text of ["sender: spf=pass, dkim=none, relay=h", "dkim=signed, d=x.example, s=2026"]) {
    log.write(9, { priority: "info", id, text });
  }
  const session = { relay, port: { name: "MTA" }, services: { log }, transaction: {} } as unknown as Conversation;
  logEncryption(session, {
    version: "TLSv1.3", verify: "NO", cipher: "TLS_AES_256_GCM_SHA384", cipherBits: 256, algorithmBits: 256, verifyMessage: "ok",
  } as unknown as Parameters<typeof logEncryption>[1]); // prettier-ignore
  logLogin(session, "joe", "PLAIN");
  logAuthFailure(session, "PLAIN", "joe", "wrong name or password");
  logIdleSession(session);
  logProbing(session, "VRFY", 4);
  logRejected(session, "VRFY", "joe");
  logTimeout(session, "server cmd read");
  logLoss(session, "RCPT", "connection closed");
  log.write(4, { priority: "info", id, text: "Milter: data, reject=550 5.7.1 no" });
  log.write(4, { priority: "info", id, text: "discarded" });
  log.write(9, { priority: "info", id, text: "Milter (f1): to error state" });
  log.write(1, { priority: "info", text: "stopping daemon, reason=signal" });
}

function logwatch(lines: readonly string[]): string {
  const home = peerFile("/usr/share/logwatch")!;
  const perl = (script: string, words: readonly string[], input: string) => {
    const env = { PATH: process.env["PATH"], LOGWATCH_DETAIL_LEVEL: "10", LOGWATCH_DATE_RANGE: "all" };
    const all = ["-I", join(home, "lib"), join(home, "scripts", script), ...words];
    return spawnSync("perl", all, { input, encoding: "latin1", env }).stdout;
  };
  const kept = perl("shared/remove", [REMOVED], `${lines.join("\n")}\n`);
  return perl("services/sendmail", [], kept);
}

peerDescribe("logwatch", ["logwatch"], () => {
  test("knows every line of usual traffic, and counts what we counted", () => {
    const report = logwatch(written(traffic));
    expect(report).not.toContain("Unmatched Entries");
    expect(report).toMatch(/Messages To Recipients: +4\n/);
    expect(report).toMatch(/Bytes Transferred: +1324\n/);
    expect(report).toContain("User unknown");
    expect(report).toContain("Relaying denied");
  });

  test("shows a line that it does not know, so that the test above can fail", () => {
    expect(logwatch([...written(traffic), "words of nobody"])).toMatch(/Unmatched Entries\S*\n +words of nobody/);
  });
});
