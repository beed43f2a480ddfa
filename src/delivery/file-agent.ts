/**
 * The mailer *file*: appends messages to named files, as aliases and `.forward` files ask for with `/path/file`.
 *
 * SafeFileEnvironment limits where such files may lie; `/dev/null` is always allowed and takes everything.
 */
import { dontBlameOf } from "../config/policies.ts";
import { isAbsolute, join, normalize } from "node:path";
import type { RecipientStatus } from "../envelope/status.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { Agent, Job, JobRecipient, Report } from "./agent.ts";
import type { FileArgument } from "../mailbox/file.ts";
import type { DeliveryEnvironment } from "./environment.ts";
import { jobMacros } from "./job-macros.ts";
import { inputOf, macrosFor } from "./local-agent.ts";
import { type WrittenMessage, writeMessage } from "./message-writer.ts";
import { deferred, failed, type Outcome, reportForAll, sent, withoutAccidents } from "./outcome.ts";
import { rightsFor } from "./rights.ts";
import { fromTask } from "./task-outcome.ts";

export class FileAgent implements Agent {
  readonly #environment: DeliveryEnvironment;

  constructor(environment: DeliveryEnvironment) {
    this.#environment = environment;
  }

  async deliver(job: Job): Promise<Report> {
    const { config, clock } = this.#environment;
    const all = (outcome: Outcome) => reportForAll(job, outcome, clock.now());
    const macros = await jobMacros(job);
    if (macros.kind === "tempfail") return all(deferred("4.4.3", macros.reason));
    const written = await writeMessage(config, job, macros.scope, { blankEnd: true });
    if (written.kind === "tempfail") return all(deferred("4.4.3", written.reason));
    const statuses = new Map<number, RecipientStatus>();
    for (const recipient of job.recipients) {
      const outcome = job.signal.aborted
        ? deferred("4.3.2", "delivery interrupted")
        : await withoutAccidents(() => this.#append(job, recipient, macros.scope, written.message));
      statuses.set(recipient.index, { ...outcome, at: clock.now() });
    }
    return { statuses };
  }

  async #append(job: Job, recipient: JobRecipient, jobScope: MacroScope, message: WrittenMessage): Promise<Outcome> {
    const { config, users, workers } = this.#environment;
    const scope = jobScope.child(macrosFor(recipient, undefined));
    const named = job.mailer.argv.length > 1 ? config.expand(job.mailer.argv[1], scope) : recipient.triple.user;
    if (!isAbsolute(named) || named.includes("\0"))
      return failed("5.3.0", "Can't create output (no absolute file name)");
    const path = normalize(named);
    if (path === "/dev/null") return sent("delivered", "");
    const blame = new Set([...dontBlameOf(config.options)].map((name) => name.toLowerCase()));
    const argument: FileArgument = {
      path: inside(config.options.text("SafeFileEnvironment"), path),
      allowSymLink: blame.has("filedeliverytosymlink"),
      allowHardLink: blame.has("filedeliverytohardlink"),
      mode: config.options.number("TempFileMode"),
    };
    const rights = await rightsFor({ config, users, mailer: job.mailer, recipient });
    return fromTask(await workers.run(rights, "file", argument, inputOf(message), job.signal));
  }
}

/** A name outside the safe folder is read as if that folder were the root. */
function inside(safeFolder: string, path: string): string {
  if (safeFolder === "" || safeFolder === "/") return path;
  const folder = normalize(safeFolder).replace(/\/+$/, "");
  return path === folder || path.startsWith(`${folder}/`) ? path : join(folder, path);
}
