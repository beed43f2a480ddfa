/**
 * What this server counts for reports about DMARC and TLS (authentication/reports/collector.ts): as the configuration in force wants
 * it, loaded with the first message or session that is to be counted.
 */
import { join } from "node:path";
import type { SenderEvidence } from "../authentication/evidence.ts";
import type { ReportCollector } from "../authentication/reports/collector.ts";
import type { TlsEventSink, TlsSessionEvent } from "../authentication/reports/tls-events.ts";
import type { Config } from "../config/config.ts";
import { countsDmarc, countsTls } from "../config/counted-reports.ts";
import { queueFolder } from "../config/queue-folder.ts";
import type { Log } from "../log/log.ts";
import type { Clock } from "../sys/clock.ts";

const FOLDER = "reports";

export class ReportCounts implements TlsEventSink {
  readonly #clock: Clock;
  readonly #log: Log;
  #folder = "";
  #mostRows = 0;
  #isDmarc = false;
  #isTls = false;
  #collector: Promise<ReportCollector> | undefined;
  #closing: Promise<void> = Promise.resolve();

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** The configuration that is in force from now on. */
  async use(config: Config): Promise<void> {
    const queue = queueFolder(config);
    this.#isDmarc = queue !== "" && countsDmarc(config);
    this.#isTls = queue !== "" && countsTls(config);
    const [folder, mostRows] = [join(queue, FOLDER), config.options.number("ReportRows")];
    if (folder === this.#folder && mostRows === this.#mostRows) return;
    [this.#folder, this.#mostRows] = [folder, mostRows];
    await this.close();
  }

  /** Whether something is counted. */
  get isOn(): boolean {
    return this.#isDmarc || this.#isTls;
  }

  /** For the judges of senders. */
  dmarc(evidence: SenderEvidence, at: Date): void {
    if (this.#isDmarc) void this.#told((collector) => collector.dmarc(evidence, at));
  }

  /** For deliveries. */
  tls(event: TlsSessionEvent): void {
    if (this.#isTls) void this.#told((collector) => collector.tls(event));
  }

  /** Those of now, for who sends reports. */
  open(): Promise<ReportCollector> {
    // The one before may be writing the file that this one reads.
    return (this.#collector ??= this.#closing
      .then(() => import("../authentication/reports/collector.ts"))
      .then(
        ({ ReportCollector: Collector }) =>
          new Collector({
            folder: this.#folder,
            clock: this.#clock,
            mostRows: this.#mostRows,
            report: (text) => this.#log.write(3, { priority: "warning", text }),
          }),
      ));
  }

  /** Writes what is not yet on disk. */
  async close(): Promise<void> {
    const collector = this.#collector;
    this.#collector = undefined;
    this.#closing = this.#closing.then(async () => (await collector)?.flush());
    await this.#closing;
  }

  async #told(count: (collector: ReportCollector) => void): Promise<void> {
    count(await this.open());
  }
}
