/**
 * An SMTP port of a whole configuration, in this process: its rules, aliases, users and options; messages are taken and
 * forgotten. For tests of what clients are told.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileMc } from "../../src/mc/compile.ts";
import { silentLog } from "../../src/log/log.ts";
import { reply } from "../../src/mail/reply.ts";
import type { UserFiles } from "../../src/routing/user-files.ts";
import { listServices } from "../../src/routing/list-members.ts";
import { openSite } from "../../src/site/open-site.ts";
import type { Site } from "../../src/site/site.ts";
import { openSmtpServer, type SmtpListener } from "../../src/smtpd/server.ts";
import type { SmtpServices } from "../../src/smtpd/services.ts";
import { type Clock, systemClock } from "../../src/sys/clock.ts";
import { configEnvironment } from "./config-environment.ts";
import { fakeServices } from "./fake-smtp-services.ts";

export interface SiteServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Nobody has a .forward file, and there are no lists. */
const noFiles: UserFiles = {
  read: () => Promise.resolve({ kind: "missing" }),
  readPart: () => Promise.resolve({ kind: "missing" }),
};

export interface SiteServerOptions {
  readonly definitions?: readonly (readonly [name: string, value: string])[];
  readonly services?: Partial<SmtpServices>;
  /** The site's: when its tables are looked at again. */
  readonly clock?: Clock;
}

/**
 * @param mc a file of m4
 * @throws when the configuration has errors
 */
export async function startSiteServer(mc: string, options: SiteServerOptions = {}): Promise<SiteServer> {
  const site = await openMcSite(mc, options);
  const fake = fakeServices();
  const services: SmtpServices = {
    ...fake,
    ...listServices(systemClock, () => noFiles),
    intake: {
      begin: () => ({
        id: "",
        write: () => undefined,
        finish: () => Promise.resolve(reply(250, "2.0.0", "ID Message accepted for delivery")),
        abort: () => undefined,
      }),
    },
    startQueueRun: () => 1,
    ...options.services,
    site: () => site,
  };
  const listener: SmtpListener = await openSmtpServer(site.config.daemonPorts[0], services);
  return {
    port: listener.boundPort,
    close: async () => {
      await listener.close(1);
      await site.close();
    },
  };
}

async function openMcSite(mc: string, { definitions = [], clock = systemClock }: SiteServerOptions): Promise<Site> {
  const { text, complete, diagnostics } = compileMc({ file: mc }, { defines: Object.fromEntries(definitions) });
  if (!complete) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const folder = mkdtempSync(join(tmpdir(), "site-server-"));
  try {
    const file = join(folder, "site.cf");
    writeFileSync(file, text, "latin1");
    const { machine, resolver } = configEnvironment;
    const surroundings = { machine, resolver, clock, log: silentLog };
    const opened = await openSite({ file, settings: [], opMode: "d" }, surroundings, () => ({
      close: () => undefined,
    }));
    if (opened.kind === "failed" || opened.exit !== 0) throw new Error(opened.messages.join("\n"));
    return opened.site;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
