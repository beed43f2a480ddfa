/** What SMTP sessions ask of the rest of the server, put together: in the main thread, or in the one that sessions have for themselves. */
import { loadavg } from "node:os";
import { ownName } from "../dns/own-name.ts";
import type { Log } from "../log/log.ts";
import { openFilter } from "../milter/open-filter.ts";
import type { Intake } from "../reception/intake.ts";
import type { JudgeTable } from "../reception/judges.ts";
import { filtersFor } from "../reception/session-filters.ts";
import { listServices } from "../routing/list-members.ts";
import type { UserFiles } from "../routing/user-files.ts";
import type { Site } from "../site/site.ts";
import { ServerTls } from "../smtpd/server-tls.ts";
import type { SmtpServices } from "../smtpd/services.ts";
import type { Clock } from "../sys/clock.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { SealedFiles } from "../sys/sealed-file.ts";
import { identifyClient } from "./client-identity.ts";
import { FreeSpace } from "./free-space.ts";

export interface SessionParts {
  /** The one in force. */
  site(): Site;
  readonly clock: Clock;
  readonly log: Log;
  readonly intake: Intake;
  readonly judges: JudgeTable;
  /** Milliseconds of `-q30m`; undefined without. */
  readonly queueInterval: number | undefined;
  /** Reads files that only root may read; undefined: there is no way to. */
  readonly readByRoot: ((paths: readonly string[]) => Promise<SealedFiles>) | undefined;
  /** Files of users, for EXPN. */
  files(): UserFiles;
  /** ETRN: how many messages wait. */
  startQueueRun(asked: string): MaybePromise<number>;
}

export function sessionServices(parts: SessionParts): SmtpServices {
  const { clock, log, intake, judges, queueInterval, readByRoot } = parts;
  const space = new FreeSpace(clock);
  return {
    site: () => parts.site(),
    intake,
    log,
    clock,
    tls: new ServerTls({ clock, log, readByRoot }),
    identify: (of, address) => identifyClient(of.hosts, address),
    ownName: (of, address) => ownName(of.hosts, address),
    judges,
    filters: (of, port) => filtersFor(of, port, openFilter, log),
    ...listServices(clock, () => parts.files()),
    storageProblem: ({ config }) => space.problem(config),
    queueInterval,
    load: () => loadavg()[0],
    startQueueRun: (asked) => parts.startQueueRun(asked),
  };
}
