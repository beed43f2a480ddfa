/** A server of the configuration test/golden/command-line/site.mc. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goldenFolder, makeSite } from "./command-line-site.ts";
import type { DnsServer } from "./dns-server.ts";
import { MailServer } from "./mail-server.ts";

/**
 * @param settings m4 definitions beside those of the folder
 * @param home a folder that was used before
 */
export function startSite(
  dns: DnsServer,
  settings: Readonly<Record<string, string>> = {},
  home?: string,
): Promise<MailServer> {
  const folder = home ?? mkdtempSync(join(tmpdir(), "site-"));
  const owner = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  if (home === undefined) makeSite(folder, owner);
  const definitions = Object.entries({
    ...settings,
    SITE_FOLDER: folder,
    SITE_USER: owner,
    SITE_PORT: "0",
    SITE_MAILBOXES: `passwd:${folder}/passwd`,
  }).map(([name, value]) => `define(\`${name}', \`${value}')dnl\n`);
  const wholeMc = definitions.join("") + readFileSync(join(goldenFolder, "site.mc"), "latin1");
  return MailServer.start({ home: folder, wholeMc, machine: dns.machine() });
}
