/**
 * Recipients of one message → jobs: those that share mailer, host and rights travel in one transaction, as far as the
 * mailer takes several at once (F=m) and no more than it wants (r=).
 */
import type { Config } from "../config/config.ts";
import type { Mailer } from "../config/mailer.ts";
import type { Recipient, Triple } from "../envelope/recipient.ts";
import type { JobRecipient } from "./agent.ts";
import { isForwarded } from "./forwarded.ts";

/** Recipients in one transaction when the mailer's r= says nothing (manual §5.4). */
const DEFAULT_RECIPIENTS = 100;

/** Recipients that can share a transaction. */
export interface JobGroup {
  readonly mailer: Mailer;
  readonly host: string;
  readonly recipients: readonly JobRecipient[];
}

interface OpenGroup extends JobGroup {
  readonly recipients: JobRecipient[];
  readonly key: string;
}

/**
 * The groups of a message, in the order of their first recipients. Who comes while a group still waits joins it: a list that
 * is read in portions leads to no more transactions than one that is there at once. A mailer that no longer exists becomes
 * the error mailer.
 */
export class JobLine {
  readonly #config: Pick<Config, "mailers" | "marksForwarded">;
  /** Recipients that go alone stand for themselves. */
  #line: (OpenGroup | JobRecipient)[] = [];
  #head = 0;
  /** Groups that wait and have room. */
  readonly #open = new Map<string, OpenGroup>();

  constructor(config: Pick<Config, "mailers" | "marksForwarded">) {
    this.#config = config;
  }

  add(given: JobRecipient): void {
    const { mailer, each } = this.#withMailer(given);
    const limit = mailer.flags.has("m") ? mailer.maxRecipients || DEFAULT_RECIPIENTS : 1;
    if (limit === 1) {
      this.#line.push(given);
      return;
    }
    const common = groupKey(mailer, each.triple, each.recipient);
    // The sender of forwarded mail is another one then.
    const key = this.#config.marksForwarded === true && isForwarded(each) ? `${common}\0forwarded` : common;
    const open = this.#open.get(key);
    if (open === undefined) {
      const group: OpenGroup = { mailer, host: each.triple.host, recipients: [each], key };
      this.#line.push(group);
      this.#open.set(key, group);
      return;
    }
    open.recipients.push(each);
    if (open.recipients.length === limit) this.#open.delete(key);
  }

  get isEmpty(): boolean {
    return this.#head === this.#line.length;
  }

  /** The group that waits longest; undefined when none does. */
  take(): JobGroup | undefined {
    const next = this.#line[this.#head];
    if (next === undefined) return undefined;
    this.#head++;
    if (this.#head > 1000 && this.#head * 2 > this.#line.length) {
      this.#line = this.#line.slice(this.#head);
      this.#head = 0;
    }
    if ("recipients" in next) {
      if (this.#open.get(next.key) === next) this.#open.delete(next.key);
      return next;
    }
    const { mailer, each } = this.#withMailer(next);
    return { mailer, host: each.triple.host, recipients: [each] };
  }

  #withMailer(given: JobRecipient): { mailer: Mailer; each: JobRecipient } {
    const mailer = mailerOf(this.#config, given.triple) ?? builtIn("error");
    return { mailer, each: mailer.name === "error" ? withReason(given) : given };
  }
}

/** Host names are compared without regard to letter case; rights keep jobs of different users apart. */
function groupKey(mailer: Mailer, triple: Triple, { rights, owner }: Recipient): string {
  const who = rights === undefined ? "" : `${rights.uid}:${rights.gid}:${rights.user}`;
  // The error mailer's host is its status code and its user the text: different texts are different outcomes anyway.
  return `${mailer.name}\0${triple.host.toLowerCase()}\0${who}\0${owner ?? ""}`;
}

function mailerOf(config: Pick<Config, "mailers">, triple: Triple): Mailer | undefined {
  const name = triple.mailer.toLowerCase();
  if (name === "error" || name === "discard") return builtIn(name);
  return config.mailers.get(triple.mailer) ?? config.mailers.get(name);
}

/** The mailer went away with a change of the configuration: the administrator can still mend that, so wait. */
function withReason(each: JobRecipient): JobRecipient {
  const { mailer } = each.triple;
  if (mailer.toLowerCase() === "error") return each;
  return { ...each, triple: { mailer: "error", host: "4.3.5", user: `451 mailer ${mailer} is not defined` } };
}

const builtIns = new Map<string, Mailer>();

/** Mailers that every configuration has and no M line describes. */
function builtIn(name: "error" | "discard"): Mailer {
  let mailer = builtIns.get(name);
  if (mailer === undefined) {
    mailer = {
      name,
      number: -1,
      path: `[${name.toUpperCase()}]`,
      flags: new Set("m"),
      argv: [],
      sender: { envelope: 0, header: 0 },
      recipient: { envelope: 0, header: 0 },
      eol: "\n",
      maxSize: 0,
      maxMessages: 0,
      maxRecipients: 0,
      lineLimit: 0,
      nice: 0,
      types: { mta: "dns", address: "rfc822", diagnostic: "smtp" },
      wait: 0,
    };
    builtIns.set(name, mailer);
  }
  return mailer;
}
