/**
 * Final delivery by this program itself: `P=[LOCAL], A=LOCAL maildir:/var/mail/$u/` (or `mbox:`, `mmdf:`, `mh:`). After
 * `LOCAL` may stand `-b`: who is over quota has the message returned (5.2.2), as with mail.local; else it waits (4.2.2).
 *
 * Macros in the A= line: $u the user, $h the detail after `+` if the rules put it there, $z the user's home folder.
 * Each recipient's mailbox is written with that user's rights.
 */
import { isAbsolute, normalize } from "node:path";
import type { Mailer } from "../config/mailer.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { MACRO } from "../rewriting/tokens.ts";
import type { TaskInput } from "../rights/task.ts";
import type { User } from "../sys/users.ts";
import type { Agent, Job, JobRecipient, Report } from "./agent.ts";
import type { DeliveryEnvironment } from "./environment.ts";
import { jobMacros } from "./job-macros.ts";
import { writeMessage, type WriterOptions, type WrittenMessage } from "./message-writer.ts";
import type { MailboxArgument } from "../mailbox/mailbox-task.ts";
import { deferred, failed, type Outcome, reportForAll, withoutAccidents } from "./outcome.ts";
import { findUser, rightsFor } from "./rights.ts";
import { Gate } from "../sys/gate.ts";
import { MailboxLines } from "./mailbox-lines.ts";
import { fromTask } from "./task-outcome.ts";

/** `$z` as the configuration keeps it. */
const HOME = `${MACRO}z`;

type StoreKind = "maildir" | "mbox" | "mmdf" | "mh";

interface Store {
  readonly kind: StoreKind;
  readonly path: string;
  readonly isQuotaFinal: boolean;
}

/** How each store wants the message. */
const WRITING: Readonly<Record<StoreKind, WriterOptions>> = {
  maildir: { store: "maildir", fromLines: false, escapeFrom: false },
  mbox: { store: "mbox", mbox: true },
  mmdf: { store: "mmdf", mmdf: true },
  mh: { store: "mh", fromLines: false, escapeFrom: false },
};

/** Mailboxes asked for at once: so many that those of one user go together. The pool gives users their turns. */
const CONCURRENT = 64;
/** Who waits longer than this, for a lock or a slow disk, does so beside the others; ms, and how many. */
const PATIENCE = 2_000;
const MOST_WAITING = 500;

export class LocalAgent implements Agent {
  readonly #environment: DeliveryEnvironment;
  readonly #slots = new Gate(CONCURRENT);
  readonly #lines: MailboxLines;

  constructor(environment: DeliveryEnvironment) {
    this.#environment = environment;
    this.#lines = new MailboxLines(environment.clock);
  }

  async deliver(job: Job): Promise<Report> {
    const { clock } = this.#environment;
    const macros = await jobMacros(job);
    if (macros.kind === "tempfail") return reportForAll(job, deferred("4.4.3", macros.reason), clock.now());
    const statuses = new Map<number, RecipientStatus>();
    const written = new Map<StoreKind, WrittenMessage>();
    for (const recipient of job.recipients) {
      const outcome = job.signal.aborted
        ? deferred("4.3.2", "delivery interrupted")
        : await withoutAccidents(() => this.#deliverTo(job, recipient, macros.scope, written));
      statuses.set(recipient.index, { ...outcome, at: clock.now() });
    }
    return { statuses };
  }

  async #deliverTo(
    job: Job,
    recipient: JobRecipient,
    jobScope: MacroScope,
    written: Map<StoreKind, WrittenMessage>,
  ): Promise<Outcome> {
    const { config, users, workers, clock } = this.#environment;
    const { user: name, host } = recipient.triple;
    if (!isSafeName(name) || (host !== "" && !isSafeName(host))) return failed("5.1.1", "User unknown");
    const owner = await findUser(users, name);
    if (owner === undefined && job.mailer.flags.has("w")) return failed("5.1.1", "User unknown");
    const scope = jobScope.child(macrosFor(recipient, owner));
    const store = storeOf(job.mailer, (text) => config.expand(text, scope));
    if ("action" in store) return store;
    let message = written.get(store.kind);
    if (message === undefined) {
      const result = await writeMessage(config, job, jobScope, WRITING[store.kind]);
      if (result.kind === "tempfail") return deferred("4.4.3", result.reason);
      written.set(store.kind, (message = result.message));
    }
    const rights = await rightsFor({
      config,
      users,
      mailer: job.mailer,
      recipient,
      ...(owner === undefined ? {} : { owner }),
    });
    const { kind, path } = store;
    const input = inputOf(message);
    const isHome = job.mailer.argv.some((text) => text.includes(HOME));
    const argument: MailboxArgument = {
      path,
      owner: owner?.uid === rights.uid ? owner.uid : -1,
      isHome,
      isQuotaFinal: store.isQuotaFinal,
    };
    const patience = { clock, ms: PATIENCE, most: MOST_WAITING };
    const write = () => workers.run(rights, kind, argument, input, job.signal);
    const inTurn = () => this.#slots.run(write, patience);
    const result = await this.#lines.run(path, inTurn, ({ kind: outcome }) => outcome === "done");
    if (result === undefined)
      return deferred("4.2.0", `${path}: nothing can be written to it now, and others wait for it`);
    return fromTask(result, "local");
  }
}

/** The octets of a message for a task. */
export function inputOf(message: WrittenMessage): TaskInput {
  return message.octets ?? (() => message.stream());
}

export function macrosFor({ triple }: JobRecipient, owner: User | undefined): [string, string | undefined][] {
  const macros: [string, string | undefined][] = [
    ["u", triple.user],
    ["h", triple.host],
    ["rcpt_addr", triple.user],
  ];
  if (owner !== undefined) macros.push(["z", owner.home]);
  return macros;
}

/** A name that becomes part of a path must stay one step of it. */
function isSafeName(name: string): boolean {
  return name !== "" && !/[/\0\r\n]/.test(name) && name !== "." && name !== "..";
}

/** `maildir:/path`, `mbox:/path`, `mh:/path`; without a word before it a path ending in "/" is a Maildir. */
export function storeOf({ name, argv }: Mailer, expand: (text: string) => string): Store | Outcome {
  const isQuotaFinal = argv[1] === "-b";
  const place = isQuotaFinal ? 2 : 1;
  const spec = argv.length > place ? expand(argv[place]) : "";
  const parts = /^(?:(maildir|mbox|mmdf|mh):)?(.+)$/s.exec(spec);
  const path = parts?.[2] ?? "";
  if (!isAbsolute(path)) {
    return deferred("4.3.5", `Local configuration error (mailer ${name}: A= names no mailbox: "${spec}")`);
  }
  const kind = (parts?.[1] as StoreKind | undefined) ?? (path.endsWith("/") ? "maildir" : "mbox");
  return { kind, path: normalize(path).replace(/(?<=.)\/+$/, ""), isQuotaFinal };
}
