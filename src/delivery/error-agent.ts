/**
 * The mailer that only says no: `$#error $@ 5.1.1 $: "550 User unknown"`. The host part is a status code or the name of
 * an exit code, the user part the text of the reply.
 */
import { EX } from "../sys/sysexits.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import type { Clock } from "../sys/clock.ts";
import type { Agent, Job, JobRecipient, Report } from "./agent.ts";
import { deferred, failed, fromExit, type Outcome } from "./outcome.ts";

/** Exit codes by the names that rules use (manual §5.2). */
const NAMES: ReadonlyMap<string, number> = new Map([
  ["usage", EX.USAGE],
  ["nouser", EX.NOUSER],
  ["nohost", EX.NOHOST],
  ["unavailable", EX.UNAVAILABLE],
  ["software", EX.SOFTWARE],
  ["tempfail", EX.TEMPFAIL],
  ["protocol", EX.PROTOCOL],
  ["config", EX.CONFIG],
]);

export class ErrorAgent implements Agent {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  deliver(job: Job): Promise<Report> {
    const at = this.#clock.now();
    const statuses = new Map<number, RecipientStatus>();
    for (const each of job.recipients) statuses.set(each.index, { ...outcomeOf(each), at });
    return Promise.resolve({ statuses });
  }
}

function outcomeOf({ triple: { host, user } }: JobRecipient): Outcome {
  const text = user.replace(/^"(.*)"$/s, "$1");
  const parts = /^(?:([45]\d\d)[ -]*)?(?:([45]\.\d{1,3}\.\d{1,3})[ ]+)?(.*)$/s.exec(text);
  const [, code, enhanced, words = ""] = parts ?? [];
  const status = enhanced ?? /^[45]\.\d{1,3}\.\d{1,3}$/.exec(host)?.[0];
  const exit = NAMES.get(host.toLowerCase()) ?? (/^\d{1,3}$/.test(host) ? Number(host) : undefined);
  const diagnostic = code === undefined ? {} : { diagnostic: { type: "smtp", text } };
  if (status === undefined && code === undefined && exit !== undefined) {
    const outcome = fromExit(exit, diagnostic);
    return words === "" ? outcome : { ...outcome, text: outcome.action === "delayed" ? `Deferred: ${words}` : words };
  }
  const temporary = code === undefined ? (status?.startsWith("4") ?? false) : code.startsWith("4");
  if (temporary) return deferred(status?.startsWith("4") ? status : "4.0.0", words, diagnostic);
  const fallback = exit === undefined ? "5.0.0" : fromExit(exit).status;
  return failed(status ?? (fallback.startsWith("5") ? fallback : "5.0.0"), words || "Service unavailable", diagnostic);
}
