/** The machine of test/golden/smtp: its folder, its m4 definitions, and what genuine sendmail said there. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Site, sites } from "../golden/smtp/cases.ts";
import type { Held } from "./dialogues.ts";

export const smtpGolden = join(import.meta.dirname, "..", "golden", "smtp");

export const ACCOUNTS = "joe:x:1000:1000:Joe Public:/:/bin/sh\nann:x:1001:1001:Ann &:/:/bin/sh\n";

/** Everything but the configuration files. */
export function makeSmtpSite(folder: string): void {
  mkdirSync(join(folder, "queue"), { recursive: true, mode: 0o700 });
  for (const name of ["helpfile", "helpfile.old", "aliases"]) copyFileSync(join(smtpGolden, name), join(folder, name));
  writeFileSync(join(folder, "passwd"), ACCOUNTS, { mode: 0o644 });
}

/** m4 definitions for site.mc. */
export function smtpSiteDefinitions(site: Site, folder: string, port: number): readonly (readonly [string, string])[] {
  const own: Readonly<Record<string, string>> = sites[site];
  return Object.entries({
    SITE_HELP: "helpfile",
    ...own,
    SITE_NAME: site.replace(" ", "-"),
    SITE_FOLDER: folder,
    SITE_PORT: String(port),
  });
}

/** What genuine sendmail said, by the names of the dialogues. */
export function readSmtpRecorded(): ReadonlyMap<string, readonly string[]> {
  const lines = readFileSync(join(smtpGolden, "recorded.jsonl"), "utf8").trimEnd().split("\n");
  return new Map(lines.map((line) => JSON.parse(line) as Held).map(({ name, said }) => [name, said]));
}
