/**
 * Every verb in every state, and what settings make of it: the dialogues of test/golden/smtp/cases.ts, with what genuine
 * sendmail 8.17 said (recorded.jsonl).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { cases, type Site, sites } from "../golden/smtp/cases.ts";
import { expected } from "../golden/smtp/differences.ts";
import { holdDialogue } from "../support/dialogues.ts";
import { type SiteServer, startSiteServer } from "../support/site-server.ts";
import { makeSmtpSite, readSmtpRecorded, smtpGolden, smtpSiteDefinitions } from "../support/smtp-golden-site.ts";

const recorded = readSmtpRecorded();
const folder = mkdtempSync(join(tmpdir(), "dialogues-"));
const names = Object.keys(sites) as Site[];
const servers = new Map<Site, SiteServer>();

beforeAll(async () => {
  makeSmtpSite(folder);
  for (const name of names) {
    const definitions = [
      ...smtpSiteDefinitions(name, folder, 0),
      ["SITE_MAILBOXES", `passwd:${join(folder, "passwd")}`] as const,
    ];
    servers.set(name, await startSiteServer(join(smtpGolden, "site.mc"), { definitions }));
  }
});

afterAll(async () => {
  for (const server of servers.values()) await server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(names)("site %s", (site) => {
  const ours = cases.filter((each) => each.site === site);
  test.each(ours.map((dialogue) => [dialogue.name, dialogue] as const))("%s", async (name, dialogue) => {
    const said = await holdDialogue(dialogue, servers.get(site)!.port);
    expect(said).toEqual(expected(dialogue, recorded.get(name)!));
  });
});
