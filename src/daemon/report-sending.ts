/**
 * Sends the reports of days that are over (option SendReports): some time after midnight (UTC), and after a start for what was left.
 * Each goes through the intake as any message of ours. Who has got his report is written down when the message is in the queue:
 *
 *     reports/2026-12-01.sent      "dmarc example.com", one a line; "all" when nothing is left
 *
 * A crash between the two sends one report twice, which its id tells.
 */
import { join } from "node:path";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Destination } from "../authentication/reports/destinations.ts";
import type { OutgoingReport } from "../authentication/reports/outgoing.ts";
import type { Config } from "../config/config.ts";
import { queueFolder } from "../config/queue-folder.ts";
import type { Recipient } from "../envelope/recipient.ts";
import type { Log } from "../log/log.ts";
import { replyText } from "../mail/reply.ts";
import type { Intake } from "../reception/intake.ts";
import { Transaction } from "../reception/transaction.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import type { Site } from "../site/site.ts";
import type { Clock } from "../sys/clock.ts";
import type { ReportCounts } from "./report-counts.ts";

export interface ReportSendingParts {
  readonly counts: ReportCounts;
  readonly site: () => Site;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1: not all servers send at the same minute. */
  readonly random?: () => number;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
/** After a start. */
const FIRST = 10 * MINUTE;
/** Sent within so much time after midnight, and not at once: clocks differ. */
const SPREAD = 60 * MINUTE;
/** What could not be sent is tried again then. */
const AGAIN = 2 * 60 * MINUTE;
/** Reports of a day: more domains than that are told the next time. */
const MOST = 2_000;
const ALL = "all";
/** What a name in a header field may consist of. */
const HOST = /^[a-z0-9_.-]{1,253}$/i;

export class ReportSending {
  readonly #parts: ReportSendingParts;
  #cancel: (() => void) | undefined;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: ReportSendingParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#wait(FIRST);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#running;
  }

  /** Sends what is due. @returns whether something is left to be sent later */
  async run(): Promise<boolean> {
    const { counts, site } = this.#parts;
    if (!counts.isOn || !site().config.options.flag("SendReports")) return false;
    const release = site().use();
    try {
      const collector = await counts.open();
      await collector.flush();
      let isMore = false;
      for (const day of collector.finished()) if (await this.#sendDay(day, this.#parts.site())) isMore = true;
      return isMore;
    } finally {
      release();
    }
  }

  #wait(time: number): void {
    if (this.#isStopped) return;
    this.#cancel = this.#parts.clock.after(time, () => {
      this.#running = this.#again();
    });
  }

  async #again(): Promise<void> {
    const { clock, log, random = Math.random } = this.#parts;
    let isMore = false;
    try {
      isMore = await this.run();
    } catch (error) {
      isMore = true;
      log.write(1, {
        priority: "err",
        text: `cannot send reports: ${error instanceof Error ? error.message : String(error)}`,
      });
    }
    const midnight = DAY - (clock.now() % DAY);
    this.#wait(isMore ? AGAIN : midnight + 5 * MINUTE + random() * SPREAD);
  }

  async #sendDay(day: string, site: Site): Promise<boolean> {
    const { counts, clock } = this.#parts;
    const path = join(queueFolder(site.config), "reports", `${day}.sent`);
    const done = new Set(existsSync(path) ? readFileSync(path, "utf8").split("\n") : []);
    if (done.has(ALL)) return false;
    const { destinationsOf, reportsOf } = await import("../authentication/reports/outgoing.ts");
    const collector = await counts.open();
    const reporter = { organization: ownDomain(site.config), email: senderOf(site.config) };
    let [left, isMore] = [MOST, false];
    for (const report of reportsOf(collector.countsOf(day), day, reporter)) {
      const name = `${report.kind} ${report.domain}`;
      if (this.#isStopped) return true;
      if (done.has(name) || !HOST.test(report.domain)) continue;
      if (left-- === 0) return true;
      const found = await destinationsOf(report, site.hosts.resolver, clock);
      if (found.kind === "tempfail") {
        this.#tell(`report for ${name}: ${found.reason}`);
        isMore = true;
        continue;
      }
      for (const reason of found.refused) this.#tell(`report for ${name}: ${reason}`);
      if (found.to.length > 0) await this.#send(site, report, found.to);
      appendFileSync(path, `${name}\n`, { mode: 0o600, flush: true });
    }
    if (!isMore) appendFileSync(path, `${ALL}\n`, { mode: 0o600, flush: true });
    return isMore;
  }

  async #send(site: Site, report: OutgoingReport, to: readonly Destination[]): Promise<void> {
    const { pack } = await import("../authentication/reports/report-mail.ts");
    const packed = pack(report);
    for (const { address, most = Infinity } of to) {
      if (packed.length <= most) await this.#sendTo(site, report, packed, address);
      else
        this.#tell(
          `report for ${report.kind} ${report.domain}: ${packed.length} octets are more than ${address} takes`,
        );
    }
  }

  async #sendTo(site: Site, report: OutgoingReport, packed: Buffer, address: string): Promise<void> {
    const { intake, clock, log } = this.#parts;
    const { reportMail } = await import("../authentication/reports/report-mail.ts");
    const { config, rules } = site;
    const from = senderOf(config);
    const scope = config.macros.child([
      ["f", from],
      ["g", from],
      ["_", "localhost"],
      ["r", undefined],
      ["s", "localhost"],
      ["client_name", "localhost"],
      ["client_addr", "127.0.0.1"],
    ]);
    const recipient: Recipient = { given: address, state: "todo", notify: ["NEVER"] };
    const resolution = await rules.resolve(address, scope);
    const transaction = Transaction.ofSession(site, { relay: "localhost" }, scope).message({
      sender: from,
      smtputf8: false,
      isReport: false,
    });
    transaction.recipients.push(
      resolution.kind === "triple" ? { ...recipient, resolved: resolution.triple } : recipient,
    );
    const incoming = await intake.begin(transaction);
    const { id } = incoming;
    await incoming.write(
      reportMail({ report, packed, from, to: address, submitter: ownDomain(config), id, now: clock.now() }),
    );
    const answer = await incoming.finish();
    if (answer.code !== 250) throw new Error(`report for ${report.domain}: ${replyText(answer)}`);
    log.write(5, { priority: "info", id, text: `${report.kind} report for ${report.domain} to ${address}` });
  }

  #tell(text: string): void {
    this.#parts.log.write(9, { priority: "info", text });
  }
}

function ownDomain(config: Config): string {
  return macroValue("j", config.macros.child());
}

function senderOf(config: Config): string {
  return config.options.text("ReportSender") || `postmaster@${ownDomain(config)}`;
}
